"""`make run`: prepare the instance, then gunicorn and one mail sender until Ctrl-C ends both."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
sys.path.insert(0, str(ROOT))

from webapp import create_app  # noqa: E402
from webapp.config import Settings  # noqa: E402
from webapp.demo import fill_if_empty  # noqa: E402
from webapp.ops import install  # noqa: E402


def main() -> int:
    app = create_app()
    if app.extensions["faults"]:
        sys.exit("\n".join(f"Error: {fault}" for fault in app.extensions["faults"]))
    settings: Settings = app.extensions["settings"]
    _refuse_taken(settings.port)
    with app.app_context():
        install(settings)
        with (settings.instance / "init.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # another one may be filling it
            fill_if_empty()
    _refuse_taken(settings.port)
    environ = {"ACCESS_LOG": "off", **os.environ}  # a line for each request would bury what stands below
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    children: list[subprocess.Popen[bytes]] = []
    try:
        children.append(subprocess.Popen([BIN / "gunicorn", "--log-level", "warning", "wsgi:app"], cwd=ROOT, env=environ))
        _wait_until_served(children[0], settings.port)
        children.append(subprocess.Popen([BIN / "flask", "mail", "send", "--loop"], cwd=ROOT))
        port = f"PORT={settings.port} " if "PORT" in os.environ else ""
        print(f"\nCommands, in a second terminal:  cd {ROOT} && . .venv/bin/activate && {port}flask --help")
        print(f"Mail goes to {settings.instance / 'outbox'}" if settings.mail_server is None else "Mail goes to MAIL_URL")
        print(f"{settings.site_name} is at {settings.site_url}   (Ctrl-C ends it)", flush=True)
        while all(child.poll() is None for child in children):
            time.sleep(0.5)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait(timeout=40)


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            sys.exit(f"Error: port {port} is taken. Try: PORT={port + 1} make run")


def _wait_until_served(server: subprocess.Popen[bytes], port: int) -> None:
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        if server.poll() is not None:
            sys.exit("Error: gunicorn ended; its reason stands above.")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/headlines", timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    sys.exit("Error: the page was not served within a minute.")


if __name__ == "__main__":
    sys.exit(main())
