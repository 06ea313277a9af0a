"""Pages from memory: the same to every client as if they were made for it, and made once."""

import gzip
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import brotli
import pytest
import time_machine
from flask import Flask, Request, Response
from flask.testing import FlaskClient
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import SecurityError
from werkzeug.test import create_environ, run_wsgi_app

from tests.conftest import make_app
from tests.kernel.page_cache_tools import add_page, asked, cache_of, catch_up
from tests.news.test_pages import publish
from webapp.counting import counted
from webapp.database import db
from webapp.headers import IMMUTABLE, PAGE, public

NOON = datetime(2024, 12, 8, 12, 0, tzinfo=UTC)
ZIPPED = {"Accept-Encoding": "gzip"}
BROTLI = {"Accept-Encoding": "gzip, deflate, br, zstd"}


@pytest.fixture
def environ() -> dict[str, str]:
    return {"PAGE_CACHE_MB": "1"}


@pytest.fixture(autouse=True)
def at_noon(app: Flask) -> object:
    with time_machine.travel(NOON, tick=False) as traveller:
        publish("one", body="<p>" + "The first piece. " * 60 + "</p>")
        catch_up(app)
        yield traveller


def fresh(app: Flask, client: FlaskClient, path: str = "/") -> None:
    """Have the page at `path` kept."""
    assert client.get(path).status_code == 200
    assert cache_of(app).holds(path)


@pytest.mark.parametrize("path", ["/", "/news/one", "/headlines", "/feed.xml", "/atom.xml", "/feed.json", "/sitemap.xml", "/draws"])
def test_a_page_is_made_once_and_then_served_without_asking_the_database(app: Flask, client: FlaskClient, path: str) -> None:
    first = client.get(path)
    with asked() as statements:
        second = client.get(path)
    assert statements == []
    assert second.data == first.data
    assert dict(second.headers) | {"X-Request-ID": ""} == dict(first.headers) | {"X-Request-ID": ""}
    assert first.headers["X-Request-ID"] != second.headers["X-Request-ID"]
    assert (cache_of(app).figures().hits, cache_of(app).figures().misses) == (1, 1)


def test_answers_from_memory_have_every_header_and_are_counted_by_route(app: Flask, client: FlaskClient) -> None:
    fresh(app, client, "/news/one")
    before = counted()
    response = client.get("/news/one")
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert response.headers["Cache-Control"] == PAGE
    series = ("requests", (("method", "GET"), ("route", "/news/<slug>"), ("status", "200")))
    assert counted()[series] == before[series] + 1


def test_head_has_the_headers_of_get_and_no_body_whether_kept_or_not(app: Flask, client: FlaskClient) -> None:
    first = client.head("/", headers=BROTLI)
    get = client.get("/", headers=BROTLI)
    second = client.head("/", headers=BROTLI)
    for head in (first, second):
        assert head.data == b""
        assert head.status_code == 200
        for name in ("Content-Length", "Content-Type", "ETag", "Content-Encoding", "Cache-Control", "Vary"):
            assert head.headers[name] == get.headers[name]
    assert int(get.headers["Content-Length"]) == len(get.data)
    assert cache_of(app).figures().misses == 1


@pytest.mark.parametrize("path", ["/nothing", "/register", "/headlines?page=99", "/static/site.css"])
def test_head_of_what_is_not_kept_has_no_body_either(client: FlaskClient, path: str) -> None:
    head, get = client.head(path), client.get(path, buffered=True)
    assert head.status_code == get.status_code
    assert head.data == b""
    assert head.headers["Content-Length"] == str(len(get.data))


def test_each_coding_has_its_bytes_its_length_and_its_tag(client: FlaskClient) -> None:
    plain, zipped, small = (client.get("/", headers=headers) for headers in ({}, ZIPPED, BROTLI))
    assert gzip.decompress(zipped.data) == brotli.decompress(small.data) == plain.data
    assert len(small.data) < len(zipped.data) < len(plain.data)
    assert [one.headers.get("Content-Encoding") for one in (plain, zipped, small)] == [None, "gzip", "br"]
    assert len({one.headers["ETag"] for one in (plain, zipped, small)}) == 3
    for one in (plain, zipped, small):
        assert one.headers["Content-Length"] == str(len(one.data))
        assert one.headers.getlist("Vary") == ["Accept-Encoding"]


