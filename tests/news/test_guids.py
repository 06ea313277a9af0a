"""What feeds call an article: the same for good, whatever becomes of its address."""

from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as Tree

import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from flask_migrate import Migrate, downgrade, upgrade
from sqlalchemy import text

from tests.news.importing_tools import faults, imported, write
from tests.news.test_export import exported, files, forget_everything
from webapp.database import db, writing
from webapp.news.importing import read_edition
from webapp.news.storing import ChangedMeanwhile, store
from webapp.ops.installing import MIGRATIONS
from webapp.site import settings

NOW = datetime(2024, 12, 9, tzinfo=UTC)
ATOM = "{http://www.w3.org/2005/Atom}"


def ids(client: FlaskClient) -> dict[str, str]:
    """Address → id of the articles in the feeds, the last part of each. All three feeds say the same."""
    items = Tree.fromstring(client.get("/feed.xml").data).findall("channel/item")
    entries = Tree.fromstring(client.get("/atom.xml").data).findall(f"{ATOM}entry")
    rss = {item.findtext("link"): item.findtext("guid") for item in items}
    assert all(item.find("guid").get("isPermaLink") == "false" for item in items)  # type: ignore[union-attr]
    assert rss == {entry.find(f"{ATOM}link").get("href"): entry.findtext(f"{ATOM}id") for entry in entries}  # type: ignore[union-attr]
    assert rss == {item["url"]: item["id"] for item in client.get("/feed.json").get_json()["items"]}
    start = f"{settings().site_url}/news/"
    return {str(address).removeprefix(start): str(guid).removeprefix(start) for address, guid in rss.items()}


def test_an_article_that_moves_is_the_same_to_readers_of_feeds(run: FlaskCliRunner, client: FlaskClient, tmp_path: Path) -> None:
    write(tmp_path, "rain.md")
    imported(run, tmp_path)
    assert ids(client) == {"rain": "rain"}
    (tmp_path / "rain.md").unlink()
    write(tmp_path, "rain-at-last.md", more="aliases: [rain]\n")
    imported(run, tmp_path)
    assert ids(client) == {"rain-at-last": "rain"}
    assert "id:          rain\n" in run.invoke(args=["article", "show", "rain-at-last"]).stdout


def test_a_new_article_at_an_address_that_was_given_up_gets_an_id_of_its_own(
    run: FlaskCliRunner, client: FlaskClient, tmp_path: Path
) -> None:
    write(tmp_path, "rain.md")
    imported(run, tmp_path)
    (tmp_path / "rain.md").unlink()
    write(tmp_path, "old.md", more="aliases: [rain]\n")
    imported(run, tmp_path)
    write(tmp_path, "old.md")
    write(tmp_path, "rain.md", title="Another rain")
    write(tmp_path, "rain-2.md", title="A third rain")
    imported(run, tmp_path)
    assert ids(client) == {"old": "rain", "rain-2": "rain-2", "rain": "rain-3"}
    assert len(imported(run, tmp_path)["unchanged"]) == 3


def test_ids_go_through_export_and_import(run: FlaskCliRunner, client: FlaskClient, tmp_path: Path) -> None:
    write(tmp_path / "in", "2024.md", title="A year")
    write(tmp_path / "in", "hail.md", title="Hail")
    imported(run, tmp_path / "in")
    (tmp_path / "in/2024.md").unlink()
    write(tmp_path / "in", "the-year.md", title="A year", more='aliases: ["2024"]\n')
    imported(run, tmp_path / "in")
    before = ids(client)
    assert before == {"the-year": "2024", "hail": "hail"}
    exported(run, tmp_path / "one")
    first = files(tmp_path / "one")
    assert first["the-year.md"].startswith(b'---\nid: "2024"\ntitle: A year\n') and b"id:" not in first["hail.md"]
    assert imported(run, tmp_path / "one")["changed"] == ["the-year"]  # its file says now what only the database knew
    forget_everything()
    imported(run, tmp_path / "one")
    assert ids(client) == before
    exported(run, tmp_path / "two")
    assert files(tmp_path / "two") == first


def test_an_id_is_never_changed_nor_given_twice(run: FlaskCliRunner, client: FlaskClient, tmp_path: Path) -> None:
    write(tmp_path, "rain.md")
    imported(run, tmp_path)
    write(tmp_path, "rain.md", more="id: hail\n")
    write(tmp_path, "a.md", more="id: rain\n")
    write(tmp_path, "b.md", more="id: snow\n")
    write(tmp_path, "c.md", more="id: snow\n")
    write(tmp_path, "d.md", more="id: No Slug\n")
    found = {(Path(fault["file"]).name, fault["line"], fault["reason"]) for fault in faults(run, tmp_path)}
    assert found == {("d.md", 4, "'No Slug' is not a slug: at most 80 of a-z, 0-9 and single hyphens")} | {
        ("rain.md", 4, "the article's id is 'rain' already, and stays so: feeds' readers know it by that"),
        ("a.md", 4, "'rain' is the id of rain"),
        ("c.md", 4, f"'snow' is the id of {tmp_path}/b.md"),
    }
    for name in ("a.md", "c.md", "d.md"):
        (tmp_path / name).unlink()
    write(tmp_path, "rain.md", more="id: rain\n")
    write(tmp_path, "snow.md")
    imported(run, tmp_path)
    assert ids(client) == {"rain": "rain", "b": "snow", "snow": "snow-2"}


def test_an_id_that_somebody_else_took_meanwhile_is_not_given_again(run: FlaskCliRunner, tmp_path: Path) -> None:
    path = write(tmp_path, "a.md", more="id: rain\n")
    plan = read_edition(db.session(), [path], media=settings().media, paper="The Paper", now=NOW)
    imported(run, write(tmp_path / "theirs", "b.md", more="id: rain\n"))
    with pytest.raises(ChangedMeanwhile), writing() as session:
        store(session, plan, now=NOW)


def test_articles_from_before_keep_the_ids_that_feeds_have_given_them(
    app: Flask, run: FlaskCliRunner, client: FlaskClient, tmp_path: Path
) -> None:
    write(tmp_path, "rain.md")
    write(tmp_path, "hail.md", title="Hail")
    imported(run, tmp_path)
    db.session.remove()
    Migrate(app, db, directory=str(MIGRATIONS))
    downgrade(revision="0015")
    with db.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM news_article")).scalar() == 2
    upgrade()
    assert ids(client) == {"rain": "rain", "hail": "hail"}
