"""Two real workers: what one command changes, both show within a second; and they serve on while the database is away."""

import http.client
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.serving import Site, installed_site, kill_group, web

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
    deadline = time.monotonic() + 20
    while len(answered) < 2 or min(answered.values()) < 6:
        assert time.monotonic() < deadline, "one worker answers everything"
        answered[read_of_whom(here, "/")[2]] += 1


def read_of_whom(here: Site, path: str) -> tuple[int, bytes, str]:
    """Status, body, and which worker answered: the first half of the request's id is drawn by each process (tracing.py)."""
    with closing(http.client.HTTPConnection(urlsplit(here.url).netloc, timeout=10)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        assert len(body) == int(response.headers["Content-Length"])
        return response.status, body, response.headers["X-Request-Id"][:8]


def test_a_change_by_a_command_is_shown_by_both_workers_within_a_second(here: Site, tmp_path: Path) -> None:
    read_by_both(here)
    assert b"As it was" in read(here)[1]
    write(here, tmp_path, "As it is")
    deadline = time.monotonic() + 1
    old_since = [time.monotonic() for _ in range(200) if time.monotonic() < deadline and b"As it was" in read(here)[1]]
    time.sleep(max(0, deadline - time.monotonic()))
    for _ in range(40):
        status, page = read(here)
        assert status == 200
        assert b"As it is" in page
        assert b"As it was" not in page
    here.flask("article", "unpublish", "one")
    time.sleep(1)
    assert {read(here, "/news/one")[0] for _ in range(20)} == {410}
    assert len(old_since) <= 200


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
    time.sleep(1)
    for _ in range(20):
        assert b"As it was" not in read(here)[1]