def test_what_does_not_get_smaller_goes_as_it_is(app: Flask, client: FlaskClient) -> None:
    add_page(app, lambda: "ok")
    for _ in range(2):
        response = client.get("/made", headers=BROTLI)
        assert response.data == b"ok"
        assert "Content-Encoding" not in response.headers


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', 'W/"other",W/{} , "x"', "*", '"a,b", {}'])
def test_a_copy_that_is_still_right_is_answered_with_304(client: FlaskClient, form: str) -> None:
    for _ in range(2):  # made now, and from memory
        tag = client.get("/feed.xml", headers=BROTLI).headers["ETag"]
        response = client.get("/feed.xml", headers={**BROTLI, "If-None-Match": form.format(tag)})
        assert response.status_code == 304
        assert response.data == b""
        assert response.headers["ETag"] == tag
        assert response.headers["Vary"] == "Accept-Encoding"
        assert response.headers["Cache-Control"] == PAGE
        assert "Content-Encoding" not in response.headers


def test_a_first_request_with_a_tag_is_answered_with_304_and_kept(app: Flask, client: FlaskClient) -> None:
    tag = client.get("/").headers["ETag"]
    publish("two", published=NOON - timedelta(days=2), section=None)
    catch_up(app)
    client.get("/", headers={"If-None-Match": tag})
    assert client.head("/").headers["ETag"] != tag  # the headlines name it
    assert cache_of(app).figures().misses == 2


@pytest.mark.parametrize("tag", ['"other"', "W/", '"', "x" * 4000, '"é"', ",,,", '""'])
def test_a_tag_of_something_else_gets_the_page(client: FlaskClient, tag: str) -> None:
    assert [client.get("/", headers={"If-None-Match": tag}).status_code for _ in range(2)] == [200, 200]


def test_the_tag_of_one_coding_is_not_known_in_another(client: FlaskClient) -> None:
    tag = client.get("/", headers=BROTLI).headers["ETag"]
    assert client.get("/", headers={**ZIPPED, "If-None-Match": tag}).status_code == 200


def test_a_range_is_answered_with_the_whole(client: FlaskClient) -> None:
    for _ in range(2):
        assert client.get("/", headers={"Range": "bytes=0-9"}).status_code == 200


def test_arguments_that_a_page_does_not_know_lead_to_its_one_copy(app: Flask, client: FlaskClient) -> None:
    fresh(app, client)
    with asked() as statements:
        for query in ("utm_source=x", "page=2", "fbclid=" + "y" * 3000, "%FF=%00", "&&&", "preview=1"):
            assert client.get(f"/?{query}").status_code == 200
    assert statements == []
    assert cache_of(app).figures().copies == 1


def test_arguments_that_a_page_knows_tell_its_copies_apart(app: Flask, client: FlaskClient) -> None:
    for n in range(150):
        publish(f"n{n}", published=NOON - timedelta(days=1, minutes=n))
    catch_up(app)
    answers = [[client.get(f"/headlines{query}").data for query in ("", "?page=2", "?section=World", "?x=1&page=2&page=1")] for _ in "ab"]
    assert answers[0] == answers[1]
    assert answers[0][1] == answers[0][3]
    assert len(set(answers[0])) == 3
    assert cache_of(app).figures().copies == 3


def test_a_preview_is_never_kept_nor_hidden_by_the_public_page(app: Flask, client: FlaskClient) -> None:
    from webapp.news.previewing import make_preview
    from webapp.site import keyring

    fresh(app, client, "/news/one")
    token = make_preview(keyring().secret, 1, NOON)
    for _ in range(2):
        response = client.get(f"/news/one?preview={token}")
        assert response.headers["Cache-Control"] == "no-store"
        assert "Preview." in response.get_data(as_text=True)
    for n in range(3):
        assert "Preview." not in client.get(f"/news/one?preview=junk{n}").get_data(as_text=True)
    assert cache_of(app).figures().copies == 1


