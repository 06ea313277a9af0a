"""What watches the site is told the truth: up, ready, figures, and a log without anybody in it."""

import json
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner

from tests import serving
from tests.sweepstakes.campaigns import NOW, open_one
from tests.sweepstakes.entering import letters, link, post
from webapp.clock import now
from webapp.config import ROOT
from webapp.database import db
from webapp.ops import tick

TOKEN = "a-long-token-for-figures"


@pytest.fixture
def environ() -> dict[str, str]:
    return {"METRICS_TOKEN": TOKEN}


def test_healthz_answers_without_disk_or_database(app: Flask, client: FlaskClient) -> None:
    db.session.remove()
    asked: list[str] = []
    from sqlalchemy import event

    event.listen(db.engine, "checkout", lambda *_: asked.append("database"))
    assert (client.get("/healthz").status_code, client.get("/healthz").text, asked) == (200, "ok\n", [])


def test_ready_with_warnings_is_ready_unless_asked_strictly(client: FlaskClient) -> None:
    told = client.get("/readyz")
    assert (told.status_code, told.json["ready"], told.json["problems"]) == (200, True, [])  # type: ignore[index]
    assert "No tick ever" in told.json["warnings"][0]  # type: ignore[index]
    assert client.get("/readyz?strict=1").status_code == 503
    tick(now=now())
    assert client.get("/readyz?strict=1").json == {"ready": True, "problems": [], "warnings": []}


def test_a_schema_behind_the_code_is_not_ready_and_one_ahead_is(app: Flask, client: FlaskClient) -> None:
    with db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    told = client.get("/readyz")
    assert told.status_code == 503
    assert "Run `flask init`" in told.json["problems"][0]  # type: ignore[index]
    with db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    told = client.get("/readyz")
    assert told.status_code == 200
    assert "newer than this code" in told.json["warnings"][0]  # type: ignore[index]


def test_figures_are_for_this_machine_or_for_the_token(client: FlaskClient) -> None:
    assert client.get("/metrics").status_code == 200
    elsewhere = {"environ_base": {"REMOTE_ADDR": "203.0.113.7"}}
    assert client.get("/metrics", **elsewhere).status_code == 403  # type: ignore[arg-type]
    assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}, **elsewhere).status_code == 403  # type: ignore[arg-type]
    assert client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, **elsewhere).status_code == 200  # type: ignore[arg-type]


def test_figures_name_routes_never_addresses(client: FlaskClient) -> None:
    client.get("/headlines")
    client.get("/confirm/some-secret-token")
    client.get("/no/such/page-zoe@example.com")
    client.open("/headlines", method="ZOE")
    text = client.get("/metrics").text
    assert re.search(r'daily_draw_requests_total\{method="GET",route="/confirm/<token>",status="\d+"\} \d', text)
    assert 'route="none",status="404"' in text
    assert 'method="other"' in text
    assert "secret" not in text and "zoe" not in text.lower()
    assert "daily_draw_database_up 1.0" in text
    assert 'daily_draw_letters{state="dead"} 0.0' in text
    assert re.search(r'daily_draw_page_cache_total\{answer="misses"\} \d', text)


def test_figures_tell_what_readers_did(client: FlaskClient, run: FlaskCliRunner, tmp_path: Path) -> None:
    def figure(series: str) -> float:
        found = re.search(rf"^{re.escape(series)} (\S+)$", client.get("/metrics").text, re.MULTILINE)
        return float(found[1]) if found else 0

    with time_machine.travel(NOW, tick=False):
        open_one(run, tmp_path)
        series = (
            'daily_draw_form_posts_total{form="register",verdict="ours"}',
            'daily_draw_registrations_total{outcome="new"}',
            'daily_draw_confirmations_total{outcome="confirmed"}',
            'daily_draw_letters{state="new"}',
        )
        before = [figure(one) for one in series]
        post(client)
        assert [figure(one) - was for one, was in zip(series, before, strict=True)] == [1, 1, 0, 1]
        client.post(link(letters(run).text()), data={"name": "Ada Reader"})
        assert figure(series[2]) - before[2] == 1


