"""ALL Headlines by tag, month and word, and what stands around an article."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from tests.news.test_pages import NOON, publish, text
from webapp.database import db, writing
from webapp.news import listing, reindex
from webapp.news.listing import Month
from webapp.news.models import Article


@pytest.fixture(autouse=True)
def at_noon() -> Any:
    with time_machine.travel(NOON, tick=False):
        yield


def slugs(page: str) -> list[str]:
    """The articles a list leads to, in its order."""
    return [part.split('"')[0] for part in page.split("<main")[1].split('href="/news/')[1:]]


def test_a_tag_leads_to_all_articles_that_have_it(client: FlaskClient) -> None:
    publish("one", tags=["Côte d’Ivoire", "Tides"])
    publish("two", tags=["Tides"], published=NOON)
    publish("three", tags=["Tide"])
    assert '<a href="/headlines?tag=Tides" rel="tag">Tides</a>' in text(client, "/news/one")
    assert slugs(text(client, "/headlines?tag=Tides")) == ["two", "one"]
    assert slugs(text(client, f"/headlines?tag={quote('Côte d’Ivoire')}")) == ["one"]
    for nothing in ("tide", "x" * 61, "%00", "%FF", "'"):
        text(client, f"/headlines?tag={nothing}", 404)


def test_each_author_has_a_list_that_the_byline_leads_to(client: FlaskClient) -> None:
    publish("one", authors=["Zoë O’Neill", "Bo Ek"])
    publish("two", authors=["Bo Ek"], published=NOON)
    publish("coming", authors=["Bo Ek"], published=NOON + timedelta(hours=1))
    publish("gone", authors=["Bo Ek", "Nobody Else"], status="withdrawn")
    assert slugs(text(client, "/headlines?author=Bo+Ek")) == ["two", "one"]
    assert slugs(text(client, f"/headlines?author={quote('Zoë O’Neill')}")) == ["one"]
    assert slugs(text(client, "/headlines?author=Bo+Ek&q=headline+of+one")) == ["one"]
    for nothing in ("Nobody+Else", "bo+ek", "x" * 121, "%00", "%FF", "'"):
        text(client, f"/headlines?author={nothing}", 404)


@pytest.mark.parametrize("sign", ["\u200c", "\u200d", "\u00ad"])
def test_names_with_joiners_and_soft_hyphens_have_their_lists(client: FlaskClient, sign: str) -> None:
    name = f"می{sign}خواهم"
    publish("one", section=name, tags=[name], authors=[name])
    publish("two")
    for list_of in ("section", "tag", "author"):
        assert f'href="/headlines?{list_of}={quote(name)}"' in text(client, "/news/one")
        assert slugs(text(client, f"/headlines?{list_of}={quote(name)}")) == ["one"]
        for nothing in (name.replace(sign, ""), f"{name}\0", f"{name}\x0c", f"{name}\n", f"{name}\x85"):
            text(client, f"/headlines?{list_of}={quote(nothing)}", 404)


def test_the_archive_has_a_page_for_each_month_with_articles(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    publish("december")
    publish("last-of-november", published=datetime(2024, 11, 30, 23, 59, 59, tzinfo=UTC))
    publish("august", published=datetime(2024, 8, 1, tzinfo=UTC))
    everything = text(client, "/headlines")
    assert [month in everything for month in ("December 2024</a>", "November 2024</a>", "October 2024</a>")] == [True, True, False]
    monkeypatch.setattr(listing, "PAGE_SIZE", 2)
    page = text(client, "/headlines?page=2")
    assert slugs(page) == ["august"]
    assert "By month" not in page
    page = text(client, "/headlines?month=2024-11")
    assert slugs(page) == ["last-of-november"]
    assert '<a href="/headlines?month=2024-12">Later: December 2024</a>' in page
    assert '<a href="/headlines?month=2024-08">Earlier: August 2024</a>' in page
    for nothing in ("2024-10", "2024-13", "2024", "0000-01", "9999-12", "2024-1", "x", "%D9%A2024-01"):
        text(client, f"/headlines?month={nothing}", 404)


class TestInAnotherZone:
    @pytest.fixture
    def environ(self) -> dict[str, str]:
        return {"SITE_TIMEZONE": "America/New_York"}

    def test_months_begin_at_the_sites_midnight(self, client: FlaskClient) -> None:
        publish("november", published=datetime(2024, 12, 1, 4, 59, tzinfo=UTC))
        publish("december", published=datetime(2024, 12, 1, 5, 0, tzinfo=UTC))
        assert slugs(text(client, "/headlines?month=2024-11")) == ["november"]
        assert slugs(text(client, "/headlines?month=2024-12")) == ["december"]


def test_a_month_ends_where_the_next_begins() -> None:
    assert Month(2024, 12).end(UTC) == Month(2025, 1).start(UTC)
    assert Month(2024, 1).end(UTC) == Month(2024, 2).start(UTC)


def test_a_search_finds_all_words_as_beginnings_without_accents_or_capitals(client: FlaskClient) -> None:
    publish("lodz", headline="Fire in Łódź", body="<p>The tram depot burned.</p>")
    publish("paris", headline="Rain in Paris", body="<p>The métro &amp; the tram stood still.</p>", published=NOON)
    assert slugs(text(client, "/headlines?q=tram")) == ["paris", "lodz"]
    assert slugs(text(client, "/headlines?q=LODZ+dep")) == ["lodz"]
    assert slugs(text(client, "/headlines?q=metro+paris")) == ["paris"]
    assert slugs(text(client, "/headlines?q=lodz+paris")) == []
    assert slugs(text(client, "/headlines?q=am")) == []
    assert slugs(text(client, "/headlines?q=byline")) == ["paris", "lodz"]
    page = text(client, "/headlines?q=lodz")
    assert "Fire in <mark>Łódź</mark>" in page
    assert "The <mark>métro</mark> &amp; the tram" in text(client, "/headlines?q=metro")


def test_a_search_can_be_kept_to_a_section_a_tag_or_a_month(client: FlaskClient) -> None:
    publish("one", headline="Rain", section="World", tags=["Weather"])
    publish("two", headline="Rain", section="Science", published=datetime(2024, 11, 2, tzinfo=UTC))
    assert slugs(text(client, "/headlines?q=rain&section=Science")) == ["two"]
    assert slugs(text(client, "/headlines?q=rain&tag=Weather")) == ["one"]
    page = text(client, "/headlines?q=rain&month=2024-11")
    assert slugs(page) == ["two"]
    assert '<input type="hidden" name="month" value="2024-11">' in page


def test_hits_stand_newest_first_whatever_the_order_of_their_import(client: FlaskClient) -> None:
    for day in (3, 1, 2):
        publish(f"n{day}", headline="Rain", published=NOON - timedelta(days=day))
    publish("ancient", headline="Rain", published=datetime(1850, 1, 1, tzinfo=UTC))
    assert slugs(text(client, "/headlines?q=rain")) == ["n1", "n2", "n3", "ancient"]


def test_what_readers_cannot_see_is_not_found_either(client: FlaskClient) -> None:
    publish("withdrawn-one", headline="Rain", status="withdrawn")
    publish("coming-one", headline="Rain", published=NOON + timedelta(hours=1))
    assert slugs(text(client, "/headlines?q=rain")) == []


HOSTILE = [
    *(
        '"',
        "'",
        '"rain',
        "rain*",
        "*",
        "rain OR hail",
        "NEAR(rain hail)",
        "rain AND NOT",
        "-rain",
        "^rain",
        "headline:rain",
        "(rain",
        "a:*",
    ),
    *("rain\0hail", "\x01\x1f\x7f", "'; DROP TABLE news_article; --", "\\", "%", "_", "&|!", "<->", "rain & !hail", ":*", "\ud7ff\ue000"),
    *("½", "ﷺ", "e\u0301" * 20, "🌧", "\u202erain", "x" * 200),
]


@pytest.mark.parametrize("typed", HOSTILE)
def test_no_sign_in_a_search_means_anything_to_the_database(client: FlaskClient, typed: str) -> None:
    publish("rain", headline="Rain & hail", body="<p>The rain.</p>")
    page = text(client, f"/headlines?q={quote(typed)}")
    assert "<h1>" in page


@pytest.mark.parametrize("query", ["q=rain", "q=rain&section=World", "q=nothing", "q=%00"])
def test_no_search_engine_is_offered_a_search(client: FlaskClient, query: str) -> None:
    publish("rain", section="World")
    head = text(client, f"/headlines?{query}").split("</head>")[0]
    assert '<meta name="robots" content="noindex">' in head
    assert [word for word in ("canonical", "og:url", "ld+json", "?q=", "&amp;q=") if word in head] == []
    for indexed in ("/headlines", "/headlines?section=World", "/headlines?q="):
        page = text(client, indexed)
        assert "noindex" not in page and "canonical" in page and "ld+json" in page


def test_a_search_for_nothing_that_can_be_read_asks_for_a_word(client: FlaskClient) -> None:
    page = text(client, "/headlines?q=%00%01%20")
    assert "<h1>ALL Headlines</h1>" in page
    assert "Type a word" in page


@pytest.mark.parametrize("words", ["the", "the+rain"])
def test_no_page_of_a_search_lies_beyond_its_first_thousand_hits(client: FlaskClient, words: str) -> None:
    publish("rain", headline="The rain")
    for page in ("26", "999999", "0", "x"):
        text(client, f"/headlines?q={words}&page={page}", 404)


@pytest.mark.parametrize("typed", ["x" * 201, "x" * 10_000, "a b c d e f g h i j k l m"])
def test_too_long_a_search_is_refused_with_the_limit(client: FlaskClient, typed: str) -> None:
    assert "at most 12 words" in text(client, f"/headlines?q={quote(typed)}", 400)


def test_invalid_utf8_in_a_search_is_a_page(client: FlaskClient) -> None:
    text(client, "/headlines?q=%FF%C3")


def test_a_list_is_counted_up_to_a_thousand_and_hits_are_shown_so_far(client: FlaskClient) -> None:
    with writing() as session:
        for number in range(1_001):
            article = Article(slug=f"n{number}", headline="Rain", section="World", authors=[], tags=["Tides"], body="", words=1, source="")
            article.published = NOON - timedelta(minutes=number)
            article.list_anew()
            session.add(article)
        session.flush()
        reindex(session)
    for query in ("", "section=World", "tag=Tides", "q=rain"):
        first = text(client, f"/headlines?{query}")
        assert "More than 1,000 articles, newest first · page 1</p>" in first
        assert 'rel="next">Older headlines' in first
    assert slugs(text(client, "/headlines?tag=Tides&page=11")) == ["n1000"]
    text(client, "/headlines?q=rain&page=26", 404)
    last = text(client, "/headlines?q=rain&page=25")
    assert slugs(last)[-1] == "n999"
    assert 'rel="next">Older headlines' not in last


@pytest.mark.parametrize(
    "query", ["tag=Tides", "author=Ann+Lee", "q=rain", "q=rain&tag=Tides", "author=Ann+Lee&tag=Tides", "section=World"]
)
def test_what_readers_cannot_see_is_not_counted_either(client: FlaskClient, query: str) -> None:
    with writing() as session:
        for number in range(130):
            article = Article(slug=f"n{number}", headline="Rain", section="World", body="", words=1, source="")
            article.authors, article.tags = ["Ann Lee"], ["Tides"]
            article.published = NOON - timedelta(minutes=number) if number % 10 != 3 else NOON + timedelta(hours=number)
            article.status = "withdrawn" if number % 10 == 7 else "published"
            article.list_anew()
            session.add(article)
        session.flush()
        reindex(session)
    assert "104 articles, newest first · page 1 of" in text(client, f"/headlines?{query}")


def test_an_index_that_was_lost_can_be_made_again(client: FlaskClient, session: Session) -> None:
    publish("rain", headline="Rain")
    with writing() as writer:
        assert reindex(writer) == 1
        assert reindex(writer) == 1
    db.session.remove()
    assert slugs(text(client, "/headlines?q=rain")) == ["rain"]


def test_an_article_leads_to_the_ones_before_and_after_it(client: FlaskClient) -> None:
    for number in range(3):
        publish(f"n{number}", published=NOON - timedelta(hours=1), section=None)
    publish("coming", published=NOON + timedelta(hours=1))
    page = text(client, "/news/n1").split('class="neighbours"')[1].split("</nav>")[0]
    assert page.index('href="/news/n0" rel="prev"') < page.index('href="/news/n2" rel="next"')
    assert 'rel="prev"' not in text(client, "/news/n0")
    assert 'rel="next"' not in text(client, "/news/n2")


def test_related_pieces_share_most_tags_and_then_the_section(client: FlaskClient) -> None:
    publish("it", tags=["A", "B"], section="World")
    publish("both", tags=["B", "A"], section=None, published=NOON - timedelta(days=9))
    publish("one-tag", tags=["A"], section=None)
    publish("section", section="World", published=NOON - timedelta(days=5))
    publish("neither", section="Culture")
    publish("hidden", tags=["A", "B"], status="withdrawn")
    related = text(client, "/news/it").split('class="related"')[1].split("</section>")[0]
    assert [part.split('"')[0] for part in related.split('href="/news/')[1:]] == ["both", "one-tag", "section"]