def test_searches_are_answered_and_forgotten(app: Flask, client: FlaskClient) -> None:
    for n in range(3):
        response = client.get(f"/headlines?q=piece{n}", headers=BROTLI)
        assert response.headers["Content-Encoding"] == "br"
        assert client.get(f"/headlines?q=piece{n}", headers={**BROTLI, "If-None-Match": response.headers["ETag"]}).status_code == 304
    assert cache_of(app).figures().copies == 0


def test_ten_thousand_made_up_addresses_leave_nothing_in_memory(app: Flask, client: FlaskClient) -> None:
    fresh(app, client)
    fresh(app, client, "/headlines")
    cache = cache_of(app)
    before = cache.figures()
    for n in range(10_000):
        kind = n % 25
        path = f"/news/no-such-{n}" if kind == 0 else f"/no/{n}" if kind == 1 else "/headlines" if kind == 2 else "/"
        query = f"page={n + 9}" if kind == 2 else f"r{n}={n}"
        run_wsgi_app(app.wsgi_app, create_environ(path, query_string=query, headers={"Accept-Encoding": f"r{n}"}))
    after = cache.figures()
    assert (after.copies, after.bytes) == (before.copies, before.bytes)
    assert (len(cache.copies._names), len(cache._locks)) == (2, 0)


def test_errors_redirects_and_answers_for_one_client_are_not_kept(app: Flask, client: FlaskClient) -> None:
    def with_cookie() -> Response:
        response = public(Response("mine", mimetype="text/plain"))
        response.set_cookie("who", "me")
        return response

    def varied() -> Response:
        response = public(Response("yours", mimetype="text/plain"))
        response.headers["Vary"] = "Cookie"
        return response

    app.add_url_rule("/cookie", "cookie", with_cookie)
    app.add_url_rule("/varied", "varied", varied)
    add_page(app, lambda: "gone", path="/teapot")
    numbers = count()

    @app.after_request
    def number(response: Response) -> Response:
        if response.data == b"gone":
            response.status_code = 418
        response.headers["X-Number"] = str(next(numbers))
        return response

    for path in ("/cookie", "/varied", "/teapot", "/nothing", "/news/none", "/register", "/healthz", "/register/thanks"):
        assert client.get(path).headers["X-Number"] != client.get(path).headers["X-Number"], path
    assert cache_of(app).figures().copies == 0


def test_posts_go_to_the_page_itself(app: Flask, client: FlaskClient) -> None:
    fresh(app, client)
    assert client.post("/").status_code == 405


def test_a_page_that_breaks_off_is_an_error_and_is_not_kept(app: Flask, client: FlaskClient) -> None:
    broken = [True]

    def view() -> Response:
        def pieces() -> object:
            yield "one half"
            if broken:
                raise RuntimeError("broken off")
            yield ", and the other"

        return public(Response(pieces(), mimetype="text/plain"))  # type: ignore[arg-type]

    app.add_url_rule("/halves", "halves", view)
    with pytest.raises(RuntimeError, match="broken off"):
        client.get("/halves")
    broken.clear()
    assert client.get("/halves").data == b"one half, and the other"
    assert client.get("/halves").headers["Content-Length"] == "23"


def test_at_a_change_one_thread_makes_the_page_and_the_others_wait_for_it(app: Flask, client: FlaskClient) -> None:
    made, waiting = count(1), threading.Event()
    slow = [False]

    def make() -> str:
        number = next(made)
        if slow:
            waiting.wait(0.3 if slow[0] else 0)
        return f"version {number}"

    add_page(app, make)
    fresh(app, client, "/made")
    publish("two")
    catch_up(app)
    slow[0] = True

    def read(_: int) -> bytes:
        with app.test_client() as other:
            return other.get("/made").data

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(read, range(16)))
    assert answers == {b"version 2"}
    assert len(cache_of(app)._locks) == 0


