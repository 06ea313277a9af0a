"""The slots of the pages, as everybody gets them: labelled, filled without a script, and only where they belong."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from flask.testing import FlaskClient

from tests.ads.house import LONG, NOON, draw, publish, store
from webapp.ads.models import AdCampaign, Creative
from webapp.database import writing


@pytest.fixture
def environ() -> dict[str, str]:
    return {"AD_FREE_SECTIONS": "Obituaries, Corrections"}


@pytest.fixture
def house(client: FlaskClient, tmp_path: Path) -> None:
    """Two house ads, apples and pears."""
    store(draw(tmp_path / "ads"))


def read(client: FlaskClient, path: str = "/", moment: datetime = NOON) -> str:
    with time_machine.travel(moment, tick=False):
        response = client.get(path)
    assert "Set-Cookie" not in response.headers
    return response.get_data(as_text=True)


def slots(page: str) -> list[str]:
    return re.findall(r'<aside class="ad ad-(\w+)"', page)


@pytest.mark.usefixtures("house")
def test_each_slot_is_an_aside_with_a_name_of_its_own_a_label_and_an_ad_that_leads_to_its_own_target(client: FlaskClient) -> None:
    publish()
    page = read(client)
    assert slots(page) == ["top", "article", "rail", "foot"]
    assert len(set(re.findall(r'aria-label="(Advertisement[^"]*)"', page))) == 4
    assert page.count('<p class="ad-label">Advertisement</p>') == 4
    links = re.findall(r'<a href="([^"]+)" rel="sponsored noopener">', page)
    assert links[0] != links[1]
    assert sorted(links) == ["/apples", "/apples", "/pears", "/pears"]
    assert page.count('width="300" height="250"') == page.count('width="320" height="100"') == page.count('width="728" height="90"') == 2
    assert page.count("/static/ads.js?") == 1
    assert "/ads/click" not in page


@pytest.mark.usefixtures("house")
def test_the_ads_take_turns_by_the_day(client: FlaskClient) -> None:
    publish()
    today, later, tomorrow = (read(client, moment=NOON + timedelta(hours=hours)) for hours in (0, 11, 24))
    assert today == later
    assert (today.index("Eat apples") < today.index("Eat pears")) != (tomorrow.index("Eat apples") < tomorrow.index("Eat pears"))


@pytest.mark.usefixtures("house")
def test_the_slot_in_the_text_stands_between_the_fourth_and_the_fifth_paragraph(client: FlaskClient) -> None:
    publish(paragraphs=[f"Number {number}." for number in range(1, 9)])
    page = read(client)
    assert page.index("<p>Number 4.") < page.index('class="ad ad-article"') < page.index("<p>Number 5.")
    assert "Advertisement in the article" in page


@pytest.mark.usefixtures("house")
def test_in_a_text_of_few_paragraphs_it_stands_behind_them(client: FlaskClient) -> None:
    publish(paragraphs=[f"Number {number}." for number in range(1, 5)])
    page = read(client)
    assert page.index("<p>Number 4.") < page.index('class="ad ad-article"')
    assert "Advertisement after the article" in page


@pytest.mark.usefixtures("house")
@pytest.mark.parametrize(("words", "expected"), [(5, ["rail"]), (100, ["top", "rail"]), (LONG, ["top", "article", "rail", "foot"])])
def test_a_short_text_gets_fewer(client: FlaskClient, words: int, expected: list[str]) -> None:
    publish(words=words)
    assert slots(read(client)) == expected


@pytest.mark.usefixtures("house")
def test_an_article_or_a_section_that_wants_none_has_none_and_no_script(client: FlaskClient) -> None:
    publish("one", ads=False)
    publish("two", section="Obituaries")
    publish("three", section="World")
    for path in ("/news/one", "/news/two", "/headlines?section=Obituaries"):
        page = read(client, path)
        assert slots(page) == [], path
        assert "ads.js" not in page, path
    assert len(slots(read(client, "/news/three"))) == 4


@pytest.mark.usefixtures("house")
def test_headlines_have_one_above_and_one_below_when_they_are_enough(client: FlaskClient) -> None:
    publish("a")
    assert slots(read(client, "/headlines")) == []
    for number in range(20):
        publish(f"a-{number}")
    assert slots(read(client, "/headlines")) == ["top", "foot"]
    assert slots(read(client, "/headlines?q=a")) == []


@pytest.mark.usefixtures("house")
def test_no_other_page_has_any(client: FlaskClient) -> None:
    publish()
    pages = ["/register", "/register/thanks", "/entry", "/draws", "/draws/verify", "/privacy", "/nothing"]
    pages += [f"/{place}/{'A' * 43}" for place in ("confirm", "entry", "claim", "unsubscribe")]
    for path in pages:
        page = read(client, path)
        assert 'class="ad' not in page, path
        assert "ads.js" not in page, path
    refused = client.post("/register", data={"name": "", "email": "no"})
    assert refused.status_code >= 400
    assert 'class="ad' not in refused.get_data(as_text=True)


def test_without_ads_there_is_no_box(client: FlaskClient) -> None:
    publish()
    page = read(client)
    assert slots(page) == []
    assert "ads.js" not in page


def test_words_stand_beside_their_picture_and_are_what_they_say(client: FlaskClient) -> None:
    with writing() as session:
        session.add(
            Creative(
                slug="plums", advertiser="P", alt="Plums", target="/plums", pictures={}, headline="Plums & <more>", text="From the tree."
            )
        )
    publish()
    page = read(client)
    assert page.count("<span><b>Plums &amp; &lt;more&gt;</b> From the tree.</span>") == 4
    assert page.count('<a href="/plums" rel="sponsored noopener" class="ad-text">') == 4


def test_a_paper_that_sells_ads_and_has_none_of_its_own_says_so_in_its_slots(client: FlaskClient) -> None:
    with writing() as session:
        campaign = AdCampaign(
            slug="figs", advertiser="Figs", title="Figs", starts_at=NOON, ends_at=NOON + timedelta(days=1), timezone="UTC", goal="viewable",
            budget=10, sections=[], imported_at=NOON,
        )  # fmt: skip
        session.add(campaign)
        session.flush()
        session.add(
            Creative(slug="figs", advertiser="Figs", alt="Figs", target="https://figs.example/", pictures={}, campaign_id=campaign.id)
        )
    publish()
    page = read(client)
    assert page.count('<a href="/advertising" rel="sponsored noopener" class="ad-text">') == 4
    assert "figs.example" not in page, "what is paid for is handed out by plan, never by the page"