def test_a_request_id_of_a_proxy_is_kept_and_anything_else_replaced(client: FlaskClient) -> None:
    own = "0123456789abcdef0123456789abcdef"
    assert client.get("/", headers={"X-Request-ID": own}).headers["X-Request-ID"] == own
    for given in ("zoe@example.com", "x" * 500, "", "0123"):
        assert re.fullmatch(r"[0-9a-f]{16}", client.get("/", headers={"X-Request-ID": given}).headers["X-Request-ID"])


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[serving.Site, Path]]:
    """A site under gunicorn whose log goes to a file."""
    folder = tmp_path_factory.mktemp("watched")
    here = serving.installed_site(folder / "instance", LIMITS="off")
    log = folder / "log"
    with log.open("wb") as file:
        process = subprocess.Popen([serving.BIN / "gunicorn", "wsgi:app"], cwd=ROOT, env=here.environ, stdout=file, stderr=file)
    serving.wait_until_served(here.url)
    yield here, log
    process.terminate()
    process.wait(timeout=2 * serving.LOST)


def ask(url: str, data: bytes | None = None, **headers: str) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=data, headers=headers), timeout=serving.LOST) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_the_log_is_json_lines_with_the_request_id_and_nobody_in_it(logged: tuple[serving.Site, Path]) -> None:
    here, log = logged
    here.flask("demo")
    own = "fedcba9876543210fedcba9876543210"
    form = b"name=Zoe+Quill&email=zoe.quill%40example.com&agree=yes"
    assert ask(here.url + "/register", form, **{"Sec-Fetch-Site": "same-origin", "X-Request-ID": own}) == 200  # after its redirect
    assert ask(here.url + "/confirm/secret-token-of-zoe") in {404, 410}
    assert ask(here.url + "/headlines?q=zoe.quill") == 200
    assert ask(here.url + "/zoe.quill@example.com", **{"User-Agent": "zoe-browser", "Referer": "https://example.org/zoe"}) == 404

    def posted() -> list[Any]:
        whole = log.read_text().rpartition("\n")[0].splitlines()
        return [line for line in map(json.loads, whole) if line.get("request") == own]

    def told() -> set[tuple[str, str, int]]:
        return {(line["method"], line["route"], line["status"]) for line in posted() if "route" in line}

    # A line may come after its answer. urllib takes the header along.
    serving.wait_until(lambda: told() == {("POST", "/register", 303), ("GET", "/register/thanks", 200)}, lambda: str(told()))
    assert {"registrations", None} <= {line.get("event") for line in posted()}
    assert {"time", "ms", "bytes"} <= posted()[-1].keys() | posted()[0].keys()
    serving.wait_until(lambda: '"status": 404' in log.read_text().splitlines()[-1], log.read_text)
    text = log.read_text().lower()
    assert not [word for word in ("zoe", "quill", "secret-token", "@", "127.0.0.1,", "mozilla", "referer") if word in text]


def test_figures_are_those_of_all_workers(logged: tuple[serving.Site, Path]) -> None:
    here, _ = logged
    for _ in range(40):
        ask(here.url + "/register")

    def counted() -> int:
        with urllib.request.urlopen(here.url + "/metrics", timeout=serving.LOST) as answer:
            text = answer.read().decode()
        found = re.search(r'daily_draw_requests_total\{method="GET",route="/register",status="200"\} (\d+)', text)
        return int(found[1]) if found else 0

    serving.wait_until(lambda: counted() >= 40, "forty requests in the figures")


def test_an_unexpected_error_is_noted_with_its_reference_and_without_its_words(
    app: Flask, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    from webapp.logs import JsonLines

    app.testing = False
    app.view_functions["ops.healthz"] = lambda: {}["zoe@example.com"]  # type: ignore[misc,index]
    answer = app.test_client().get("/healthz?zoe=1")
    assert answer.status_code == 500
    assert answer.headers["X-Request-ID"] in answer.text
    lines = [JsonLines().format(record) for record in caplog.records if record.exc_info]
    line = json.loads(lines[0])
    assert (line["error"], line["route"], line["event"]) == ("KeyError", "/healthz", "unexpected")
    assert "zoe@" not in lines[0]
