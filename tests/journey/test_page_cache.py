"""Two real workers: what one command changes, both show within a second; and they serve on while the database is away."""

import http.client
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.serving import LOST, Site, installed_site, kill_group, wait_until, web

pytestmark = pytest.mark.slow

ARTICLE = """---
title: {title}
slug: one
published: 2024-12-01T08:00:00+00:00
---
The first piece.
"""


@pytest.fixture
def here(database_url: str | None, tmp_path: Path) -> Iterator[Site]:
    more = {"DATABASE_URL": database_url} if database_url else {}
    site = installed_site(tmp_path / "instance", ACCESS_LOG="off", LIMITS="off", **more)
    write(site, tmp_path, "As it was")
    process = web(site)
    try:
        yield site
    finally:
        kill_group(process)


def write(here: Site, folder: Path, title: str) -> None:
    file = folder / "one.md"
    file.write_text(ARTICLE.format(title=title), encoding="utf-8")
    here.flask("article", "import", str(file))


def read(here: Site, path: str = "/") -> tuple[int, bytes]:
    """By a connection of its own, so that now one worker answers and now the other."""
    return read_of_whom(here, path)[:2]


def read_by_both(here: Site) -> None:
    """Ask until each worker has answered some times, however unevenly the kernel hands connections out: its first answers are not
    kept, as it has only begun to watch the content's version."""
    answered: Counter[str] = Counter()
    with ThreadPoolExecutor(4) as pool:  # some at once: of one after the other an idle machine may let one worker answer all

        def is_met() -> bool:
            answered.update(worker for _, _, worker in pool.map(lambda _: read_of_whom(here, "/"), range(8)))
            return len(answered) == 2 and min(answered.values()) >= 6

        wait_until(is_met, "answers of both workers")


def read_of_whom(here: Site, path: str) -> tuple[int, bytes, str]:
    """Status, body, and which worker answered: the first half of the request's id is drawn by each process (tracing.py)."""
    with closing(http.client.HTTPConnection(urlsplit(here.url).netloc, timeout=LOST)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        assert len(body) == int(response.headers["Content-Length"])
        return response.status, body, response.headers["X-Request-Id"][:8]


def test_a_change_by_a_command_is_shown_by_both_workers_within_a_second(here: Site, tmp_path: Path) -> None:
    read_by_both(here)
    assert b"As it was" in read(here)[1]
    assert any(is_shown_within_a_second(here, tmp_path, f"Headline {n}") for n in range(5)), "not even once in five times"
    here.flask("article", "unpublish", "one")
    wait_until(lambda: {read(here, "/news/one")[0] for _ in range(20)} == {410}, "an article that is gone")


def is_shown_within_a_second(here: Site, folder: Path, title: str) -> bool:
    """Unless the machine itself stands still. Shown it is in any case, once by both workers, and no more as it was."""
    write(here, folder, title)
    changed = time.monotonic()
    while time.monotonic() < changed + 1:
        assert read(here)[0] == 200

    def is_shown() -> bool:
        answers = [read(here) for _ in range(40)]
        assert {status for status, _ in answers} == {200}
        return all(title.encode() in page and b"As it was" not in page for _, page in answers)

    if is_shown():
        return True
    wait_until(is_shown, "the change")
    return False


def test_both_workers_serve_on_while_the_database_is_away(here: Site, database_url: str | None) -> None:
    if database_url is not None:  # that of a server is taken away in tests/kernel/test_page_cache_change.py
        return
    read_by_both(here)
    file = here.instance / "daily-draw.sqlite3"
    aside = file.rename(file.with_suffix(".away"))
    file.mkdir()
    assert {read(here) for _ in range(40)} == {read(here)}
    assert read(here)[0] == 200
    file.rmdir()
    aside.rename(file)
    here.flask("article", "unpublish", "one")
    wait_until(lambda: not any(b"As it was" in read(here)[1] for _ in range(20)), "a page without it")