def test_a_host_that_is_not_trusted_gets_nothing_from_memory(app: Flask, client: FlaskClient) -> None:
    app.config["TRUSTED_HOSTS"] = ["news.example.com"]
    for _ in range(2):
        assert client.get("/", headers={"Host": "news.example.com"}).status_code == 200
    hits = cache_of(app).figures().hits
    for host in ("evil.example", "news.example.com.evil.example", "", "a b", "x" * 5000):
        environ = create_environ("/", headers={"Host": host})
        with pytest.raises(SecurityError):  # so Flask judges it, and it is left to
            app.create_url_adapter(Request(environ))
        assert run_wsgi_app(app.wsgi_app, environ)[1] == "400 BAD REQUEST"
    assert cache_of(app).figures().hits == hits == 1


def test_memory_stays_within_its_budget_and_what_is_read_stays(app: Flask, client: FlaskClient) -> None:
    add_page(app, lambda: "x" * 100_000, path="/many/<n>")
    add_page(app, lambda: "y" * 300_000, path="/huge")
    fresh(app, client)
    cache = cache_of(app)
    with time_machine.travel(NOON, tick=False) as clock:
        for n in range(40):
            clock.shift(1)
            client.get(f"/many/{n}", headers=BROTLI)
            client.get("/")
            assert cache.figures().bytes <= cache.figures().limit == 2**20
        clock.shift(1)
        client.get("/huge")
        assert not cache.holds("/huge"), "a page larger than a quarter of the budget pushes the others out"
    figures = cache.figures()
    assert figures.misses == 42
    assert figures.evicted > 25
    assert figures.bytes == sum(copy.size for copy in cache.copies._copies.values())
    assert set(cache.copies._names) == {path for path, _ in cache.copies._copies}
    assert cache.holds("/many/39")
    assert not cache.holds("/many/0")


def test_a_file_named_by_its_content_is_compressed_once_and_stays(app: Flask, client: FlaskClient) -> None:
    from webapp.assets import STATIC, version

    path = f"/static/site.css?v={version('site.css')}"
    fresh(app, client, "/")
    for _ in range(2):
        response = client.get(path, headers=BROTLI)
        assert brotli.decompress(response.data) == (STATIC / "site.css").read_bytes()
        assert response.headers["Cache-Control"] == IMMUTABLE
        assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    figures = cache_of(app).figures()
    for query in ("", "?v=other", "?v="):
        response = client.get(f"/static/site.css{query}", headers=BROTLI, buffered=True)
        assert response.headers["Cache-Control"] == "public, max-age=300"
    assert cache_of(app).figures().copies == figures.copies
    publish("two")
    catch_up(app)
    assert client.get(path).status_code == 200
    assert cache_of(app).figures().misses == figures.misses


def test_without_memory_pages_are_answered_in_the_same_way(installed: Path, tmp_path: Path) -> None:
    shutil.copytree(installed, tmp_path / "other")
    app = make_app(tmp_path / "other", PAGE_CACHE_MB="0")
    client = app.test_client()
    for _ in range(2):
        response = client.get("/", headers=BROTLI)
        assert "Content-Encoding" in response.headers
        assert client.get("/", headers={**BROTLI, "If-None-Match": response.headers["ETag"]}).status_code == 304
    assert cache_of(app).figures().copies == 0
    with app.app_context():
        cache_of(app).close()
        db.engine.dispose()


def test_every_argument_that_a_kept_page_reads_tells_its_copies_apart(app: Flask, client: FlaskClient) -> None:
    read: set[str] = set()

    class Noted(ImmutableMultiDict[str, str]):
        def get(self, key: str, *args: Any, **kwargs: Any) -> Any:
            read.add(key)
            return super().get(key, *args, **kwargs)

        def __getitem__(self, key: str) -> str:
            read.add(key)
            return super().__getitem__(key)

    class Noting(Request):
        parameter_storage_class = Noted

    app.request_class = Noting
    paths = {rule.rule.replace("<slug>", "one") for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    kept = 0
    for path in sorted(path for path in paths if "<" not in path):
        read.clear()
        client.get(path, buffered=True)
        kept += cache_of(app).holds(path)
        assert not cache_of(app).holds(path) or read <= set(cache_of(app).copies.names(path)), path
    assert kept > 8
