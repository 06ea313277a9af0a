"""The newspaper's pages, opened as readers open them."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from tests.statements import statements
from webapp.database import writing
from webapp.headers import IMMUTABLE, PAGE
from webapp.news.models import Alias, Article, Figure, Picture
from webapp.news.searching import index
from webapp.site import settings

NOON = datetime(2024, 12, 8, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def at_noon() -> Any:
    with time_machine.travel(NOON, tick=False):
        yield


def publish(slug: str, **facts: Any) -> None:
    """An article as the importer would store it, published an hour before noon unless `facts` say else."""
    known: dict[str, Any] = {
        "headline": f"Headline of {slug}",
        "standfirst": f"Standfirst of {slug}",
        "section": "World",
        "authors": ["Ada Byline"],
        "tags": [],
        "published": NOON - timedelta(hours=1),
        "body": f"<p>Body of {slug}.</p>",
        "words": 460,
        "source": "",
    }
    known |= facts
    with writing() as session:
        article = Article(slug=slug, **known)
        article.list_anew()
        session.add(article)
        session.flush()
        index(session, article)


def text(client: FlaskClient, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status
    return response.get_data(as_text=True)


def test_the_empty_front_page_names_the_commands_that_fill_it(client: FlaskClient) -> None:
    page = text(client, "/")
    assert "flask demo" in page
    assert "flask article import" in page


def test_an_installation_without_articles_has_an_empty_list_of_headlines(client: FlaskClient) -> None:
    assert "Nothing has been published yet" in text(client, "/headlines")


def test_the_front_page_is_the_newest_article_in_full_and_links_to_the_others(client: FlaskClient) -> None:
    publish("older", published=NOON - timedelta(days=1))
    publish("newer")
    page = text(client, "/")
    assert "Body of newer." in page
    assert 'href="/news/older"' in page
    assert "Body of older." not in page
    assert 'href="/news/newer"' not in page


@pytest.mark.parametrize("shown", ["n0", "n13"], ids=["one of the newest", "an older one"])
def test_beside_an_article_stand_the_twelve_newest_others(client: FlaskClient, shown: str) -> None:
    for n in range(14):
        publish(f"n{n}", section=None, published=NOON - timedelta(hours=n))
    rail = text(client, f"/news/{shown}").partition('<ol class="index">')[2].partition("</ol>")[0]
    assert re.findall(r'href="/news/(\w+)"', rail) == [f"n{n}" for n in range(14) if f"n{n}" != shown][:12]


def test_the_newest_article_marked_lead_comes_before_a_newer_one_without_the_mark(client: FlaskClient) -> None:
    publish("first-lead", lead=True, published=NOON - timedelta(days=2))
    publish("second-lead", lead=True, published=NOON - timedelta(days=1))
    publish("plain")
    assert "Body of second-lead." in text(client, "/")


def test_an_article_shows_section_headline_standfirst_byline_times_and_reading_time(client: FlaskClient) -> None:
    publish("whole", authors=["Ada Byline", "Ben Writer"], tags=["Tides"], updated=NOON, correction="It was Tuesday.")
    page = text(client, "/news/whole")
    assert '<p class="kicker"><a href="/headlines?section=World">World</a></p>' in page
    assert '<h1 class="headline">Headline of whole</h1>' in page
    assert '<p class="standfirst">Standfirst of whole</p>' in page
    assert '<a href="/headlines?author=Ada+Byline" rel="author">Ada Byline</a> and <a href="/headlines?author=Ben+Writer"' in page
    assert '<time datetime="2024-12-08T11:00:00+00:00">8 December 2024, 11:00 UTC</time>' in page
    assert 'Updated <time datetime="2024-12-08T12:00:00+00:00">8 December 2024, 12:00 UTC</time>' in page
    assert "2 min read" in page
    assert "Tides" in page
    assert "<strong>Correction:</strong> <bdi>It was Tuesday.</bdi>" in page


def test_the_article_ends_with_all_headlines(client: FlaskClient) -> None:
    publish("whole")
    inside = text(client, "/news/whole").split("</article>")[0]
    assert inside.rstrip().endswith('<a href="/headlines">ALL Headlines</a></p>\n</footer>')


def test_an_article_without_the_optional_parts_is_a_page_too(client: FlaskClient) -> None:
    publish("bare", standfirst=None, section=None, authors=[])
    page = text(client, "/news/bare")
    assert 'class="kicker"' not in page
    assert '<meta name="description" content="Body of bare.">' in page


def test_words_that_look_like_html_are_shown_as_words(client: FlaskClient) -> None:
    publish("angle", headline="<b>Bold</b> & more", standfirst='"quoted" <i>', section="<Sport>", tags=["<u>"], correction="<s>")
    page = text(client, "/news/angle")
    assert "&lt;b&gt;Bold&lt;/b&gt; &amp; more" in page
    assert "<b>Bold" not in page
    assert "<u>" not in page
    assert text(client, "/headlines?section=%3CSport%3E")


def test_a_former_slug_leads_to_the_article_for_good(client: FlaskClient) -> None:
    publish("new-name", aliases=[Alias(slug="old-name")])
    response = client.get("/news/old-name")
    assert response.status_code == 301
    assert response.headers["Location"] == "/news/new-name"


def test_a_withdrawn_article_is_gone_everywhere_and_says_so(client: FlaskClient) -> None:
    publish("stays", published=NOON - timedelta(days=1))
    publish("taken-back", status="withdrawn", aliases=[Alias(slug="before")])
    assert "taken this article off the site" in text(client, "/news/taken-back", 410)
    assert "taken-back" not in text(client, "/")
    assert "taken-back" not in text(client, "/headlines")


def test_an_article_of_the_future_appears_at_its_time_and_not_before(client: FlaskClient) -> None:
    publish("now")
    publish("tomorrow", section="Later", published=NOON + timedelta(days=1))
    text(client, "/news/tomorrow", 404)
    assert "tomorrow" not in text(client, "/headlines")
    assert "Later" not in text(client, "/")
    with time_machine.travel(NOON + timedelta(days=1), tick=False):
        assert "Body of tomorrow." in text(client, "/")
        assert "Later" in text(client, "/headlines")


@pytest.mark.parametrize(
    "address",
    ["/news/nothing", "/news/UPPER", "/news/a%00b", "/news/..", "/news/" + "x" * 5000, "/news/caf%C3%A9", "/news/%FF", "/news/a'--"],
)
def test_addresses_that_name_no_article_are_not_found(client: FlaskClient, address: str) -> None:
    text(client, address, 404)


def test_headlines_stand_newest_first_under_their_days(client: FlaskClient) -> None:
    publish("a", published=datetime(2024, 12, 7, 23, 59, tzinfo=UTC))
    publish("b", published=datetime(2024, 12, 8, 0, 0, tzinfo=UTC))
    publish("c", published=datetime(2024, 12, 8, 8, 0, tzinfo=UTC))
    page = text(client, "/headlines")
    order = ["<h2>Sunday 8 December 2024</h2>", "Headline of c", "Headline of b", "<h2>Saturday 7 December 2024</h2>", "Headline of a"]
    places = [page.index(words) for words in order]
    assert places == sorted(places)
    assert page.count("<h2>") == 2


def test_a_section_holds_its_own_headlines_only(client: FlaskClient) -> None:
    publish("in-it", section="How it works")
    publish("out", section="World")
    page = text(client, "/headlines?section=How+it+works")
    assert "Headline of in-it" in page
    assert "Headline of out" not in page
    assert '<a href="/headlines?section=How+it+works" aria-current="page">How it works</a>' in page


def publish_many(count: int) -> None:
    with writing() as session:
        for n in range(count):
            article = Article(slug=f"n{n}", headline=f"Number {n:03}", authors=[], tags=[], body="", words=1, source="")
            article.published = NOON - timedelta(minutes=n)
            session.add(article)


def test_pages_hold_a_hundred_headlines_and_lead_to_one_another(client: FlaskClient) -> None:
    publish_many(201)
    pages = [text(client, f"/headlines?page={n}") for n in (1, 2, 3)]
    assert [page.count('href="/news/') for page in pages] == [100, 100, 1]
    assert "Number 099" in pages[0]
    assert "Number 100" in pages[1]
    assert 'href="/headlines" rel="prev"' in pages[1]
    assert 'href="/headlines?page=3" rel="next"' in pages[1]
    assert 'rel="next"' not in pages[2]
    text(client, "/headlines?page=4", 404)


@pytest.mark.parametrize(
    "query",
    [
        *("page=x", "page=0", "page=-1", "page=999999", "page=99999999999999999999", "page=", "page=%D9%A1", "page=1.0", "page=%00"),
        *("section=Nowhere", "section=%00", "section=%FF", "section=" + "x" * 10_000, "section='%3B--"),
    ],
)
def test_junk_in_the_query_is_not_found(client: FlaskClient, query: str) -> None:
    publish("one")
    text(client, f"/headlines?{query}", 404)


def test_unknown_and_empty_parameters_are_ignored(client: FlaskClient) -> None:
    publish("one")
    assert "Headline of one" in text(client, "/headlines?section=&utm_source=x")


@pytest.mark.parametrize("address", ["/", "/news/one", "/headlines"])
def test_pages_are_the_same_for_all_and_may_be_kept_by_caches(client: FlaskClient, address: str) -> None:
    publish("one")
    first = client.get(address)
    assert first.headers["Cache-Control"] == PAGE
    assert "Set-Cookie" not in first.headers
    again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    publish("two", published=NOON)
    assert client.get(address, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


@pytest.mark.parametrize(
    ("address", "canonical"),
    [
        ("/?x=1", "/"),
        ("/news/one", "/news/one"),
        ("/headlines?page=1", "/headlines"),
        ("/headlines?section=World", "/headlines?section=World"),
    ],
)
def test_each_page_names_its_one_address(client: FlaskClient, address: str, canonical: str) -> None:
    publish("one")
    page = text(client, address)
    assert f'<link rel="canonical" href="{settings().site_url}{canonical}">' in page
    assert f'<meta property="og:url" content="{settings().site_url}{canonical}">' in page


def test_the_head_of_an_article_describes_it_for_other_sites(client: FlaskClient) -> None:
    sha = bytes(range(32))
    publish("seen", figures=[Figure(position=0, alt="A map", caption="", picture=Picture(sha256=sha, width=1600, height=900, variants=[]))])
    page = text(client, "/news/seen")
    assert '<meta name="description" content="Standfirst of seen">' in page
    assert '<meta property="og:title" content="Headline of seen">' in page
    assert '<meta property="og:type" content="article">' in page
    assert f'<meta property="og:image" content="{settings().site_url}/media/{sha.hex()[:16]}-share.jpg">' in page
    assert '<meta property="og:image:alt" content="A map">' in page


def test_the_frame_reads_with_few_queries_and_no_body_but_the_one_shown(client: FlaskClient, app: Flask) -> None:
    for n in range(20):
        publish(f"n{n}", published=NOON - timedelta(hours=n))
    with statements() as asked:
        text(client, "/news/n3")
    # What the clock brings next (min) is asked once for a version of the content, not for every page.
    reads = [statement for statement in asked if "SELECT" in statement and "min(news" not in statement]
    assert len([statement for statement in reads if "news_" in statement]) == 7
    assert len([statement for statement in reads if "body" in statement]) == 1


@pytest.mark.parametrize(("format", "type"), [("avif", "image/avif"), ("webp", "image/webp"), ("jpg", "image/jpeg")])
def test_pictures_are_kept_for_ever_and_may_be_shown_elsewhere(client: FlaskClient, format: str, type: str) -> None:
    (settings().media / f"0123456789abcdef-800.{format}").write_bytes(b"picture")
    with client.get(f"/media/0123456789abcdef-800.{format}") as response:
        assert response.data == b"picture"
        assert response.mimetype == type
        assert response.headers["Cache-Control"] == IMMUTABLE
        assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


@pytest.mark.parametrize(
    "name", ["0123456789abcdef-801.jpg", "../keys/secret", "..%2Fkeys%2Fsecret", "note.txt", ".0123456789abcdef-800.jpg.part", "%00.jpg"]
)
def test_nothing_but_pictures_comes_out_of_the_media_folder(client: FlaskClient, name: str) -> None:
    Path(settings().media / "note.txt").write_text("private")
    text(client, f"/media/{name}", 404)


class TestInAnotherZone:
    @pytest.fixture
    def environ(self) -> dict[str, str]:
        return {"SITE_TIMEZONE": "America/New_York"}

    def test_days_and_times_are_those_of_the_site(self, client: FlaskClient) -> None:
        publish("late", published=datetime(2024, 12, 8, 3, 30, tzinfo=UTC))
        assert "<h2>Saturday 7 December 2024</h2>" in text(client, "/headlines")
        page = text(client, "/news/late")
        assert '<time datetime="2024-12-07T22:30:00-05:00">7 December 2024, 22:30 EST</time>' in page
        assert "<p>Sunday 8 December 2024</p>" in page
