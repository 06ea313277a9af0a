"""gunicorn is reloaded under load, with nothing in front of it: no request fails."""

import os
import shutil
import signal
import threading
from collections import Counter
from pathlib import Path

import pytest

from tests.ops.faulting import ask, open_campaign, register
from tests.serving import LOST, installed_site, kill_group, wait_until, web
from webapp.config import ROOT

pytestmark = pytest.mark.slow

RELOADS = 3
WORKERS = 2


def test_a_reload_takes_all_of_the_new_code(tmp_path: Path) -> None:
    """Also of the kernel, which gunicorn's first process imports for its settings and its log."""
    checkout = tmp_path / "checkout"
    for folder in ("webapp", "templates", "migrations"):
        shutil.copytree(ROOT / folder, checkout / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("wsgi.py", "gunicorn.conf.py", "pyproject.toml"):
        shutil.copy(ROOT / file, checkout)
    (checkout / "static").symlink_to(ROOT / "static")
    here = installed_site(tmp_path / "instance", LIMITS="off")
    process = web(here, tmp_path / "log", checkout)
    try:
        assert "Nothing at this address" in ask(here, "/nothing").page
        kernel, room = checkout / "webapp" / "errors.py", checkout / "webapp" / "ops" / "views.py"
        kernel.write_text(kernel.read_text().replace("Nothing at this address", "Nothing to be found here"))
        room.write_text(room.read_text().replace('"ok\\n"', '"very well\\n"'))
        os.kill(process.pid, signal.SIGHUP)
        wait_until(lambda: ask(here, "/healthz").page == "very well\n", "the new code")
        wait_until(lambda: exited(tmp_path / "log") >= WORKERS, "the end of the old workers")
        assert all("Nothing to be found here" in ask(here, "/nothing").page for _ in range(10))
    finally:
        kill_group(process)


def exited(log: Path) -> int:
    return log.read_text().count("Worker exiting")


def test_reloading_under_load_fails_no_request(tmp_path: Path) -> None:
    log = tmp_path / "log"
    here = installed_site(tmp_path / "instance", LIMITS="off")
    open_campaign(here, tmp_path)
    process = web(here, log)
    stop = threading.Event()
    answers: Counter[int] = Counter()
    failures: list[BaseException] = []

    def read() -> None:
        try:
            while not stop.is_set():
                answers[ask(here, "/register").status] += 1
                answers[ask(here, "/").status] += 1
        except Exception as error:
            failures.append(error)

    def enter() -> None:
        try:
            for number in range(100_000):
                if stop.is_set():
                    return
                answers[register(here, f"r{number}@example.com")] += 1
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=target) for target in (read, read, read, enter)]
    try:
        for thread in threads:
            thread.start()
        for reload in range(1, RELOADS + 1):
            os.kill(process.pid, signal.SIGHUP)
            wait_until(lambda: exited(log) >= WORKERS * reload, lambda: log.read_text()[-2000:], 2 * LOST)  # noqa: B023 - called now
            total, posts = answers.total(), answers[303]
            wait_until(lambda: answers.total() >= total + 20 and answers[303] >= posts + 2, "answers")  # noqa: B023
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        kill_group(process)
    assert failures == []
    assert set(answers) == {200, 303}
    assert answers[303] > RELOADS
