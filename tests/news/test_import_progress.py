"""A long import says how far it is, to a person at a terminal; to a file or a program it does not."""

import errno
import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import termios
from pathlib import Path

import pytest

from tests.news.importing_tools import write
from tests.serving import BIN, environ_of
from webapp.config import ROOT

ARTICLES = 12
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
def edition(tmp_path: Path) -> Path:
    folder = tmp_path / "edition"
    for number in range(ARTICLES):
        write(folder, f"rain-{number}.md", title=f"Rain on day {number}")
    return folder


def imported_at_a_terminal(instance: Path, *arguments: str) -> tuple[str, str]:
    """What `flask article import …` printed on standard output, and all that its terminal (standard error) was ever given."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    environ = environ_of(instance, TERM="xterm-256color")
    command = [str(BIN / "flask"), "--app", "wsgi", "article", "import", *arguments]
    with subprocess.Popen(command, cwd=ROOT, env=environ, stdin=its, stdout=subprocess.PIPE, stderr=its) as process:
        os.close(its)  # the last one that writes is the command itself: its end is the end of what we read
        seen = read_to_the_end(ours)
        assert process.stdout is not None
        told = process.stdout.read().decode()
    os.close(ours)
    assert process.returncode == 0, (told, seen)
    return told, ESCAPES.sub("", seen)


def read_to_the_end(terminal: int) -> str:
    """Linux ends a terminal that nobody writes to any more with EIO, macOS with nothing."""
    parts = []
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            part = b""
        if not part:
            return b"".join(parts).decode()
        parts.append(part)


def test_an_import_shows_a_bar_for_each_of_its_steps_at_a_terminal(installed: Path, tmp_path: Path, edition: Path) -> None:
    instance = tmp_path / "instance"
    shutil.copytree(installed, instance)
    told, seen = imported_at_a_terminal(instance, str(edition))
    assert f"Imported: {ARTICLES} new, 0 changed, 0 unchanged" in told
    # A bar is drawn when a step begins and once more when it ends, whatever the clock says in between.
    for step in ("Reading", "Checking", "Storing"):
        assert re.search(rf"{step} +\S+ +{ARTICLES}/{ARTICLES}\b", seen), (step, seen)
    assert seen.index("Reading") < seen.index("Checking") < seen.index("Storing")
    # A repeat finds everything there and has nothing to store; for a program there is no bar at all.
    told, seen = imported_at_a_terminal(instance, "--json", str(edition))
    assert seen == ""
    assert '"unchanged"' in told


def test_a_file_gets_no_bar(installed: Path, tmp_path: Path, edition: Path) -> None:
    instance = tmp_path / "instance"
    shutil.copytree(installed, instance)
    command = [str(BIN / "flask"), "--app", "wsgi", "article", "import", str(edition)]
    done = subprocess.run(command, cwd=ROOT, env=environ_of(instance, TERM="xterm-256color"), capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.startswith("Imported:")
