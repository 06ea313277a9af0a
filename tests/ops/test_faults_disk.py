"""A full disk: what was acknowledged is there, what cannot be stored is answered with 503, and room is all it takes to go on."""

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.ops.faulting import ask, is_filled, open_campaign, press, ready, register, warm
from tests.serving import installed_site, kill_group, web

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="Linux only: mounts a small tmpfs, or limits the size of a running process's files"),
]

SMALL = "24m"


class Disk:
    """A small disk at `folder`: a tmpfs if root makes it, else files that must not grow, which to a writer is the same."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mounted = os.geteuid() == 0

    def fill(self, leader: int) -> None:
        if not self.mounted:
            self._limit(leader, 1)
            return
        with (self.folder / "ballast").open("wb", buffering=0) as ballast:
            for size in (65536, 1):
                try:
                    while True:
                        ballast.write(bytes(size))
                except OSError:
                    continue

    def make_room(self, leader: int) -> None:
        if self.mounted:
            (self.folder / "ballast").unlink()
        else:
            self._limit(leader, resource.RLIM_INFINITY)

    def _limit(self, leader: int, size: int) -> None:
        workers = subprocess.run(["ps", "-o", "pid=", "-g", str(leader)], capture_output=True, text=True, check=True).stdout
        for pid in map(int, workers.split()):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    folder.mkdir()
    disk = Disk(folder)
    if disk.mounted:
        subprocess.run([shutil.which("mount") or "mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", folder], check=True)
    try:
        yield disk
    finally:
        if disk.mounted:
            _unmount(folder)


def _unmount(folder: Path) -> None:
    """Killed workers may hold it for a moment."""
    for _ in range(600):
        done = subprocess.run([shutil.which("umount") or "umount", folder], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
        time.sleep(0.1)
    raise AssertionError(done.stderr)


def test_a_full_disk_refuses_entries_and_loses_none(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        here = installed_site(disk.folder / "instance", LIMITS="off")
        open_campaign(here, tmp_path)
        process = web(here)
        acknowledged = 0
        try:
            warm(here, "/", "/draws/win-100")
            acknowledged += [register(here, f"before{number}@example.com") for number in range(5)].count(303)
            assert acknowledged == 5
            disk.fill(process.pid)
            refused = 0
            for number in range(1500):  # the log of writes has room of its own for some
                answer = press(here, f"full{number}@example.com")
                acknowledged += answer.status == 303
                if answer.status != 303:
                    assert is_filled(answer, f"full{number}@example.com"), (answer.status, answer.page[:300])
                    refused += 1
                if refused == 10:
                    break
            assert refused == 10
            assert {ask(here, path).status for path in ("/", "/draws/win-100", "/healthz") for _ in range(10)} == {200}
            status, told = ready(here)
            assert status == 200
            if disk.mounted:
                assert [warning for warning in told["warnings"] if "0 MiB of disk are left" in warning]
            disk.make_room(process.pid)
            acknowledged += [register(here, f"after{number}@example.com") for number in range(10)].count(303)
        finally:
            kill_group(process)
        with closing(sqlite3.connect(here.instance / "daily-draw.sqlite3")) as database:
            assert database.execute("SELECT count(*) FROM sweepstakes_entrant").fetchall() == [(acknowledged,)]
            assert database.execute("SELECT count(*) FROM sweepstakes_entrant WHERE registered_at IS NOT NULL").fetchone()[0] >= 15
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
