"""deploy/nginx.conf as it stands, before the real app: cached for a second, kept when the app is gone, patient with slow clients."""

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import nginx, serving
from tests.nginx import HOST, Front

SITE = f"https://{HOST}"
MAIL = {"MAIL_URL": "smtp://127.0.0.1:9", "POSTAL_ADDRESS": "1 Main St", "PROXY_HOPS": "1", "LIMIT_IPV4_REFUSED": "100000 per hour"}
FORM = b"name=Zoe+Quill&email=zoe%40example.com&agree=yes"
OWN = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> serving.Site:
    if nginx.find() is None:
        pytest.skip("needs nginx: python -m tests.nginx")
    folder = tmp_path_factory.mktemp("behind")
    site = serving.installed_site(folder / "instance")
    site.flask("demo")  # refuses on https, so before that is set
    return serving.Site(site.url, site.instance, {**site.environ, **MAIL, "SITE_URL": SITE})


@pytest.fixture
def app(here: serving.Site) -> Iterator[subprocess.Popen[bytes]]:
    process = start(here)
    yield process
    if process.poll() is None:
        serving.kill_group(process)


@pytest.fixture
def front(here: serving.Site, app: subprocess.Popen[bytes], tmp_path: Path) -> Iterator[Front]:
    with nginx.front(tmp_path, int(here.url.rpartition(":")[2])) as running:
        yield running


def start(here: serving.Site) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [serving.BIN / "gunicorn", "wsgi:app"], cwd=serving.ROOT, env=here.environ, start_new_session=True, stdout=subprocess.DEVNULL
    )
    serving.wait_until_served(here.url, "/healthz")
    return process


def test_the_file_is_one_that_nginx_takes(here: serving.Site, tmp_path: Path) -> None:
    main, _, _ = nginx.configuration(tmp_path, 8000)
    done = subprocess.run(
        [nginx.find() or "", "-t", "-p", str(tmp_path), "-c", str(main), "-e", str(tmp_path / "e")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr.replace("http2", "")


def test_pages_come_in_three_codings_for_every_way_to_ask(front: Front) -> None:
    answers = {
        asked: front.ask("/", **({"Accept-Encoding": asked} if asked else {}))
        for asked in ("", "identity", "gzip", "GZIP, deflate", "gzip, br", "br;q=1.0, gzip", "br;q=0, gzip", "gzip;q=0", "zstd, br")
    }
    codings = {asked: headers.get("content-encoding", "") for asked, (_, headers, _) in answers.items()}
    assert codings == {
        "": "", "identity": "", "gzip": "gzip", "GZIP, deflate": "gzip", "gzip, br": "br", "br;q=1.0, gzip": "br", "br;q=0, gzip": "gzip",
        "gzip;q=0": "", "zstd, br": "br",
    }  # fmt: skip
    assert {status for status, _, _ in answers.values()} == {200}
    assert {headers["vary"] for _, headers, _ in answers.values()} == {"Accept-Encoding"}
    etag = answers["gzip, br"][1]["etag"]
    assert front.ask("/", **{"Accept-Encoding": "br", "If-None-Match": etag})[0] == 304
    assert front.ask("/", method="HEAD")[2] == b""


def test_files_are_kept_for_a_day_and_addresses_that_only_look_like_it_go_to_the_app(front: Front) -> None:
    style = re.search(rb'href="(/static/site[^"]*)"', front.ask("/")[2])
    assert style and front.ask(style[1].decode())[0] == 200
    for path in ("/static", "/media", "/staticx", "/static/", "/media/x"):
        status, _, page = front.ask(path)
        assert (status, b"<html" in page) == (404, True), path


def test_a_change_shows_within_seconds(here: serving.Site, front: Front) -> None:
    before = front.ask("/headlines")[2]
    slug = json.loads(here.flask("article", "list", "--json"))[0]["slug"]
    environ = {key: value for key, value in here.environ.items() if key != "SITE_URL"}
    assert slug.encode() in before
    serving.Site(here.url, here.instance, environ).flask("article", "unpublish", slug)
    # Where nginx minded what shared caches are told, it would be half a minute.
    serving.wait_until(lambda: slug.encode() not in front.ask("/headlines")[2], "a page without it", seconds=15)
    serving.Site(here.url, here.instance, environ).flask("article", "publish", slug)


def test_forms_pass_through_and_their_answers_are_kept_by_nobody(front: Front) -> None:
    opener_status, headers, _ = front.ask("/register", data=b"name=Zoe&email=no", **OWN)
    assert (opener_status, headers["cache-control"]) == (422, "no-store")
    status, headers, body = front.ask("/register", data=FORM, **OWN)
    assert status == 200 and b"zoe@example.com" not in body  # after its redirect
    assert front.ask("/register", data=b"x" * 70_000, **OWN)[0] == 413


def test_what_is_nobodys_business_is_not_there(front: Front) -> None:
    assert [front.ask(path)[0] for path in ("/metrics", "/readyz", "/healthz")] == [404, 404, 200]


def test_plain_http_leads_to_https(front: Front) -> None:
    with socket.create_connection(("127.0.0.1", front.plain), timeout=serving.LOST) as plain:
        plain.sendall(f"GET /news/x?y=1 HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        answer = plain.makefile("rb").read().decode()
    assert answer.startswith("HTTP/1.1 301") and f"Location: {SITE}/news/x?y=1" in answer


def test_when_the_app_is_gone_pages_stay_and_forms_are_told(app: subprocess.Popen[bytes], here: serving.Site, front: Front) -> None:
    body = front.ask("/")[2]
    serving.kill_group(app)
    time.sleep(1.2)  # past the second that a copy is good for
    status, _, stale = front.ask("/")
    assert (status, stale) == (200, body)
    status, headers, told = front.ask("/register", data=FORM, **OWN)
    assert (status, headers["retry-after"], headers["cache-control"]) == (503, "30", "no-store")
    assert b"it did not reach us" in told
    assert front.ask("/news/not-asked-before")[0] == 503
    again = start(here)
    try:
        assert front.ask("/register", data=FORM, **OWN)[0] == 200
    finally:
        serving.kill_group(again)


def test_two_hundred_slow_clients_keep_nobody_waiting(front: Front) -> None:
    slow: list[ssl.SSLSocket] = []
    context = nginx.unchecked()
    for number in range(200):  # from several addresses: nginx lets one have a hundred connections
        plain = socket.create_connection(("127.0.0.1", front.port), timeout=serving.LOST, source_address=(f"127.0.0.{2 + number % 4}", 0))
        connection = context.wrap_socket(plain, server_hostname=HOST)
        connection.sendall(b"POST /register HTTP/1.1\r\nHost: " + HOST.encode() + b"\r\nContent-Length: 1000\r\n")
        slow.append(connection)
    assert len(slow) == 200
    times = []
    for _ in range(30):
        began = time.monotonic()
        assert front.ask("/register")[0] == 200
        times.append(time.monotonic() - began)
    assert sorted(times)[-3] < 2
    for connection in slow:
        connection.close()


def test_reloading_under_load_loses_no_request(app: subprocess.Popen[bytes], front: Front) -> None:
    statuses: list[int] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            statuses.append(front.ask("/entry")[0])  # not cached: each goes to the app

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        before = len(statuses)
        os.kill(app.pid, signal.SIGHUP)
        try:
            serving.wait_until(lambda: len(statuses) >= before + 60, "answers after a reload", 2 * serving.LOST)  # noqa: B023 - called now
        except AssertionError:
            stop.set()
            raise
    stop.set()
    for thread in threads:
        thread.join()
    assert len(statuses) > 100
    assert set(statuses) == {200}
