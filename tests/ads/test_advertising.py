"""/advertising: who advertised, when, how much was delivered; and the promise that no ad touches a draw."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask.testing import FlaskClient

from tests.kernel.test_house import WEBAPP, forbidden, imports
from webapp.ads.models import AdCampaign, AdCount, Creative
from webapp.database import writing
from webapp.news.models import Article

NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def campaign(slug: str, *, begins: int, lasts: int = 5, seen: int = 0, **fields: object) -> None:
    """One that begins so many days from now."""
    start = NOW + timedelta(days=begins)
    facts: dict[str, object] = {
        "slug": slug, "advertiser": f"{slug.capitalize()} <Ltd>", "title": f"Buy {slug}", "starts_at": start,
        "ends_at": start + timedelta(days=lasts),
        "timezone": "Asia/Tokyo", "goal": "viewable", "budget": 1000, "sections": [], "imported_at": NOW, **fields,
    }  # fmt: skip
    with writing() as session:
        row = AdCampaign(**facts)
        session.add(row)
        session.flush()
        ad = Creative(slug=slug, advertiser="x", alt="", target="https://a.example/", house=False, pictures={}, campaign_id=row.id)
        session.add(ad)
        session.flush()
        if seen:
            session.add(AdCount(day=start.date(), creative_id=ad.id, slot="rail", section="", served=2 * seen, viewable=seen, clicks=7))


def ledger(client: FlaskClient) -> str:
    return client.get("/advertising").get_data(as_text=True)


def test_the_ledger_names_who_advertised_when_and_what_was_delivered(client: FlaskClient) -> None:
    campaign("apples", begins=-30, seen=1234)
    campaign("pears", begins=-1, seen=5, priority="house", budget=0)
    page = ledger(client)
    assert "Apples &lt;Ltd&gt;" in page
    assert "<td>11 May 2026</td><td>16 May 2026</td>" in page
    assert "1,234" in page
    assert "not paid for" in page
    assert page.index("Buy pears") < page.index("Buy apples")


def test_what_has_not_begun_or_was_paused_before_anybody_saw_it_is_not_in_it(client: FlaskClient) -> None:
    campaign("apples", begins=1)
    campaign("pears", begins=-1, state="paused")
    campaign("plums", begins=-1, state="paused", seen=1)
    page = ledger(client)
    assert "Buy apples" not in page
    assert "Buy pears" not in page
    assert "Buy plums" in page


def test_an_empty_ledger_says_so(client: FlaskClient) -> None:
    assert "Nobody has yet." in ledger(client)


def test_the_label_policy_and_the_promise_stand_on_it(client: FlaskClient) -> None:
    page = ledger(client)
    assert "How ads are labelled" in page
    assert "under the word “Advertisement”" in page
    assert "No ad changes anybody’s odds" in page
    assert "an advertiser gets no place in a draw" in page


def test_counts_are_at_most_a_minute_old_also_in_caches(client: FlaskClient) -> None:
    campaign("apples", begins=-30, seen=1234)
    assert "s-maxage=30" in client.get("/advertising").headers["Cache-Control"]
    with writing() as session:
        session.query(AdCount).update({AdCount.viewable: 9876})
    with time_machine.travel(NOW + timedelta(seconds=16), tick=False):
        assert "9,876" in ledger(client)


def test_every_foot_links_to_it(client: FlaskClient) -> None:
    with writing() as session:
        session.add(Article(slug="one", headline="One", authors=[], tags=[], published=NOW, body="", words=1, source=""))
    for path in ("/", "/headlines", "/news/one", "/privacy"):
        assert '<a href="/advertising">Advertising</a>' in client.get(path).get_data(as_text=True)


def test_no_ad_affects_anybodys_odds() -> None:
    """The promise on the page, held by the code: neither room imports the other, nor names its tables."""
    for room, others in (("ads", ("sweepstakes", "draw")), ("sweepstakes", ("ads",)), ("draw", ("ads",))):
        for path in (WEBAPP / room).rglob("*.py"):
            source = path.read_text(encoding="utf-8")
            for other in others:
                assert not [name for name in imports(source) if name.startswith(f"webapp.{other}")], f"{path} sees {other}"
                assert f'"{other}_' not in source, f"{path} names a table of {other}"


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("ads/stock.py", "from webapp.sweepstakes import Entrant"),
        ("ads/deciding.py", "def odds():\n    from webapp.draw import seal"),
        ("sweepstakes/registering.py", "from webapp.ads import models"),
        ("draw/tickets.py", "import webapp.ads.models"),
    ],
)
def test_a_broken_promise_would_be_found(file: str, line: str) -> None:
    assert forbidden(WEBAPP / file, line)
