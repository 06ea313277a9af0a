"""A form of who is known is written to the disk as that of somebody new: the wait for the disk is most of what it takes."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from flask.testing import FlaskClient, FlaskCliRunner

from tests.sweepstakes.campaigns import NOW, open_one
from tests.sweepstakes.entering import entrants, letters, link, post
from webapp.site import settings


@pytest.fixture
def database_url() -> None:
    """SQLite, which leaves out the write, and the wait, where a row would be written as it was."""


@pytest.fixture
def environ() -> dict[str, str]:
    return {"LIMITS": "off"}  # whose counters would be written, too


@pytest.mark.parametrize("kind", ["new", "pending", "confirmed", "excluded"])
def test_every_form_waits_for_the_disk(client: FlaskClient, run: FlaskCliRunner, tmp_path: Path, kind: str) -> None:
    with time_machine.travel(NOW, tick=False):
        open_one(run, tmp_path)
        if kind != "new":
            post(client)
        if kind in {"confirmed", "excluded"}:
            client.post(link(letters(run).text()), data={"name": "Ada Reader"})
        if kind == "excluded":
            done = run.invoke(args=["entrant", "exclude", "win-100", "--entry", "1", "--reason", "automated", "--yes"])
            assert done.exit_code == 0, done.output
        post(client)  # today's letter is owed
        with closing(sqlite3.connect(settings().database_url.removeprefix("sqlite:///"))) as beside:
            before = beside.execute("PRAGMA data_version").fetchone()
            assert post(client, email="ada@example.com" if kind != "new" else "new@example.com").status_code == 303
            assert beside.execute("PRAGMA data_version").fetchone() != before
        assert {row.token_counter for row in entrants()} == {0}


@pytest.mark.parametrize("email", ["ada@example.com", "bob@example.com", "nobody@example.com"])
@pytest.mark.parametrize("open_now", [True, False])
def test_asking_for_a_link_waits_for_the_disk_whether_or_not_there_is_a_letter(
    client: FlaskClient, run: FlaskCliRunner, tmp_path: Path, email: str, open_now: bool
) -> None:
    with time_machine.travel(NOW, tick=False):
        if open_now:  # without, there is no entrant at all
            open_one(run, tmp_path)
            post(client)
        client.post("/newsletter", data={"email": "bob@example.com"})
        client.post("/entry", data={"email": email})  # this hour's letter, if there is one, is owed
        with closing(sqlite3.connect(settings().database_url.removeprefix("sqlite:///"))) as beside:
            before = beside.execute("PRAGMA data_version").fetchone()
            assert client.post("/entry", data={"email": email}).status_code == 303
            assert beside.execute("PRAGMA data_version").fetchone() != before
        assert {row.token_counter for row in entrants()} <= {0}


@pytest.mark.parametrize("known", [False, True])
def test_asking_for_the_newsletter_waits_for_the_disk(client: FlaskClient, known: bool) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        if known:
            client.post("/newsletter", data={"email": "ada@example.com"})
        clock.shift(timedelta(microseconds=1))
        with closing(sqlite3.connect(settings().database_url.removeprefix("sqlite:///"))) as beside:
            before = beside.execute("PRAGMA data_version").fetchone()
            assert client.post("/newsletter", data={"email": "ada@example.com"}).status_code == 303
            assert beside.execute("PRAGMA data_version").fetchone() != before
