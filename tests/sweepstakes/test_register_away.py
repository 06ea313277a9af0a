"""When the database is away: the filled form, and nothing lost."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import time_machine
from flask.testing import FlaskClient, FlaskCliRunner

from tests.sweepstakes.campaigns import NOW, open_one
from tests.sweepstakes.entering import entrants, post, ticked
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
