"""`flask ad` list, show, pause, resume, preview and report: what was ordered, what came of it, and what was not counted."""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import html5lib
import pytest
import time_machine
from flask.testing import FlaskClient, FlaskCliRunner
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.ads.models import AdCampaign, AdCount, AdFiltered, Creative
from webapp.database import writing

START = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
NOW = START + timedelta(days=5)


@pytest.fixture(autouse=True)
def _midway():  # type: ignore[no-untyped-def]
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def apples(session: Session) -> str:
    """Half of a campaign of ten days: 500 of 1,000 planned, 480 delivered."""
    with writing() as writer:
        campaign = AdCampaign(
            slug="apples", advertiser="=cmd|' /C calc'!A0", title="Eat <b>apples</b>", starts_at=START, ends_at=START + timedelta(days=10),
            timezone="America/New_York", goal="viewable", budget=1000, sections=["World"], imported_at=START,
        )  # fmt: skip
        writer.add(campaign)
        writer.flush()
        picture = {"300x250": {"file": f"{'a' * 32}-600.webp", "width": 300, "height": 250}}
        box = Creative(
            slug="apples/box",
            advertiser="x",
            alt="Eat",
            target="https://a.example/",
            house=False,
            pictures=picture,
            campaign_id=campaign.id,
        )
        words = Creative(
            slug="apples/=words", advertiser="x", alt="", target="https://a.example/", house=False, pictures={},
            campaign_id=campaign.id, headline="Eat",
        )  # fmt: skip
        writer.add_all([box, words])
        writer.flush()
        for number in range(4):
            day = date(2026, 6, 1) + timedelta(number)
            writer.add(AdCount(day=day, creative_id=box.id, slot="rail", section="World", served=150, viewable=100, clicks=2))
            writer.add(AdCount(day=day, creative_id=words.id, slot="foot", section="", served=50, viewable=20, clicks=0))
        writer.add(AdFiltered(day=date(2026, 6, 1), creative_id=box.id, event="served", reason="machine", number=77))
        writer.add(AdFiltered(day=date(2026, 6, 2), creative_id=box.id, event="click", reason="replay", number=3))
    return "apples"


def said(run: FlaskCliRunner, *words: str) -> str:
    result = run.invoke(args=["ad", *words])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_report_sets_what_was_delivered_against_the_plan(run: FlaskCliRunner, apples: str) -> None:
    facts = json.loads(said(run, "report", apples, "--json"))
    assert (facts["planned"], facts["delivered"], facts["pace"]) == (500, 480, 0.96)
    assert (facts["served"], facts["viewable"], facts["clicks"]) == (800, 480, 8)
    assert facts["viewability"] == 0.6
    assert facts["ctr"] == 8 / 480
    assert facts["slots"]["rail"]["viewable"] == 400
    assert facts["sections"][""]["viewable"] == 80
    assert [(day["day"], day["planned"], day["delivered"]) for day in facts["days"]] == [
        ("2026-06-01", 100, 120), ("2026-06-02", 200, 240), ("2026-06-03", 300, 360), ("2026-06-04", 400, 480),
        ("2026-06-05", 500, 480), ("2026-06-06", 500, 480),
    ]  # fmt: skip
    assert facts["filtered"] == [
        {"event": "served", "reason": "machine", "number": 77},
        {"event": "click", "reason": "replay", "number": 3},
    ]


def test_a_terminal_gets_words_tables_and_a_sparkline(run: FlaskCliRunner, apples: str) -> None:
    words = said(run, "report", apples)
    assert "Delivered 480 of 1,000 viewable impressions; the plan has 500 by now (96.0 %)" in words
    assert "████▁▁  viewable impressions by day, to 2026-06-06" in words
    assert "a program said that it is one" in words
    assert "1.67 %" in words


def test_a_spreadsheet_gets_rows_without_formulas(run: FlaskCliRunner, apples: str) -> None:
    rows = list(csv.DictReader(io.StringIO(said(run, "report", apples, "--csv"))))
    assert len(rows) == 10
    assert sum(int(row["viewable"]) for row in rows if not row["not counted because"]) == 480
    assert {row["ad"] for row in rows} == {"box", "'=words"}


