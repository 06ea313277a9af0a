"""What is compared, started on loopback: gunicorn with this project's settings around any app, and nginx around a file."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.serving import free_port

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A running server: where it answers, and the process whose group it is."""

    name: str
    url: str
    leader: int

    def cpu_seconds(self) -> float:
        """What its processes have used so far, theirs and the kernel's for them, in seconds (proc(5), utime + stime)."""
        used = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:  # it ended meanwhile
                continue
            if int(fields[2]) == self.leader:
                used += int(fields[11]) + int(fields[12])
        return used / TICKS

    def memory_mib(self) -> float:
        """Proportional set size of all its processes together, in MiB (proc(5), smaps_rollup)."""
        total = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                if int(stat.read_text().rpartition(")")[2].split()[2]) == self.leader:
                    rollup = (stat.parent / "smaps_rollup").read_text()
                    total += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
            except (OSError, StopIteration):
                continue
        return total / 1024


def cores() -> tuple[str, str]:
    """Cores for the servers and for the load, as taskset(1) wants them: never the same ones, on a machine that has two."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        return str(usable[0]), str(usable[0])
    return ",".join(map(str, usable[:-1][:2])), str(usable[-1])


@contextmanager
def gunicorn(name: str, app: str, environ: Mapping[str, str] = {}) -> Iterator[Server]:
    """`app` under the project's own gunicorn.conf.py: the same workers, threads, log and limits for every contestant."""
    port = free_port()
    command = ["taskset", "-c", cores()[0], str(BIN / "gunicorn"), "-c", str(ROOT / "gunicorn.conf.py"), app]
    with tempfile.TemporaryDirectory() as figures:  # gunicorn removes its own, but not when it is killed
        always = {"PATH": os.environ["PATH"], "PORT": str(port), "LIMITS": "off", "PROMETHEUS_MULTIPROC_DIR": figures}
        with _running(name, command, port, {**always, **environ}) as server:
            yield server


@contextmanager
def nginx(name: str, config: str, folder: Path) -> Iterator[Server]:
    """nginx with `config`, in which PORT and FOLDER are put in."""
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    port = free_port()
    folder.chmod(0o755)
    file = folder / "nginx.conf"
    file.write_text(config.replace("PORT", str(port)).replace("FOLDER", str(folder)))
    command = [
        "taskset",
        "-c",
        cores()[0],
        program,
        "-p",
        str(folder),
        "-c",
        str(file),
        "-e",
        str(folder / "error.log"),
        "-g",
        "daemon off;",
    ]
    with _running(name, command, port, {"PATH": os.environ["PATH"]}) as server:
        yield server


@contextmanager
def _running(name: str, command: list[str], port: int, environ: dict[str, str]) -> Iterator[Server]:
    log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process below
    process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True)
    try:
        if not _serves(process, port):
            log.seek(0)
            sys.exit(f"{name} did not start to serve:\n{log.read().decode(errors='replace')}")
        yield Server(name, f"http://127.0.0.1:{port}", process.pid)
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # to end well takes gunicorn a second
        process.wait()
        log.close()


def _serves(process: subprocess.Popen[bytes], port: int) -> bool:
    for _ in range(400):
        if process.poll() is not None:
            return False
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False
