"""The whole site as its people meet it: gunicorn, the mail sender and a real SMTP server, each its own process or thread."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from webapp.config import ROOT

BIN = Path(sys.executable).parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Inbox:
    """What the SMTP server took in."""

    port: int
    messages: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        return "250 OK"

    def wait_for(self, address: str, *, containing: str, seconds: float = 20) -> str:
        """The text of the first letter to `address` that holds `containing`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for message in list(self.messages):
                part = message.get_body(("plain",))
                text = part.get_content() if part else ""
                if address in str(message["To"]) and containing in text:
                    return str(text)
            time.sleep(0.05)
        raise AssertionError(f"no letter to {address} with {containing!r} among {[str(m['Subject']) for m in self.messages]}")


@contextmanager
def inbox() -> Iterator[Inbox]:
    """A real SMTP server on loopback."""
    box = Inbox(free_port())
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


@dataclass(frozen=True)
class Site:
    """A running site: its address, and its commands."""

    url: str
    instance: Path
    environ: dict[str, str]

    def flask(self, *arguments: str) -> str:
        """Run a command as an admin does; its output. AssertionError unless it succeeds."""
        done = self.attempt(*arguments)
        assert done.returncode == 0, f"flask {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def attempt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(BIN / "flask"), "--app", "wsgi", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.environ, capture_output=True, text=True, check=False, timeout=300)


def environ_of(instance: Path, **more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "INSTANCE_PATH": str(instance), **more}


@contextmanager
def site(instance: Path, **more: str) -> Iterator[Site]:
    """A site in `instance` after `flask init`: gunicorn with two workers, and the mail sender."""
    here = installed_site(instance, **more)
    children = [
        subprocess.Popen([str(BIN / "gunicorn"), "--log-level", "warning", "wsgi:app"], cwd=ROOT, env=here.environ),
        subprocess.Popen([str(BIN / "flask"), "--app", "wsgi", "mail", "send", "--loop"], cwd=ROOT, env=here.environ),
    ]
    try:
        wait_until_served(here.url)
        yield here
    finally:
        for child in children:
            child.send_signal(signal.SIGTERM)
        assert [child.wait(timeout=40) for child in children] == [0, 0]


def web(here: Site, log: Path | None = None, checkout: Path = ROOT) -> subprocess.Popen[bytes]:
    """gunicorn alone, in a process group of its own, serving `checkout`. `log`: a file for all that it has to say."""
    if log is None:
        command = [str(BIN / "gunicorn"), "--log-level", "critical", "wsgi:app"]
        process = subprocess.Popen(command, cwd=checkout, env=here.environ, start_new_session=True)
    else:
        with log.open("ab") as file:
            command = [str(BIN / "gunicorn"), "wsgi:app"]
            process = subprocess.Popen(command, cwd=checkout, env=here.environ, start_new_session=True, stdout=file, stderr=file)
    wait_until_served(here.url)
    return process


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """As a power cut ends it: the process and all its children at once, none of them asked."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def installed_site(instance: Path, **more: str) -> Site:
    """A site in `instance` after `flask init`, of which nothing runs yet."""
    port = free_port()
    here = Site(f"http://127.0.0.1:{port}", instance, environ_of(instance, PORT=str(port), **more))
    here.flask("init")
    return here


def wait_until_served(url: str) -> None:
    for _ in range(200):
        try:
            with urllib.request.urlopen(url + "/headlines", timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"nothing served at {url}")


def link_in(text: str, path: str) -> str:
    """The first address in a letter whose path begins with `path`."""
    found = re.search(rf"https?://[^\s>]+{re.escape(path)}[^\s>]*", text)
    assert found, text
    return found.group(0)
