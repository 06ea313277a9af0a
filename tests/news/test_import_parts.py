"""A large import is stored in parts: broken off at any moment it goes on when it is repeated, and nobody waits long for it."""

import json
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient, FlaskCliRunner

from tests.news.importing_tools import imported, picture, put, write
from tests.serving import BIN, Site, installed_site
from webapp.config import ROOT
from webapp.database import db, writing
from webapp.news import cli
from webapp.news.importing import Plan, read_edition
from webapp.news.storing import in_parts, store
from webapp.site import settings

MANY = 700
NOW = datetime(2024, 12, 9, 8, 0, tzinfo=UTC)


def edition(folder: Path, count: int) -> Path:
    put(folder, "p.jpg", picture())
    for number in range(count):
        text = f"It rained for the {number}th time.\n\n![Rain](p.jpg)" if not number % 100 else "It rained."
        write(folder, f"n{number}.md", text, title=f"Rain {number}", more="tags: [Rain, Weather]\nauthors: [Ann Lee]\n")
    return folder


def stored(database: Path) -> int:
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        found: int = connection.execute("SELECT count(*) FROM news_article").fetchone()[0]
        return found
    finally:
        connection.close()


def killed_in_the_middle(here: Site, folder: Path, database: Path) -> int:
    """Import `folder`, and kill that once something of it is stored; how much. All of it: the kill came too late."""
    process = subprocess.Popen(
        [str(BIN / "flask"), "--app", "wsgi", "article", "import", str(folder)], cwd=ROOT, env=here.environ, stdout=subprocess.DEVNULL
    )
    while not stored(database) and process.poll() is None:
        time.sleep(0.002)
    process.kill()
    assert process.wait() in {-signal.SIGKILL, 0}
    return stored(database)


def test_an_import_that_was_killed_goes_on_when_it_is_repeated(tmp_path: Path) -> None:
    folder = edition(tmp_path / "edition", MANY)
    for attempt in range(5):
        here = installed_site(tmp_path / str(attempt))
        database = here.instance / "daily-draw.sqlite3"
        before = killed_in_the_middle(here, folder, database)
        if before < MANY:
            break
    assert 0 < before < MANY
    again = json.loads(here.flask("article", "import", "--json", str(folder)))
    assert (len(again["new"]), len(again["changed"]), len(again["unchanged"])) == (MANY - before, 0, before)
    assert again["pictures"] == 0
    connection = sqlite3.connect(database)
    for table in ("news_article", "news_search", "news_byline"):
        assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (MANY,)
    connection.close()
    assert len(json.loads(here.flask("article", "import", "--json", str(folder)))["unchanged"]) == MANY


def test_an_address_changes_hands_in_one_part_of_a_large_import(run: FlaskCliRunner, client: FlaskClient, tmp_path: Path) -> None:
    write(tmp_path, "giver.md", title="Giver", more="aliases: [old]\n")
    imported(run, tmp_path)
    write(tmp_path, "giver.md", "It hailed.", title="Giver")
    for number in range(120):
        write(tmp_path, f"a{number}.md", title=f"Rain {number}")
    write(tmp_path, "a.md", title="Taker", more="aliases: [old]\n")
    write(tmp_path, "z.md", title="Last")
    facts = imported(run, tmp_path)
    assert (len(facts["new"]), facts["changed"]) == (122, ["giver"])
    assert client.get("/news/old").location == "/news/a"
    assert client.get("/news/z").status_code == 200


def test_an_import_that_ends_early_says_how_much_it_stored(
    run: FlaskCliRunner, client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(150):
        write(tmp_path / "ours", f"a{number:03}.md", title=f"Rain {number}")

    def interrupted(plan: Plan) -> Iterator[Plan]:
        first, second = in_parts(plan)
        yield first
        other = write(tmp_path / "theirs", "a149.md", "Theirs.", title="Theirs")
        with writing() as session:
            store(session, read_edition(db.session(), [other], media=settings().media, paper="The Paper", now=NOW), now=NOW)
        yield second

    monkeypatch.setattr(cli, "in_parts", interrupted)
    result = run.invoke(args=["article", "import", str(tmp_path / "ours")])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "Error: Other articles were stored while these files were read; theirs were left alone. "
        "100 articles were stored before. Import again.\n"
    )
    monkeypatch.undo()
    assert client.get("/news/a099").status_code == 200
    assert client.get("/news/a100").status_code == 404
    facts = imported(run, tmp_path / "ours")
    assert (len(facts["new"]), facts["changed"], len(facts["unchanged"])) == (49, ["a149"], 100)
