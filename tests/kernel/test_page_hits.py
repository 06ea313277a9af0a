"""The short way of a page from memory: what takes it, and that it says what the long way says."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import create_environ

from tests.kernel.page_cache_tools import cache_of, catch_up
from tests.kernel.test_page_cache import BROTLI, NOON, ZIPPED
from tests.news.test_pages import publish
from webapp.counting import times
from webapp.page_cache import keep
from webapp.page_copies import NEVER
from webapp.tracing import FROM, ROUTE


@pytest.fixture
def environ() -> dict[str, str]:
    return {"PAGE_CACHE_MB": "1"}


@pytest.fixture(autouse=True)
def kept(app: Flask, client: FlaskClient) -> Iterator[None]:
    """An article that was asked for in each coding, on a clock that stands still."""

    def lasting() -> str:
        keep(fixed=True)
        return "for ever"

    app.add_url_rule("/made", "made", lasting)
    with time_machine.travel(NOON, tick=False):
        publish("one", body="<p>" + "The first piece. " * 60 + "</p>")
        catch_up(app)
        for headers in ({}, ZIPPED, BROTLI):
            client.get("/news/one", headers=headers)
        yield


def ask(app: Flask, path: str = "/news/one", *, read: bool = True, **more: Any) -> tuple[bool, str, dict[str, str], bytes]:
    """Whether it took the short way, and the answer: the long way leaves word of what it did."""
    if read:
        cache_of(app)._state()  # whose answer counts for a tenth of a second
    environ = create_environ(path, **more)
    said: list[Any] = []
    body = b"".join(app.wsgi_app(environ, lambda *args: said.extend(args)))  # type: ignore[arg-type, return-value]
    headers = dict(said[1])
    assert environ["daily_draw.request_id"] == headers["X-Request-ID"]
    assert environ[ROUTE] in {"/news/<slug>", "/made"}
    return FROM not in environ, said[0], headers, body


def but_id(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "X-Request-ID"}


@pytest.mark.parametrize("headers", [{}, ZIPPED, BROTLI])
def test_both_ways_say_the_same(app: Flask, headers: dict[str, str]) -> None:
    def both(**sent: str) -> tuple[str, dict[str, str], bytes]:
        # An argument that the page does not know makes no difference to it, but for the way.
        short, status, given, body = ask(app, headers={**headers, **sent})
        long, *same = ask(app, "/news/one?utm_source=x", headers={**headers, **sent})
        assert (short, long) == (True, False)
        assert (status, but_id(given), body) == (same[0], but_id(same[1]), same[2])
        return status, given, body

    status, given, body = both()
    assert (status, bool(body)) == ("200 OK", True)
    status, given, body = both(**{"If-None-Match": given["ETag"]})
    assert (status, body) == ("304 NOT MODIFIED", b"")


@pytest.mark.parametrize(
    "how",
    [
        {"method": "HEAD"},
        {"headers": {"If-None-Match": '"another", *'}},
        {"headers": {"Accept-Encoding": "gzip;q=0.5"}},
    ],
)
def test_what_needs_a_decision_takes_the_long_way(app: Flask, how: dict[str, Any]) -> None:
    assert not ask(app, **how)[0]


def test_below_another_path_there_is_nothing_from_memory(app: Flask) -> None:
    before = times("page_cache", answer="hits")
    ask(app, environ_overrides={"SCRIPT_NAME": "/below"})
    assert times("page_cache", answer="hits") == before


def test_a_copy_nobody_has_found_good_takes_the_long_way_even_where_no_state_is_known(app: Flask) -> None:
    cache = cache_of(app)
    copy = cache.copies.get(("/news/one", ()))
    assert copy is not None
    assert cache.watch is not None
    copy.good_at = NEVER
    assert not ask(app)[0]
    assert ask(app)[0]
    copy.good_at, cache.watch.last = NEVER, None
    assert not ask(app)[0]


def test_what_the_database_said_counts_for_its_time_only(app: Flask) -> None:
    watch = cache_of(app).watch
    assert watch is not None
    assert ask(app, read=False)[0]
    watch.until = 0.0
    assert not ask(app, read=False)[0]


def test_a_clock_set_back_makes_copies_suspect(app: Flask) -> None:
    with time_machine.travel(NOON.replace(hour=11), tick=False):
        assert not ask(app)[0]


def test_near_its_end_a_page_is_cut_by_the_long_way(app: Flask) -> None:
    with time_machine.travel(NOON.replace(hour=23, minute=59, second=30), tick=False):
        short, _, headers, _ = ask(app)
    assert not short
    assert "s-maxage=30, stale-while-revalidate=0" in headers["Cache-Control"]


def test_a_page_that_never_changes_takes_it_too(app: Flask) -> None:
    assert [ask(app, "/made")[0] for _ in range(3)] == [False, False, True]


def test_its_answers_are_counted_and_keep_the_copy_from_being_thrown_out(app: Flask) -> None:
    labels = {"route": "/news/<slug>", "method": "GET"}
    before = times("requests", **labels, status="200"), times("requests", **labels, status="304"), times("page_cache", answer="hits")
    _, _, headers, _ = ask(app)
    with time_machine.travel(NOON.replace(minute=1), tick=False):
        assert ask(app, headers={"If-None-Match": headers["ETag"]})[0]
        copy = cache_of(app).copies.get(("/news/one", ()))
        assert copy is not None
        assert copy.used == NOON.replace(minute=1).timestamp()
    after = times("requests", **labels, status="200"), times("requests", **labels, status="304"), times("page_cache", answer="hits")
    assert [now - then for now, then in zip(after, before, strict=True)] == [1, 1, 2]


def test_the_id_that_a_proxy_gave_is_kept_and_no_other(app: Flask) -> None:
    for given, kept in (("0123456789abcdef" * 2, True), ("<script>", False), ("", False)):
        short, _, headers, _ = ask(app, headers={"X-Request-ID": given})
        assert short
        assert (headers["X-Request-ID"] == given) is kept
        assert re.fullmatch("[0-9a-f]{16,32}", headers["X-Request-ID"])
