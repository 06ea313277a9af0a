"""`flask sweepstakes report`: one page of figures, for a campaign in any state, that loads nothing and names nobody."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import html5lib
import pytest
import time_machine
from flask.testing import FlaskClient, FlaskCliRunner

from tests.sweepstakes.campaigns import DRAWS, NOW, SEALS, answer, changed, create, done, enter, invoke, open_one, refused
from tests.sweepstakes.entering import letters, link, post
from webapp.database import writing
from webapp.sweepstakes.models import Entrant


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def reported(run: FlaskCliRunner, folder: Path) -> str:
    """The page of win-100 as it is now; linted, and free of whatever would load, run or name somebody."""
    file = folder / "report.html"
    said = done(run, "report", "win-100", "--html", str(file), "--replace")
    assert f"Wrote {file}" in said
    page = file.read_text(encoding="utf-8")
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    tree = parser.parse(page)
    ids = [element.get("id") for element in tree.iter() if element.get("id")]
    assert (parser.errors, len(ids), len(tree.findall(".//h1"))) == ([], len(set(ids)), 1)
    assert not re.search(r"<script|<link|<img|<iframe|@import|url\(| src=| href=|https?:", page)
    assert "@" not in re.sub(r"@(media|\))", "", page)  # `name+anything@)` is a word of ours
    return page


def test_a_campaign_can_be_reported_in_every_state(run: FlaskCliRunner, tmp_path: Path, clock: time_machine.Traveller) -> None:
    create(run, tmp_path)
    assert "Draft." in reported(run, tmp_path)
    done(run, "open", "win-100", "--yes")
    assert "Nobody has registered yet." in reported(run, tmp_path)
    enter(7)
    page = reported(run, tmp_path)
    assert page.count("<svg") > 2
    assert "as projected to the close" in page
    assert "operator-trusted" in page.lower()
    clock.move_to(SEALS - timedelta(hours=1))
    assert "Closed." in reported(run, tmp_path)
    clock.move_to(SEALS)
    done(run, "close", "win-100", "--yes")
    assert "7 letters about the seal still to go" in reported(run, tmp_path)
    letters(run)
    assert "7 letters about the seal: the last one went out" in reported(run, tmp_path)
    clock.move_to(DRAWS)
    done(run, "draw", "win-100")
    page = reported(run, tmp_path)
    assert "Drawn." in page
    assert "7 of 7 letters about the seal were sent before the draw" in page


def test_a_void_campaign_can_be_reported(run: FlaskCliRunner, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    enter(2)
    done(run, "void", "win-100", "--reason", "cancelled", "--yes")
    page = reported(run, tmp_path)
    assert "Void: cancelled." in page
    assert "no letter about a seal is owed" in page


def test_nobody_is_named(run: FlaskCliRunner, client: FlaskClient, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    for name in ("Ada Lovelace", "Grace Hopper"):
        post(client, name=name, email=f"{name.split()[0].lower()}@example.org")
    client.post(link(letters(run).text()), data={"name": "Grace Hopper"})
    page = reported(run, tmp_path) + done(run, "stats", "win-100") + done(run, "stats", "win-100", "--json")
    for personal in ("Ada", "Lovelace", "Grace", "Hopper", "example.org", "127.0.0"):
        assert personal not in page
    assert "1 of 2 who used the form (50%)" in page


def test_the_median_is_that_of_who_used_the_form(run: FlaskCliRunner, tmp_path: Path) -> None:
    open_one(run, tmp_path)

    def confirmed_after(*minutes: int, source: str = "form") -> None:
        with writing() as session:
            session.add_all(
                Entrant(
                    campaign_id=1, state="confirmed", source=source, registered_at=NOW, confirmed_at=NOW + timedelta(minutes=gap)
                )
                for gap in minutes
            )  # fmt: skip

    assert answer(run, "stats", "win-100")["median_seconds"] is None
    confirmed_after(5, 1, 100)
    confirmed_after(0, 0, 0, 0, source="mail-in")
    assert answer(run, "stats", "win-100")["median_seconds"] == pytest.approx(300, abs=0.01)
    confirmed_after(10)
    assert answer(run, "stats", "win-100")["median_seconds"] == pytest.approx(450, abs=0.01)
    assert "half of them within 8 min" in done(run, "stats", "win-100")


def test_what_was_removed_is_told_by_reason_and_doubts_by_number(run: FlaskCliRunner, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    first = enter(4)[0]
    with writing() as session:
        for entrant in session.query(Entrant):
            entrant.network, entrant.disposable = f"192.0.2.{entrant.id // 4}", entrant.id % 2 == 0
    for command in (
        ("exclude", "win-100", "--entry", str(first), "--reason", "duplicate", "--yes"),
        ("withdraw", "win-100", "--entry", str(first + 1), "--yes"),
        ("erase", "win-100", "--entry", str(first + 2), "--yes"),
    ):
        result = run.invoke(args=["entrant", *command])
        assert result.exit_code == 0, result.output
    found = answer(run, "stats", "win-100")
    assert found["removed"] == {"duplicate": 1, "entrant_request": 1, "erasure": 1}
    assert (found["eligible"], found["limits"]["disposable"], found["limits"]["busiest_network"]) == (1, 1, 1)
    assert "192.0.2" not in reported(run, tmp_path)
    assert "daily_draw_limited_total" in reported(run, tmp_path)


def test_a_long_campaign_is_told_by_the_week(run: FlaskCliRunner, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    with writing() as session:
        session.add_all(
            Entrant(campaign_id=1, state="confirmed", registered_at=moment, confirmed_at=moment)
            for moment in (NOW - timedelta(days=n) for n in range(300))
        )
    page = reported(run, tmp_path)
    assert "Entries by week" in page
    assert page.count('<tr><th scope="row">2026-') < 60
    assert sum(day["confirmed"] for day in answer(run, "stats", "win-100")["days"]) == 300


def test_a_file_that_is_there_is_kept_and_a_folder_that_is_missing_is_named(run: FlaskCliRunner, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    file = tmp_path / "mine.html"
    file.write_text("mine", encoding="utf-8")
    assert "Add --replace" in refused(run, "report", "win-100", "--html", str(file))
    assert file.read_text(encoding="utf-8") == "mine"
    assert f"there is no folder {tmp_path / 'none'}" in refused(run, "report", "win-100", "--html", str(tmp_path / "none" / "a.html"))
    assert "is a directory" in refused(run, "report", "win-100", "--html", str(tmp_path))
    assert "There is no campaign other" in refused(run, "report", "other", "--html", str(tmp_path / "other.html"))
    assert not (tmp_path / "other.html").exists()
    assert "Missing option '--html'" in refused(run, "report", "win-100")
    said = answer(run, "report", "win-100", "--html", str(file), "--replace")
    assert said["bytes"] == file.stat().st_size
    assert not list(tmp_path.glob("*.part"))
    assert "Example: flask sweepstakes report" in invoke(run, "report", "--help").output


def test_what_a_campaign_is_called_is_text(run: FlaskCliRunner, tmp_path: Path) -> None:
    open_one(run, tmp_path, changed("title", 'title = "Win <b>1</b> & more"'))
    assert "Win &lt;b&gt;1&lt;/b&gt; &amp; more" in reported(run, tmp_path)
