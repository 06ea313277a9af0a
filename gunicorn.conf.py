"""gunicorn's settings; read by itself from the folder it is started in."""

import os
import shutil
import sys
import tempfile
from typing import Any

# Before anything imports prometheus_client: where the workers leave their figures for each other. A reload keeps the folder.
_figures = os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", "") or tempfile.mkdtemp(prefix="daily-draw-figures-")
os.environ["PROMETHEUS_MULTIPROC_DIR"] = _figures

# A reload (HUP) runs this file again, in a process that has the kernel imported: new workers would get that old half of the code.
for _name in [name for name in sys.modules if name.partition(".")[0] == "webapp"]:
    del sys.modules[_name]

from webapp.config import read_settings  # noqa: E402

_settings, _faults = read_settings()

bind = f"127.0.0.1:{_settings.port}"
workers = _settings.workers
# Measured on two cores, busy with other work, wrk on one and gunicorn on the other, 32 connections, medians of three alternating
# rounds: CPU for 1,000 compressed front pages from memory, and for 1,000 registrations.
#     gthread 2 x 4   0.85 s    6.5 s
#     sync 2          0.90 s    7.1 s
#     sync 4          1.00 s    8.8 s
# So gthread costs no more, and it alone keeps connections open (a proxy needs no new one for each request) and reads on while
# somebody is slow: of a sync worker each slow client takes the whole, here a thread. Neither is for the open internet: nginx in
# front takes the slow ones (deploy/nginx.conf). gevent would patch the standard library under psycopg and sqlite3, for no gain behind it.
worker_class = "gthread"
# Measured later, 4, 8 and 16 in each of two workers: 308, 361 and 371 registrations a second, 283, 311 and 329 confirmations, as
# more of them share a wait for the disk; 0.59, 0.63 and 0.68 s of CPU for 1,000 pages. So 8 is the default.
threads = _settings.threads
keepalive = 15
graceful_timeout = 30
# A worker starts anew now and then, so that no leak of any library grows for years; not all at once.
max_requests = 200_000
max_requests_jitter = 50_000
# The heartbeat must not wait for a busy disk.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - memory, not a shared folder for names
accesslog = "-" if _settings.access_log else None
logger_class = "webapp.gunicorn_logs.JsonLog"
# It would offer shutdown and reload to whoever runs the app, in a file under $HOME.
control_socket_disable = True


def on_starting(_server: Any) -> None:
    """Refuse to start rather than start unsafe."""
    if _faults:
        raise SystemExit("\n".join(f"Error: {fault}" for fault in _faults))


def child_exit(_server: Any, worker: Any) -> None:
    """Take a gone worker out of the figures that say how things are now."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)


def on_exit(_server: Any) -> None:
    shutil.rmtree(_figures, ignore_errors=True)
