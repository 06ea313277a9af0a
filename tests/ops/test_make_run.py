"""What `make run` starts: one site, however often it is asked for at once, until it is told to end."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from tests.serving import LOST, environ_of, free_port, wait_until
from webapp.config import ROOT

pytestmark = pytest.mark.slow


def test_two_at_once_on_one_port_are_one_site_and_a_sentence(tmp_path: Path) -> None:
    port = free_port()
    environ = environ_of(tmp_path / "instance", PORT=str(port))
    command = [sys.executable, ROOT / "tools" / "run.py"]
    logs = [tmp_path / "first", tmp_path / "second"]
    both = []
    for log in logs:
        with log.open("w") as file:
            both.append(subprocess.Popen(command, cwd=ROOT, env=environ, stdout=file, stderr=file, start_new_session=True))
    try:
        deadline = time.monotonic() + 300  # the sample edition has many pictures
        while [process.poll() is None for process in both].count(True) == 2 or not _is_served(port):
            assert time.monotonic() < deadline, [log.read_text() for log in logs]
            time.sleep(0.1)
        first, second = sorted(zip(both, logs, strict=True), key=lambda one: one[0].poll() is not None)
        said = second[1].read_text()
        assert (second[0].returncode, "Traceback" in said) == (1, False), said
        assert "is taken. Try: PORT=" in said or "in use" in said, said
        wait_until(lambda: "is at http" in first[1].read_text(), first[1].read_text)  # its last word
        first[0].send_signal(signal.SIGTERM)
        assert first[0].wait(timeout=2 * LOST) == 0, first[1].read_text()
        assert f"is at http://127.0.0.1:{port}" in first[1].read_text()
    finally:
        for process in both:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _is_served(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/headlines", timeout=5):
            return True
    except OSError:
        return False
