"""Starting: our app beside the four packages alone that it was asked to be built from."""

import os
import resource
import subprocess
import sys
from pathlib import Path

from benchmarks.servers import ROOT
from benchmarks.table import Row, rounds_row

PACKAGES = "import flask, flask_wtf, flask_sqlalchemy, email_validator"


def measure(quick: bool) -> list[Row]:
    """CPU seconds of a fresh Python that imports, in alternating rounds."""
    import tempfile

    rounds = 5 if quick else 15
    with tempfile.TemporaryDirectory() as folder:
        for statement in (PACKAGES, "import wsgi"):
            _cpu_seconds(statement, folder)  # compiled once
        turns = [(_cpu_seconds("import wsgi", folder), _cpu_seconds(PACKAGES, folder)) for _ in range(rounds)]
    mine, packages = zip(*turns, strict=True)
    return [rounds_row("start: import wsgi, beside its packages alone", mine, packages, goal=1.25)]


def _cpu_seconds(statement: str, folder: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environ = {"PATH": os.environ["PATH"], "INSTANCE_PATH": str(Path(folder) / "instance")}
    subprocess.run([sys.executable, "-c", statement], cwd=ROOT, env=environ, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