def test_the_advertiser_gets_one_valid_file_that_loads_nothing(run: FlaskCliRunner, apples: str, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    said(run, "report", apples, "--html", str(file))
    said(run, "report", apples, "--html", str(file))
    page = file.read_text(encoding="utf-8")
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    tree = parser.parse(page)
    assert parser.errors == []
    tags = {element.tag.rpartition("}")[2] for element in tree.iter() if isinstance(element.tag, str)}
    assert "svg" in tags
    assert not tags & {"script", "link", "img", "iframe"}
    assert not any({"src", "href"} & set(element.attrib) for element in tree.iter())
    assert "Eat &lt;b&gt;apples" in page
    assert "url(" not in page
    assert len(page) < 60_000


def test_what_cannot_be_done_is_said(run: FlaskCliRunner, apples: str, tmp_path: Path) -> None:
    for words, says in (
        (["report", "pears"], "There is no campaign 'pears'. See: flask ad list"),
        (["show", "pears"], "There is no campaign 'pears'"),
        (["pause", "\0"], "There is no campaign"),
        (["preview", "pears"], "There is no campaign 'pears'"),
        (["report", apples, "--csv", "--json"], "Give only one of --csv, --html and --json"),
        (["report", apples, "--html", str(tmp_path / "no" / "r.html")], "cannot be written: No such file or directory"),
    ):
        result = run.invoke(args=["ad", *words])
        assert result.exit_code != 0
        assert says in result.stderr
        assert "Traceback" not in result.output


def test_a_campaign_that_has_not_begun_has_a_report(run: FlaskCliRunner, apples: str, tmp_path: Path) -> None:
    with time_machine.travel(START - timedelta(days=3), tick=False), writing() as writer:
        writer.execute(AdCount.__table__.delete())  # type: ignore[attr-defined]
        writer.execute(AdFiltered.__table__.delete())  # type: ignore[attr-defined]
    with time_machine.travel(START - timedelta(days=3), tick=False):
        facts = json.loads(said(run, "report", apples, "--json"))
        assert (facts["state"], facts["planned"], facts["pace"], facts["days"]) == ("planned", 0, None, [])
        said(run, "report", apples)
        said(run, "report", apples, "--html", str(tmp_path / "r.html"))


def test_pausing_and_resuming_can_be_repeated(run: FlaskCliRunner, apples: str, session: Session) -> None:
    assert said(run, "pause", apples) == "apples is paused.\n"
    assert said(run, "pause", apples) == "apples is already paused.\n"
    assert "paused" in said(run, "list")
    assert json.loads(said(run, "resume", apples, "--json"))["changed"]
    assert session.scalars(select(AdCampaign.state)).one() == "running"


def test_list_and_show_tell_what_was_ordered_and_delivered(run: FlaskCliRunner, apples: str) -> None:
    assert "480  1,000 viewable" in said(run, "list")
    words = said(run, "show", apples)
    assert "Served 800, viewable 480, clicks 8." in words
    assert "box: 300x250 → https://a.example/" in words
    assert json.loads(said(run, "show", apples, "--json"))["creatives"][0]["active"]


def test_the_preview_shows_each_ad_where_it_fits_and_counts_nothing(run: FlaskCliRunner, client: FlaskClient, apples: str) -> None:
    link = said(run, "preview", apples).strip()
    response = client.get(link.partition("127.0.0.1:8000")[2])
    page = response.get_data(as_text=True)
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Robots-Tag"] == "noindex"
    assert page.count('<p class="ad-label">Advertisement</p>') == 2 + 4
    assert "data-ad" not in page
    assert "/ads/click" not in page
    assert "ads.js" not in page


@pytest.mark.parametrize("token", ["x", "A" * 40, "%00"])
def test_a_preview_that_nobody_made_or_that_is_over_is_not_found(client: FlaskClient, token: str) -> None:
    assert client.get(f"/advertising/preview/{token}").status_code == 404


def test_a_preview_ends_after_two_weeks(run: FlaskCliRunner, client: FlaskClient, apples: str) -> None:
    path = said(run, "preview", apples).strip().partition("127.0.0.1:8000")[2]
    with time_machine.travel(NOW + timedelta(days=15), tick=False):
        assert client.get(path).status_code == 404
