"""The official rules: every element a sponsor owes the public, from the campaign alone, frozen at opening."""

from hashlib import sha256
from pathlib import Path

import pytest
import time_machine
from flask.testing import FlaskClient, FlaskCliRunner
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.sweepstakes.campaigns import DRAND, GOOD, NOW, changed, create, done, open_one
from webapp.draw import round_at, status
from webapp.sweepstakes.models import Campaign
from webapp.sweepstakes.rules import blocks


@pytest.fixture
def environ() -> dict[str, str]:
    return {
        "SITE_URL": "https://news.example.com",
        "POSTAL_ADDRESS": "1 Main Street, Springfield",
        "CONTACT": "draws@example.com",
        "MAIL_URL": "smtp://localhost",
    }


@pytest.fixture(autouse=True)
def clock() -> "time_machine.Traveller":
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def rules(run: FlaskCliRunner, folder: Path, source: str) -> str:
    """The rules as one line, so that no phrase is cut by a line's end."""
    create(run, folder, source)
    return " ".join(done(run, "show", "win-100", "--rules").split())


ELEMENTS = {
    "lottery test": "NO PURCHASE NECESSARY TO ENTER OR WIN. A PURCHASE OR PAYMENT OF ANY KIND WILL NOT INCREASE YOUR CHANCES",
    "void where prohibited": "VOID WHERE PROHIBITED BY LAW",
    "sponsor": "The Daily Draw Publishing Co. 1 Main Street Springfield, NY 10001",
    "age and residence": "legal residents of the fifty United States and the District of Columbia who are at least 18 years old",
    "excluded": "Employees, officers and agents of the Sponsor",
    "start": "Friday 27 November 2026, 09:00 EST (2026-11-27 14:00:00 UTC)",
    "end": "Sunday 20 December 2026, 23:59 EST (2026-12-21 04:59:00 UTC)",
    "clock": "The Sponsor's computer is the official clock.",
    "how": "fill in the form at https://news.example.com/register",
    "confirmation": "at the latest before Tuesday 22 December 2026, 23:59 EST",
    "limit": "Limit: one entry per person.",
    "mail-in": "Write your full name, your e-mail address and the words below on a card",
    "mail-in deadlines": "It must be postmarked before entry closes and received before Tuesday 22 December 2026, 23:59 EST",
    "equal odds": "an entry by mail has the same chance as one made online",
    "prize": "1 prize: One hundred US dollars. Approximate retail value of one prize: $100 (USD)",
    "odds": "The odds of winning depend on the number of eligible entries.",
    "log": "news.example.com/draws/win-100/log",
    "seal": "sealed Friday 25 December 2026, 23:59 EST",
    "draw": "on or after Saturday 26 December 2026, 23:59 EST",
    "claim": "has not answered 14 days after the draw",
    "alternates": "2 alternates are drawn together with the winners.",
    "verification": "A potential winner must meet these rules and show it when asked",
    "taxes": "taxes on a prize are the winner's",
    "publicity": "published only with the winner's separate consent",
    "privacy": "The privacy notice is at https://news.example.com/privacy.",
    "disputes": "governed by the law of the place where the Sponsor has its address",
    "winners list": "For a list by mail, send a stamped envelope",
    "frozen": "exactly as served at https://news.example.com/draws/win-100/rules.txt",
    "contact": "Questions: draws@example.com.",
}


def test_every_element_is_stated(run: FlaskCliRunner, tmp_path: Path) -> None:
    text = rules(run, tmp_path, DRAND)
    assert {name: words in text for name, words in ELEMENTS.items()} == dict.fromkeys(ELEMENTS, True)


def test_the_beacon_is_named_and_an_operator_draw_says_what_it_is(run: FlaskCliRunner, tmp_path: Path) -> None:
    by_drand = rules(run, tmp_path, DRAND)
    assert f"round {round_at(NOW.replace(month=12, day=27, hour=4, minute=59))}" in by_drand
    assert "chain 52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971" in by_drand
    assert "OPERATOR-TRUSTED" not in by_drand.upper()
    (tmp_path / "campaign.toml").write_text(GOOD)
    done(run, "create", str(tmp_path / "campaign.toml"), "--replace")
    by_operator = " ".join(done(run, "show", "win-100", "--rules").split())
    assert "THIS DRAW IS OPERATOR-TRUSTED" in by_operator
    assert "SHA-256 hash was put into the log before the first entry: commitment " in by_operator


def test_what_a_campaign_adds_is_stated(run: FlaskCliRunner, tmp_path: Path) -> None:
    source = changed("alternates", "alternates = 0", changed("winners", "winners = 3", DRAND))
    source = source.replace("minimum_age = 18", 'minimum_age = 21\nconditions = "Not open to members of our reader council."')
    source = source.replace("[sponsor]", '[sponsor]\nlaw = "the State of New York"')
    text = rules(run, tmp_path, source)
    for words in (
        "3 prizes: One hundred US dollars. Approximate retail value of one prize: $100 (USD); of all prizes: $300 (USD)",
        "at least 21 years old",
        "Not open to members of our reader council.",
        "No alternates are drawn.",
        "governed by the law of the State of New York",
        "among N of them, 3 in N",
    ):
        assert words in text


def test_the_text_is_lines_of_utf8_with_lf(run: FlaskCliRunner, session: Session, tmp_path: Path) -> None:
    open_one(run, tmp_path, DRAND)
    text = session.scalars(select(Campaign.rules)).one()
    assert text is not None and text.endswith("\n") and not text.endswith("\n\n") and "\r" not in text
    assert max(len(line) for line in text.split("\n") if not line.startswith("    ")) <= 78


def test_rules_txt_is_the_exact_text_that_the_log_commits_to(
    run: FlaskCliRunner, client: FlaskClient, session: Session, tmp_path: Path
) -> None:
    open_one(run, tmp_path, DRAND)
    response = client.get("/draws/win-100/rules.txt")
    log = status(session, "win-100")
    assert log is not None
    assert sha256(response.data).hexdigest() == log.terms.rules_sha256
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["ETag"]


def test_the_page_says_word_for_word_what_the_text_says(run: FlaskCliRunner, client: FlaskClient, tmp_path: Path) -> None:
    open_one(run, tmp_path, GOOD.replace("Win $100", "Win <b>$100</b> & more"))
    text = client.get("/draws/win-100/rules.txt").get_data(as_text=True)
    page = client.get("/draws/win-100/rules").get_data(as_text=True)
    assert " ".join(" ".join(block.text for block in blocks(text)).split()) == " ".join(text.split())
    for block in blocks(text):
        for line in block.lines:
            assert line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#39;") in page
    assert "operator-trusted" in page


def test_a_draft_has_no_public_rules(run: FlaskCliRunner, client: FlaskClient, tmp_path: Path) -> None:
    create(run, tmp_path)
    for path in ("", "/rules", "/rules.txt"):
        assert client.get(f"/draws/win-100{path}").status_code == 404


def test_new_settings_change_no_frozen_rules(run: FlaskCliRunner, client: FlaskClient, tmp_path: Path) -> None:
    open_one(run, tmp_path, DRAND)
    before = client.get("/draws/win-100/rules.txt").data
    with time_machine.travel(NOW.replace(year=2027), tick=False):
        assert client.get("/draws/win-100/rules.txt").data == before
    assert (
        client.get(
            "/draws/win-100/rules.txt", headers={"If-None-Match": client.get("/draws/win-100/rules.txt").headers["ETag"]}
        ).status_code
        == 304
    )
