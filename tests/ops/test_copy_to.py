"""A live paper moves to the other database while it is read: nothing is lost, nobody writes to the old one afterwards."""

import http.client
import json
import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import create_engine, text

from tests.ops.faulting import FORM
from tests.ops.test_backup import another, contents, lived_in, refused, succeed
from tests.serving import LOST, Site, inbox, installed_site, kill_group, wait_until, web
from tests.sweepstakes.campaigns import NOW, done, enter, open_one
from tests.sweepstakes.entering import typed
from webapp.database import db


@pytest.fixture
def destination(database_url: str | None, empty_postgresql: str, tmp_path: Path) -> str:
    """The other kind of database, without a table."""
    return f"sqlite:///{tmp_path / 'moved.sqlite3'}" if database_url else empty_postgresql


def test_the_other_database_holds_the_same_to_the_byte(app: Flask, run: FlaskCliRunner, tmp_path: Path, destination: str) -> None:
    with time_machine.travel(NOW, tick=False):
        lived_in(app.test_client(), run, tmp_path)
        before, verified = contents(), json.loads(done(run, "verify", "win-100", "--json"))
        told = succeed(run, "copy-to", destination, "--yes")
        assert f"root {verified['root']}" in told
        assert "DATABASE_URL=" in told
        assert "moved to" in refused(run, "copy-to", f"sqlite:///{tmp_path / 'again.sqlite3'}", "--yes")
        assert "moved to" in refused(run, "backup", tmp_path / "late.zip")
        with another(app.extensions["settings"].instance, destination) as there:
            assert contents() == before
            assert json.loads(done(there, "verify", "win-100", "--json")) == verified
            # What comes next gets ids that nobody has, and the log's triggers are there.
            open_one(there, tmp_path, (tmp_path / "campaign.toml").read_text().replace('"win-100"', '"win-200"'), slug="win-200")
            enter(3, slug="win-200")
            done(there, "close", "win-200", "--now", "--yes")
            done(there, "draw", "win-200")
            with pytest.raises(Exception, match="append-only"), db.engine.begin() as connection:
                connection.exec_driver_sql("UPDATE draw_leaf SET type = 'x'")
            assert "win-200" in succeed(there, "sweepstakes", "list")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("mysql://root@127.0.0.1/x", "Write postgresql://user:password@host/name"),
        ("nonsense", "Write postgresql://user:password@host/name"),
        ("sqlite:///relative.sqlite3", "sqlite:////absolute/path"),
        ("postgresql://daily@127.0.0.1:1/none", "The database does not answer as it should"),
        ("sqlite:////nowhere/at/all.sqlite3", "unable to open database file"),
    ],
)
def test_a_destination_that_cannot_be_is_a_sentence(run: FlaskCliRunner, url: str, sentence: str) -> None:
    assert sentence in refused(run, "copy-to", url, "--yes")


def test_nothing_moves_onto_itself_or_onto_anything(app: Flask, run: FlaskCliRunner, tmp_path: Path, destination: str) -> None:
    with time_machine.travel(NOW, tick=False):
        open_one(run, tmp_path)
        assert "in use already" in refused(run, "copy-to", app.config["SQLALCHEMY_DATABASE_URI"], "--yes")
        with another(tmp_path / "taken", destination) as there:
            succeed(there, "init")
            open_one(there, tmp_path)
        assert "is not empty" in refused(run, "copy-to", destination, "--yes")
        succeed(run, "sweepstakes", "list")
        enter(1)  # nothing is marked, nothing held


@dataclass
class Readers:
    """People who read and who register, all the time."""

    here: Site
    stop: threading.Event = field(default_factory=threading.Event)
    pages: Counter[int] = field(default_factory=Counter)
    posts: Counter[int] = field(default_factory=Counter)
    stored: list[str] = field(default_factory=list)
    filled: list[bool] = field(default_factory=list)
    slowest: float = 0

    def _ask(self, method: str, path: str, body: str | None = None) -> tuple[int, str]:
        began = time.monotonic()
        with closing(http.client.HTTPConnection(urlsplit(self.here.url).netloc, timeout=LOST)) as connection:
            connection.request(method, path, body, FORM if body else {})
            answer = connection.getresponse()
            page = answer.read().decode()
        self.slowest = max(self.slowest, time.monotonic() - began)
        return answer.status, page

    def read(self) -> None:
        while not self.stop.wait(0.02):
            self.pages[self._ask("GET", "/draws/win-100")[0]] += 1

    def register(self, who: str) -> None:
        number = 0
        while not self.stop.wait(0.02):
            email = f"{who}{number}@example.com"
            status, page = self._ask("POST", "/register", urlencode(typed(email=email)))
            self.posts[status] += 1
            if status == 303:
                self.stored.append(email)
            elif status == 503:
                self.filled.append(f'value="{email}"' in page)
            number += 1


def rows(url: str, statement: str) -> Any:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return connection.execute(text(statement)).scalar()
    finally:
        engine.dispose()


@pytest.mark.slow
@pytest.mark.parametrize("direction", ["to postgresql", "to sqlite"])
def test_readers_notice_a_move_only_when_they_post(tmp_path: Path, empty_postgresql: str, direction: str) -> None:
    lite = f"sqlite:///{tmp_path / 'lite.sqlite3'}"
    old, new = (lite, empty_postgresql) if direction == "to postgresql" else (empty_postgresql, lite)
    with inbox() as box:
        more = {"LIMITS": "off", "MAIL_URL": f"smtp://127.0.0.1:{box.port}"}
        here = installed_site(tmp_path / "instance", DATABASE_URL=old, **more)
        here.flask("demo", "--entrants", "500")
        process = web(here)
        readers = Readers(here)
        threads = [threading.Thread(target=readers.read), *(threading.Thread(target=readers.register, args=(who,)) for who in "abc")]
        try:
            for thread in threads:
                thread.start()
            wait_until(lambda: readers.posts[303] >= 20, "entries", 3 * LOST)
            told = json.loads(here.flask("copy-to", new, "--yes", "--json"))
            after = readers.posts[503]
            wait_until(lambda: readers.posts[503] >= after + 20, "refusals: the old workers obey the mark", 3 * LOST)
        finally:
            readers.stop.set()
            for thread in threads:
                thread.join()
            kill_group(process)
        assert set(readers.pages) == {200}
        assert set(readers.posts) == {303, 503}
        assert all(readers.filled)
        assert readers.slowest < 30, "somebody was kept waiting"
        there = Site(here.url, here.instance, {**here.environ, "DATABASE_URL": new})
        for table in ("sweepstakes_entrant", "mail_outbox", "draw_leaf"):
            assert rows(old, f"SELECT count(*) FROM {table}") == rows(new, f"SELECT count(*) FROM {table}") == told["rows"][table]
        assert len(readers.stored) == rows(new, "SELECT count(*) FROM sweepstakes_entrant WHERE NOT made_up")
        for slug in told["logs"]:
            verified = [json.loads(site.flask("sweepstakes", "verify", slug, "--json")) for site in (here, there)]
            assert verified[0] == verified[1]
            assert verified[0]["root"] == told["logs"][slug]["root"]
        moved = web(there)
        try:
            other = Readers(there)
            assert other._ask("POST", "/register", urlencode(typed(email="new@example.com")))[0] == 303
        finally:
            kill_group(moved)
