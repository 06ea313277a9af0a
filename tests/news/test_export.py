"""`flask article export`: files that an import reads, the same bytes each time."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import time_machine
from flask.testing import FlaskClient, FlaskCliRunner
from sqlalchemy.orm import Session

from tests.news.importing_tools import imported, picture, put, write
from webapp.database import writing
from webapp.news.models import Alias, Article, Byline, Figure, Topic
from webapp.news.variants import original_file
from webapp.site import settings

NOW = datetime(2024, 12, 9, 8, 0, tzinfo=UTC)


def exported(run: FlaskCliRunner, folder: Path) -> dict[str, Any]:
    result = run.invoke(args=["article", "export", "--json", str(folder)])
    assert result.exit_code == 0, (result.output, result.exception)
    facts: dict[str, Any] = json.loads(result.stdout)
    return facts


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def forget_everything() -> None:
    with writing() as session:
        for model in (Figure, Alias, Topic, Byline, Article):
            session.query(model).delete()


def test_export_import_export_ends_where_it_began(run: FlaskCliRunner, session: Session, tmp_path: Path) -> None:
    put(tmp_path / "in", "pictures/p.jpg", picture())
    put(tmp_path / "in", "two/pictures/p.jpg", picture(colour="navy"))
    put(tmp_path / "in", "Upper.PNG", picture(kind="PNG"))
    write(
        tmp_path / "in", "a.md", "![Rain](pictures/p.jpg)\n\nRain  with   spaces.\n\n\n", title="A", more="tags: [x, y]\naliases: [old]\n"
    )
    write(tmp_path / "in", "two/b.md", '![Hail](pictures/p.jpg "Hail. (Photo: Ann Lee)")', title="B")
    write(tmp_path / "in", "deep/er/c.md", "![Snow](../../Upper.PNG)\n\n![Rain](../../pictures/p.jpg)", title="C")
    imported(run, tmp_path / "in")
    facts = exported(run, tmp_path / "one")
    assert (facts["articles"], facts["pictures"]) == (["a", "b", "c"], 4)
    first = files(tmp_path / "one")
    assert first["a.md"] == (tmp_path / "in/a.md").read_bytes()
    assert first["pictures/p.jpg"] == (tmp_path / "in/pictures/p.jpg").read_bytes()
    assert first["b/pictures/p.jpg"] == (tmp_path / "in/two/pictures/p.jpg").read_bytes()
    assert first["c/Upper.PNG"] == (tmp_path / "in/Upper.PNG").read_bytes()
    assert imported(run, tmp_path / "one")["unchanged"] == ["a", "b", "c"]
    forget_everything()
    assert imported(run, tmp_path / "one")["new"] == ["a", "b", "c"]
    exported(run, tmp_path / "two")
    assert files(tmp_path / "two") == first


def test_no_article_is_left_out_because_others_have_files_in_its_places(run: FlaskCliRunner, tmp_path: Path) -> None:
    teal, navy = picture(), picture(colour="navy")
    for place in ("pictures/p.jpg", "b/pictures/P.jpg", "b-2", "c.md/p.jpg"):
        put(tmp_path / "in", place, teal)
    put(tmp_path / "in", "two/pictures/p.jpg", navy)
    marks = [f"![Rain]({place})" for place in ("pictures/p.jpg", "b/pictures/P.jpg", "b-2", "c.md/p.jpg")]
    write(tmp_path / "in", "a.md", "\n\n".join(marks), title="A")
    write(tmp_path / "in", "two/b.md", "![Hail](pictures/p.jpg)", title="B")
    write(tmp_path / "in", "two/c.md", title="C")
    imported(run, tmp_path / "in")
    facts = exported(run, tmp_path / "out")
    assert (facts["articles"], facts["pictures"]) == (["a", "b", "c"], 5)
    out = files(tmp_path / "out")
    assert {name for name in out if name.endswith(".md")} == {"a.md", "b-3/b.md", "c/c.md"}
    assert (out["pictures/p.jpg"], out["b/pictures/P.jpg"], out["b-3/pictures/p.jpg"]) == (teal, teal, navy)
    forget_everything()
    assert imported(run, tmp_path / "out")["new"] == ["a", "b", "c"]


def test_pictures_of_one_article_that_differ_in_capitals_alone_are_both_written(run: FlaskCliRunner, tmp_path: Path) -> None:
    put(tmp_path / "in", "p.jpg", picture())
    put(tmp_path / "in", "P.jpg", picture(colour="navy"))
    write(tmp_path / "in", "a.md", "![Rain](p.jpg)\n\n![Hail](P.jpg)")
    write(tmp_path / "in", "b.md", "![Rain](p.jpg)\n\n![Hail](P.jpg)")
    imported(run, tmp_path / "in")
    assert exported(run, tmp_path / "out")["pictures"] == len([name for name in files(tmp_path / "out") if name.endswith("jpg")])
    assert files(tmp_path / "out")["p.jpg"] != files(tmp_path / "out")["P.jpg"]
    assert imported(run, tmp_path / "out")["unchanged"] == ["a", "b"]


def test_an_article_published_at_its_import_keeps_that_time(run: FlaskCliRunner, tmp_path: Path) -> None:
    put(tmp_path, "in/a.md", b"---\ntitle: A\n---\nRain.\n")
    with time_machine.travel(NOW, tick=False):
        imported(run, tmp_path / "in")
    exported(run, tmp_path / "out")
    assert (tmp_path / "out/a.md").read_text() == "---\npublished: 2024-12-09T08:00:00+00:00\ntitle: A\n---\nRain.\n"


def test_withdrawn_articles_are_left_out_by_name(run: FlaskCliRunner, tmp_path: Path) -> None:
    imported(run, write(tmp_path, "in/a.md"))
    run.invoke(args=["article", "unpublish", "a"])
    result = run.invoke(args=["article", "export", str(tmp_path / "out")])
    assert "Exported: 0 articles" in result.stdout
    assert "Left out, as they are withdrawn: a." in result.stdout


def test_a_folder_in_use_is_left_alone(run: FlaskCliRunner, tmp_path: Path) -> None:
    put(tmp_path, "out/mine.txt", b"mine")
    result = run.invoke(args=["article", "export", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert "is not empty. Name a new folder, or an empty one." in result.stderr
    assert files(tmp_path / "out") == {"mine.txt": b"mine"}


def test_a_lost_original_is_named_and_comes_back_with_an_import(run: FlaskCliRunner, tmp_path: Path) -> None:
    put(tmp_path, "in/p.jpg", picture())
    write(tmp_path, "in/a.md", "![Rain](p.jpg)")
    imported(run, tmp_path / "in")
    (original,) = settings().media.glob("*-original")
    original.unlink()
    result = run.invoke(args=["article", "export", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert "a: the original of p.jpg is not in the media folder. Import that article again" in result.stderr
    assert not (tmp_path / "out").exists()
    imported(run, tmp_path / "in")
    assert exported(run, tmp_path / "out")["pictures"] == 1


def test_an_original_is_never_served(run: FlaskCliRunner, client: FlaskClient, session: Session, tmp_path: Path) -> None:
    put(tmp_path, "p.jpg", picture())
    imported(run, write(tmp_path, "a.md", "![Rain](p.jpg)"))
    (original,) = settings().media.glob("*-original")
    assert re.fullmatch("[0-9a-f]{16}-original", original.name)
    assert original.stat().st_mode & 0o077 == 0
    assert client.get(f"/media/{original.name}").status_code == 404
    assert original_file(bytes(32)) == "0" * 16 + "-original"
