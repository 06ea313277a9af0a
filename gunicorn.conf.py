"""gunicorn's settings; read by itself from the folder it is started in."""

from typing import Any

from webapp.config import read_settings

_settings, _faults = read_settings()

bind = f"127.0.0.1:{_settings.port}"
workers = _settings.workers
worker_class = "gthread"
threads = 4
keepalive = 15
graceful_timeout = 30
# It would offer shutdown and reload to whoever runs the app, in a file under $HOME.
control_socket_disable = True


def on_starting(_server: Any) -> None:
    """Refuse to start rather than start unsafe."""
    if _faults:
        raise SystemExit("\n".join(f"Error: {fault}" for fault in _faults))
