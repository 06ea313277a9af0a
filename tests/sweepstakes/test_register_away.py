"""When the database is away: the filled form, and nothing lost."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import time_machine
from flask.testing import FlaskClient, FlaskCliRunner

from tests.sweepstakes.campaigns import NOW, done, enter, open_one
from tests.sweepstakes.entering import entrants, letters, link, post, ticked, typed
from webapp.database import db
from webapp.site import settings


@pytest.fixture
def database_url() -> None:
    """SQLite, of which a second process can lock the file."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """The database held by another process."""
    code = (
        "import sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "connection.execute('BEGIN EXCLUSIVE')\n"
        "print(flush=True)\n"
        "input()"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdin is not None
    assert holder.stdout is not None
    holder.stdout.readline()
    try:
        yield
    finally:
        holder.communicate(b"\n")


def test_a_locked_database_is_a_503_with_the_filled_form(client: FlaskClient, run: FlaskCliRunner, tmp_path: Path) -> None:
    with time_machine.travel(NOW, tick=False):
        open_one(run, tmp_path)
        db.session.remove()
        with locked(Path(settings().database_url.removeprefix("sqlite:///"))):
            response = post(client, newsletter="yes")
        assert response.status_code == 503
        assert response.headers["Retry-After"] == "30"
        assert response.headers["Cache-Control"] == "no-store"
        assert 'value="Ada Reader"' in response.text
        assert 'name="campaign" value="win-100"' in response.text
        assert ticked(response.text) == ["agree", "newsletter"]
        assert entrants() == []
        assert post(client).status_code == 303


@contextmanager
def gone() -> Iterator[None]:
    """The database's file taken away, so that not even a link can be looked up."""
    db.session.remove()
    db.engine.dispose()
    files = list(settings().instance.glob("daily-draw.sqlite3*"))
    for file in files:
        file.rename(file.with_name(f"away-{file.name}"))
    try:
        yield
    finally:
        db.session.remove()
        db.engine.dispose()
        for file in files:
            file.unlink(missing_ok=True)  # an empty one that SQLite has made in its place
            file.with_name(f"away-{file.name}").rename(file)


def test_a_confirmation_comes_back_filled_though_nobody_can_be_looked_up(client: FlaskClient, run: FlaskCliRunner, tmp_path: Path) -> None:
    with time_machine.travel(NOW, tick=False):
        open_one(run, tmp_path)
        post(client)
        page = link(letters(run).text())
        typed = {"name": "Zoë <b>Müller</b>", "newsletter": "yes"}
        with gone():
            response = client.post(page, data=typed)
            foreign = client.post(page, data=typed, headers={"Sec-Fetch-Site": "cross-site"})
            nobodys = client.post("/confirm/nobody", data=typed)
        assert response.status_code == 503
        assert response.headers["Retry-After"] == "30"
        assert response.headers["Cache-Control"] == "no-store"
        assert 'value="Zoë &lt;b&gt;Müller&lt;/b&gt;"' in response.text
        assert ticked(response.text) == ["newsletter"]
        # What is agreed to must be read on our page, which cannot say it now.
        assert foreign.status_code == 503
        assert "Zoë" not in foreign.text
        assert nobodys.status_code == 404
        assert [row.state for row in entrants()] == ["pending"]
        assert client.post(page, data={**typed, "name": "Zoë Müller"}).status_code == 303
        assert [row.state for row in entrants()] == ["confirmed"]


def test_a_claim_comes_back_filled_though_nobody_can_be_looked_up(client: FlaskClient, run: FlaskCliRunner, tmp_path: Path) -> None:
    claim = {"address": "Ada Reader\n12 Elm Street", "city": "Austin", "region": "TX", "postcode": "78701", "payout": "check"}
    claim |= {"eligible": "yes", "publish": "yes"}
    with time_machine.travel(NOW, tick=False):
        open_one(run, tmp_path)
        enter(3)
        done(run, "close", "win-100", "--now", "--yes")
        done(run, "draw", "win-100")
        texts = [str(body.get_content()) for letter in letters(run).all() if (body := letter.get_body(("plain",)))]
        page = link(next(text for text in texts if "/claim/" in text), "/claim/")
        with gone():
            response = client.post(page, data=claim)
        assert response.status_code == 503
        assert response.headers["Retry-After"] == "30"
        assert "Ada Reader\n12 Elm Street</textarea>" in response.text
        for typed in ("Austin", "TX", "78701"):
            assert f'value="{typed}"' in response.text
        assert 'value="check" required checked' in response.text
        assert ticked(response.text) == ["eligible", "publish"]
        assert client.post(page, data=claim).status_code == 303
        with locked(Path(settings().database_url.removeprefix("sqlite:///"))):
            held = client.post(page, data={**claim, "city": "Dallas"})
        assert held.status_code == 503
        assert 'value="Dallas"' in held.text


def test_who_asks_for_a_link_gets_the_filled_form(client: FlaskClient, run: FlaskCliRunner) -> None:
    with gone():
        response = client.post("/entry", data={"email": "zoe@example.com"})
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "30"
    assert 'value="zoe@example.com"' in response.text


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "cross-site"}], ids=["untold", "foreign"])
@pytest.mark.parametrize("email", ["zoe@example.com", "zoe"])
def test_who_asks_for_a_link_in_any_way_gets_the_filled_form(client: FlaskClient, headers: dict[str, str], email: str) -> None:
    with gone():
        response = client.post("/entry", data={"email": email}, headers=headers)
    assert response.status_code == 503
    assert f'value="{email}"' in response.text


def test_a_foreign_page_ticks_no_box_of_ours_while_the_database_is_away(client: FlaskClient, run: FlaskCliRunner, tmp_path: Path) -> None:
    with time_machine.travel(NOW, tick=False):
        open_one(run, tmp_path)
        with gone():
            response = client.post("/register", data=typed(newsletter="yes"), headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 503
    assert 'value="Ada Reader"' in response.text
    assert ticked(response.text) == []
