"""Starting: our app beside the four packages alone that it was asked to be built from."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from benchmarks.servers import ROOT
from benchmarks.table import Row, rounds_row

PACKAGES = "import flask, flask_wtf, flask_sqlalchemy, email_validator"
# Told by the process itself, and before it ends: taking a process down costs a quarter of what importing does, less after
# gc.freeze, and is no part of a start.
TELL = """
import time
print(time.process_time(), *(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmRSS:")))
"""


class Start(NamedTuple):
    seconds: float
    megabytes: float


def measure(quick: bool) -> list[Row]:
    """CPU seconds, and memory, of a fresh Python that has imported, in alternating rounds."""
    import tempfile

    rounds = 4 if quick else 15
    with tempfile.TemporaryDirectory() as folder:
        for statement in (PACKAGES, "import wsgi"):
            _start(statement, folder)  # compiled once
        turns = [(_start("import wsgi", folder), _start(PACKAGES, folder)) for _ in range(rounds)]
    mine, packages = zip(*turns, strict=True)
    return [
        rounds_row("start: import wsgi, beside its packages alone", _seconds(mine), _seconds(packages), goal=1.25),
        rounds_row("start: memory of it", _megabytes(mine), _megabytes(packages), goal=None, unit="MB"),
    ]


def _seconds(starts: tuple[Start, ...]) -> list[float]:
    return [start.seconds for start in starts]


def _megabytes(starts: tuple[Start, ...]) -> list[float]:
    return [start.megabytes for start in starts]


def _start(statement: str, folder: str) -> Start:
    environ = {"PATH": os.environ["PATH"], "INSTANCE_PATH": str(Path(folder) / "instance")}
    told = subprocess.run([sys.executable, "-c", statement + TELL], cwd=ROOT, env=environ, check=True, capture_output=True, text=True)
    seconds, kilobytes = told.stdout.split()
    return Start(float(seconds), int(kilobytes) / 1024)
