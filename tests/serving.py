"""The whole site as its people meet it: gunicorn, the mail sender and a real SMTP server, each its own process or thread."""

import http.client
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from webapp.config import ROOT

BIN = Path(sys.executable).parent
# Seconds after which something that should have come by itself is held for lost: far more than a busy machine takes.
LOST = 60

_reserved: deque[int] = deque()  # descriptors


def free_port() -> int:
    """A TCP port that nobody uses, and that no other process of the tests is given while this one lives (or asks 200 times).

    Not of those that the kernel gives to outgoing connections: any of them could take it before its server does, or while that is
    stopped for a moment. Reserved by a UDP socket of the same number, which hinders nobody who listens by TCP.
    """
    for port in random.SystemRandom().sample(range(20_000, 30_000), 1000):
        with suppress(OSError), socket.socket() as probe, socket.socket(type=socket.SOCK_DGRAM) as reservation:
            reservation.bind(("127.0.0.1", port))
            probe.bind(("127.0.0.1", port))
            _reserved.append(reservation.detach())
            if len(_reserved) > 200:
                os.close(_reserved.popleft())
            return port
    raise AssertionError("no port is free")


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

    def wait_for(self, address: str, *, containing: str, seconds: float = LOST) -> str:
        """The text of the first letter to `address` that holds `containing`."""
        found: list[str] = []

        def look() -> list[str]:
            for message in list(self.messages):
                part = message.get_body(("plain",))
                text = str(part.get_content()) if part else ""
                if address in str(message["To"]) and containing in text:
                    found.append(text)
            return found

        wait_until(look, lambda: f"a letter to {address} with {containing!r} among {[str(m['Subject']) for m in self.messages]}", seconds)
        return found[0]


@contextmanager
def inbox() -> Iterator[Inbox]:
    """A real SMTP server on loopback."""
    box = Inbox(free_port())
    controller = Controller(box, hostname="127.0.0.1", port=box.port, ready_timeout=LOST)
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
        return subprocess.run(command, cwd=ROOT, env=self.environ, capture_output=True, text=True, check=False, timeout=10 * LOST)


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
        wait_until((instance / "tick.json").exists, "a first round of the mail sender: one that only begins cannot end well")
        yield here
    finally:
        for child in children:
            child.send_signal(signal.SIGTERM)
        assert [child.wait(timeout=2 * LOST) for child in children] == [0, 0]


def web(here: Site, log: Path | None = None, checkout: Path = ROOT) -> subprocess.Popen[bytes]:
    """gunicorn alone, in a process group of its own, serving `checkout`. `log`: a file for all that it has to say."""
    if log is None:
        command = [str(BIN / "gunicorn"), "--log-level", "critical", "wsgi:app"]
        process = subprocess.Popen(command, cwd=checkout, env=here.environ, start_new_session=True)
    else:
        with log.open("ab") as file:
            command = [str(BIN / "gunicorn"), "wsgi:app"]
            process = subprocess.Popen(command, cwd=checkout, env=here.environ, start_new_session=True, stdout=file, stderr=file)
    try:
        wait_until_served(here.url)
    except BaseException:
        kill_group(process)
        raise
    return process


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """As a power cut ends it: the process and all its children at once, none of them asked. Nor heard of any more."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    wait_until(lambda: not _alive(process.pid), "the end of all children: one that is not quite dead holds the port")


def _alive(group: int) -> list[str]:
    """What lives in a process group; the dead whose end nobody has asked for do not count."""
    listed = subprocess.run(["ps", "-A", "-o", "pgid=,stat="], capture_output=True, text=True, check=True).stdout
    rows = (line.split() for line in listed.splitlines())
    return [state for found, state, *_ in rows if int(found) == group and not state.startswith("Z")]


def installed_site(instance: Path, **more: str) -> Site:
    """A site in `instance` after `flask init`, of which nothing runs yet."""
    port = free_port()
    here = Site(f"http://127.0.0.1:{port}", instance, environ_of(instance, PORT=str(port), **more))
    here.flask("init")
    return here


def wait_until_served(url: str, path: str = "/headlines") -> None:
    def is_served() -> bool:
        with suppress(OSError, http.client.HTTPException), urllib.request.urlopen(url + path, timeout=LOST):
            return True
        return False

    wait_until(is_served, f"an answer at {url}")


def wait_until(met: Callable[[], object], what: str | Callable[[], str], seconds: float = LOST) -> None:
    """Ask again and again, until `met` says so. AssertionError that names `what` was waited for in vain."""
    ends = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < ends, f"waited in vain for {what if isinstance(what, str) else what()}"
        time.sleep(0.05)


def link_in(text: str, path: str) -> str:
    """The first address in a letter whose path begins with `path`."""
    found = re.search(rf"https?://[^\s>]+{re.escape(path)}[^\s>]*", text)
    assert found, text
    return found.group(0)
