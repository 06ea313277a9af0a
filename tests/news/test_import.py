"""`flask article import`, `list` and `show`: through the commands, on both databases."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from flask.testing import FlaskClient, FlaskCliRunner
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.news.importing_tools import faults, imported, picture, put, write
from webapp.database import db, writing
from webapp.news import known
from webapp.news.importing import read_edition
from webapp.news.models import Alias, Article
from webapp.news.storing import ChangedMeanwhile, store
from webapp.site import settings

NOW = datetime(2024, 12, 9, 8, 0, tzinfo=UTC)


def stored(session: Session, slug: str) -> Article:
    session.rollback()
    session.expire_all()
    return session.scalars(select(Article).where(Article.slug == slug)).one()


def count(session: Session) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(Article)) or 0


def test_every_field_is_stored_as_the_file_says_it(run: FlaskCliRunner, session: Session, tmp_path: Path) -> None:
    more = """slug: rain
aliases: [wet, very-wet]
section: Weather
standfirst: It rained, and  it
  rained.
authors:
  - Ann Lee
  - Bo Ek
tags: Rain
updated: 2024-12-09T10:00:00+01:00
correction: It was hail.
lead: true
ads: false
"""
    path = write(tmp_path / "edition", "a.md", "One **two** three.", more=more)
    assert imported(run, tmp_path / "edition")["new"] == ["rain"]
    article = stored(session, "rain")
    assert (article.headline, article.section, article.standfirst) == ("Rain at last", "Weather", "It rained, and it rained.")
    assert (article.authors, article.tags, article.words) == (["Ann Lee", "Bo Ek"], ["Rain"], 3)
    assert article.published == datetime(2024, 12, 8, 21, 40, tzinfo=UTC)
    assert article.updated == datetime(2024, 12, 9, 9, 0, tzinfo=UTC)
    assert (article.correction, article.lead, article.ads, article.made_up) == ("It was hail.", True, False, False)
    assert {alias.slug for alias in article.aliases} == {"wet", "very-wet"}
    assert article.body == "<p>One <strong>two</strong> three.</p>"
    assert article.source == path.read_text()


def test_the_slug_comes_from_the_file_name_if_none_is_given(run: FlaskCliRunner, tmp_path: Path) -> None:
    assert imported(run, write(tmp_path, "Schön, œuvre № 3.md"))["new"] == ["schon-oeuvre-no-3"]


def test_an_imported_article_is_a_page_and_its_alias_leads_there(run: FlaskCliRunner, client: FlaskClient, tmp_path: Path) -> None:
    put(tmp_path, "pictures/rain.jpg", picture())
    text = 'Rain.\n\n## Where\n\n![A street](pictures/rain.jpg "A street. (Photo: Ann Lee)")\n\n> Wet.\n> — Bo Ek, baker\n\n[Here](#where).'
    imported(run, write(tmp_path, "rain.md", text, more="aliases: wet\n"))
    page = client.get("/news/rain").get_data(as_text=True)
    assert "Photo: Ann Lee" in page and "<figcaption>— Bo Ek, baker</figcaption>" in page
    moved = client.get("/news/wet")
    assert (moved.status_code, moved.location) == (301, "/news/rain")


def test_a_second_import_changes_nothing(run: FlaskCliRunner, session: Session, tmp_path: Path) -> None:
    put(tmp_path, "p.jpg", picture())
    write(tmp_path, "a.md", "![Rain](p.jpg)", title="A")
    write(tmp_path, "b.md", title="B")
    assert imported(run, tmp_path) == {
        "new": ["a", "b"], "changed": [], "unchanged": [], "moved": {}, "pictures": 1, "dry_run": False,
    }  # fmt: skip
    before = stored(session, "a").id
    assert imported(run, tmp_path) == {
        "new": [], "changed": [], "unchanged": ["a", "b"], "moved": {}, "pictures": 0, "dry_run": False,
    }  # fmt: skip
    assert stored(session, "a").id == before
    assert imported(run, tmp_path, options=("--again",))["changed"] == ["a", "b"]


def test_a_corrected_text_or_picture_replaces_the_old_one_and_keeps_the_article(
    run: FlaskCliRunner, session: Session, tmp_path: Path
) -> None:
    put(tmp_path, "p.jpg", picture())
    write(tmp_path, "a.md", "![Rain](p.jpg)", title="A", more="aliases: [old, older]\n")
    write(tmp_path, "b.md", title="B")
    imported(run, tmp_path)
    first = stored(session, "a").id
    write(tmp_path, "b.md", "It hailed.", title="B")
    assert imported(run, tmp_path)["changed"] == ["b"]
    assert stored(session, "b").body == "<p>It hailed.</p>"
    put(tmp_path, "p.jpg", picture(colour="navy"))
    facts = imported(run, tmp_path)
    assert (facts["changed"], facts["unchanged"], facts["pictures"]) == (["a"], ["b"], 1)
    write(tmp_path, "a.md", "![Rain](p.jpg)\n\n![Snow](p.jpg)", title="A", more="aliases: [older, oldest]\n")
    imported(run, tmp_path)
    article = stored(session, "a")
    assert article.id == first
    assert [figure.alt for figure in article.figures] == ["Rain", "Snow"]
    assert {alias.slug for alias in article.aliases} == {"older", "oldest"}


def test_one_fault_keeps_everything_out(run: FlaskCliRunner, session: Session, tmp_path: Path) -> None:
    put(tmp_path, "p.jpg", picture())
    write(tmp_path, "a.md", "![Rain](p.jpg)", title="A")
    write(tmp_path, "b.md", title="B", more="colour: red\n")
    result = run.invoke(args=["article", "import", str(tmp_path)])
    assert result.exit_code == 1
    assert f"{tmp_path}/b.md:4: 'colour' is not a field. The fields are title, slug," in result.stderr
    assert "Nothing was imported: 1 fault." in result.stderr
    assert count(session) == 0
    assert list(settings().media.iterdir()) == []


def test_a_dry_run_says_what_would_be_done_and_does_nothing(run: FlaskCliRunner, session: Session, tmp_path: Path) -> None:
    put(tmp_path, "p.jpg", picture())
    write(tmp_path, "a.md", "![Rain](p.jpg)")
    assert imported(run, tmp_path, options=("--dry-run",))["new"] == ["a"]
    assert count(session) == 0
    assert list(settings().media.iterdir()) == []
    assert "Nothing was done. It would be: 1 new" in run.invoke(args=["article", "import", "--dry-run", str(tmp_path)]).stdout


def test_without_a_time_an_article_is_published_when_first_imported(run: FlaskCliRunner, session: Session, tmp_path: Path) -> None:
    put(tmp_path, "a.md", b"---\ntitle: A\n---\nRain.")
    with time_machine.travel(NOW, tick=False):
        imported(run, tmp_path)
    put(tmp_path, "a.md", b"---\ntitle: A\n---\nHail.")
    imported(run, tmp_path)
    assert stored(session, "a").published == NOW


def test_a_withdrawn_article_stays_withdrawn(run: FlaskCliRunner, session: Session, tmp_path: Path) -> None:
    imported(run, write(tmp_path, "a.md"))
    with writing() as writer:
        writer.scalars(select(Article)).one().status = "withdrawn"
    imported(run, write(tmp_path, "a.md", "It hailed."))
    assert (stored(session, "a").status, stored(session, "a").body) == ("withdrawn", "<p>It hailed.</p>")


def test_a_new_slug_with_the_old_one_as_alias_moves_the_article(
    run: FlaskCliRunner, session: Session, client: FlaskClient, tmp_path: Path
) -> None:
    path = write(tmp_path, "rain.md")
    imported(run, path)
    first = stored(session, "rain").id
    path.unlink()
    facts = imported(run, write(tmp_path, "storm.md", more="aliases: [rain]\n"))
    assert (facts["new"], facts["changed"], facts["moved"]) == ([], ["storm"], {"rain": "storm"})
    assert stored(session, "storm").id == first
    assert client.get("/news/rain").location == "/news/storm"
    (tmp_path / "storm.md").unlink()
    facts = imported(run, write(tmp_path, "gale.md", more="aliases: [rain, storm]\n"))
    assert facts["moved"] == {"storm": "gale"}
    assert client.get("/news/rain").location == "/news/gale"


def test_the_slug_of_another_article_cannot_be_taken_as_an_alias(run: FlaskCliRunner, tmp_path: Path) -> None:
    imported(run, write(tmp_path / "one", "rain.md", more="slug: rain\n"))
    other = write(tmp_path, "other.md", title="Other", more="slug: other\naliases: [rain]\n")
    other.write_text(other.read_text().replace("21:40", "21:41"))
    (fault,) = faults(run, other)
    assert (fault["line"], fault["reason"]) == (5, "'rain' is the address of another article")


def test_a_former_address_belongs_to_its_article_until_that_gives_it_up(run: FlaskCliRunner, client: FlaskClient, tmp_path: Path) -> None:
    write(tmp_path / "a", "a.md", title="A", more="aliases: [old]\n")
    imported(run, tmp_path / "a")
    for name, more in (("old.md", ""), ("b.md", "aliases: [old]\n")):
        (fault,) = faults(run, write(tmp_path / "b", name, title="B", more=more))
        assert fault["reason"] == "'old' is a former address of 'a'"
        (tmp_path / "b" / name).unlink()
    write(tmp_path / "a", "a.md", title="A")
    write(tmp_path / "b", "b.md", title="B", more="aliases: [old]\n")
    assert imported(run, tmp_path / "a", tmp_path / "b")["new"] == ["b"]
    assert client.get("/news/old").location == "/news/b"
    write(tmp_path / "a", "a.md", title="A", more="aliases: [old]\n")
    write(tmp_path / "b", "b.md", title="B", more="aliases: [older]\n")
    assert imported(run, tmp_path / "a", tmp_path / "b")["changed"] == ["a", "b"]
    assert client.get("/news/old").location == "/news/a"


def test_files_that_want_the_same_address_are_named_both(run: FlaskCliRunner, tmp_path: Path) -> None:
    write(tmp_path, "a.md", more="slug: rain\n")
    write(tmp_path, "b.md", more="slug: rain\naliases: [hail]\n")
    write(tmp_path, "c.md", more="aliases: [rain, c, hail]\n")
    found = {(Path(fault["file"]).name, fault["line"], fault["reason"]) for fault in faults(run, tmp_path)}
    assert found == {
        ("b.md", 4, f"{tmp_path}/a.md has the slug 'rain', too"),
        ("c.md", 4, f"the alias 'rain' is the slug of {tmp_path}/a.md"),
        ("c.md", 4, "the alias 'c' is this article's own slug"),
        ("c.md", 4, f"{tmp_path}/b.md has the alias 'hail', too"),
    }


def test_what_others_stored_meanwhile_is_not_overwritten(run: FlaskCliRunner, session: Session, tmp_path: Path) -> None:
    path = write(tmp_path, "a.md")
    plan = read_edition(db.session(), [path], media=settings().media, paper="The Paper", now=NOW)
    imported(run, write(tmp_path / "theirs", "a.md", "Theirs."))
    with pytest.raises(ChangedMeanwhile), writing() as writer:
        store(writer, plan, now=NOW)
    assert stored(session, "a").body == "<p>Theirs.</p>"


def test_more_articles_than_one_question_to_the_database_holds(
    run: FlaskCliRunner, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known, "AT_ONCE", 4)
    for number in range(18):
        write(tmp_path, f"piece-{number}.md", title=f"Piece {number}", more=f"aliases: [old-{number}]\n")
    assert len(imported(run, tmp_path)["new"]) == 18
    assert len(imported(run, tmp_path)["unchanged"]) == 18
    assert len(imported(run, tmp_path, options=("--again",))["changed"]) == 18
    session.rollback()
    assert session.scalar(select(func.count()).select_from(Alias)) == 18


def test_a_file_named_twice_is_imported_once(run: FlaskCliRunner, tmp_path: Path) -> None:
    path = write(tmp_path / "deep" / "er", "a.md")
    assert imported(run, path, tmp_path, path, tmp_path / "deep")["new"] == ["a"]


def test_paths_that_hold_no_articles_are_named(run: FlaskCliRunner, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    put(tmp_path, "picture.jpg", picture())
    found = faults(run, tmp_path / "empty", tmp_path / "missing", tmp_path / "picture.jpg")
    assert {Path(fault["file"]).name: fault["reason"] for fault in found} == {
        "empty": "the folder holds no .md file",
        "missing": "there is no such file or folder",
        "picture.jpg": "the name does not end in .md",
    }


def test_list_and_show_tell_what_is_stored(run: FlaskCliRunner, tmp_path: Path) -> None:
    assert "No articles yet" in run.invoke(args=["article", "list"]).stdout
    put(tmp_path, "p.jpg", picture())
    write(tmp_path, "a.md", '![Rain](p.jpg "Rain. (Ann Lee)")', title="A", more="lead: true\naliases: [old]\n")
    put(tmp_path, "b.md", b"---\ntitle: B\npublished: 2024-12-10T00:00:00Z\n---\nHail.")
    imported(run, tmp_path)
    with time_machine.travel(NOW, tick=False):
        lines = run.invoke(args=["article", "list"]).stdout.splitlines()
        facts = json.loads(run.invoke(args=["article", "list", "--json"]).stdout)
    assert [line.split() for line in lines[2:]] == [["2024-12-10", "scheduled", "b", "B"], ["2024-12-08", "published", "lead", "a", "A"]]
    assert [(fact["slug"], fact["status"]) for fact in facts] == [("b", "scheduled"), ("a", "published")]
    shown = json.loads(run.invoke(args=["article", "show", "a", "--json"]).stdout)
    assert shown["address"] == "http://127.0.0.1:8000/news/a"
    assert (shown["aliases"], shown["figures"][0]["credit"]) == (["old"], "Ann Lee")
    assert "lead:        yes" in run.invoke(args=["article", "show", "a"]).stdout
    missing = run.invoke(args=["article", "show", "nothing"])
    assert missing.exit_code == 1 and "There is no article 'nothing'" in missing.stderr
