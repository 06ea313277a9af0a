"""What machines read: page heads, feeds, sitemaps, robots.txt and their kin, all of one description."""

import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from html import unescape
from io import BytesIO
from typing import Any
from xml.etree import ElementTree as Tree

import pytest
import time_machine
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import update

from tests.news.test_pages import NOON, publish, text
from webapp.database import writing
from webapp.headers import PAGE
from webapp.news.elsewhere import for_elsewhere
from webapp.news.linked_data import list_path
from webapp.news.models import Article, Figure, Picture
from webapp.site import settings

A = "{http://www.w3.org/2005/Atom}"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
NEWS = "{http://www.google.com/schemas/sitemap-news/0.9}"
SHA = bytes(range(32))
MACHINES = [
    "/feed.xml",
    "/atom.xml",
    "/feed.json",
    "/sitemap.xml",
    "/sitemap/lists.xml",
    "/sitemap/1.xml",
    "/news-sitemap.xml",
    "/robots.txt",
    "/manifest.webmanifest",
]


@pytest.fixture(autouse=True)
def at_noon() -> Any:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def environ() -> dict[str, str]:
    """Everything made anew: what is said again must be so because nothing in it moves with the clock, not because it was kept."""
    return {"PAGE_CACHE_MB": "0"}


def illustrated(slug: str = "seen", **facts: Any) -> None:
    picture = Picture(sha256=SHA, width=1600, height=900, variants=[])
    figure = Figure(position=0, alt="A map", caption="Where it was.", credit="Map: Ann Lee", picture=picture)
    publish(slug, figures=[figure], **facts)


def linked_data(page: str) -> list[dict[str, Any]]:
    return [json.loads(found) for found in re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)]


def test_the_facts_of_an_article_name_its_pictures_with_their_credits(client: FlaskClient) -> None:
    illustrated(authors=["Ada Byline", "The Daily Draw world desk"], updated=NOON, tags=["Tides"])
    article, way = linked_data(text(client, "/news/seen"))
    url = settings().site_url
    assert article["@type"] == "NewsArticle"
    assert (article["headline"], article["datePublished"]) == ("Headline of seen", "2024-12-08T11:00:00+00:00")
    assert article["dateModified"] == "2024-12-08T12:00:00+00:00"
    assert [(who["@type"], who["name"]) for who in article["author"]] == [
        ("Person", "Ada Byline"),
        ("Organization", "The Daily Draw world desk"),
    ]
    *crops, picture = article["image"]
    assert [(crop["width"], crop["height"]) for crop in crops] == [(1200, 675), (1200, 900), (900, 900)]
    assert {crop["creditText"] for crop in crops} == {"Map: Ann Lee"}
    assert article["author"][0]["url"] == f"{url}/headlines?author=Ada+Byline"
    assert picture["url"] == f"{url}/media/{SHA.hex()[:16]}-1600.jpg"
    assert (picture["creditText"], picture["caption"], picture["description"]) == ("Map: Ann Lee", "Where it was.", "A map")
    assert way["@type"] == "BreadcrumbList"
    assert [step["item"] for step in way["itemListElement"]] == [f"{url}/", f"{url}/headlines?section=World", f"{url}/news/seen"]
    assert [(step["@type"], step["position"]) for step in way["itemListElement"]] == [("ListItem", n) for n in (1, 2, 3)]


def test_no_headline_can_end_the_script_that_holds_it(client: FlaskClient) -> None:
    headline = "</script><script>alert(1)</script> \u2028 <!-- &amp; ' \""
    publish("hostile", headline=headline, tags=["</script>"])
    page = text(client, "/news/hostile")
    assert page.count("<script") == page.count("</script>") == 2
    assert linked_data(page)[0]["headline"] == headline


def test_an_article_without_pictures_is_shared_with_the_papers_icon(client: FlaskClient) -> None:
    publish("bare")
    page = text(client, "/news/bare")
    assert "icon-512.png" in page
    assert '<meta name="twitter:card" content="summary">' in page
    assert '<meta name="robots" content="max-image-preview:large">' in page


@pytest.mark.parametrize("address", MACHINES)
def test_what_machines_read_is_kept_by_caches_confirmed_by_etag_and_open_to_other_sites(client: FlaskClient, address: str) -> None:
    illustrated()
    first = client.get(address)
    assert first.status_code == 200
    assert first.headers["Cache-Control"] == PAGE
    assert first.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Set-Cookie" not in first.headers
    with time_machine.travel(NOON + timedelta(minutes=5), tick=False):
        assert client.get(address, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


def test_the_three_feeds_hold_the_same_articles_in_full_with_whole_addresses(client: FlaskClient) -> None:
    publish("older", published=NOON - timedelta(days=1))
    illustrated(body='<p>Rain &amp; <a href="/headlines">more</a>.</p><h2 id="part-x">X</h2><p><a href="#part-x">X</a></p>', tags=["Tides"])
    url = settings().site_url
    html = f'<p>Rain &amp; <a href="{url}/headlines">more</a>.</p><h2>X</h2><p><a href="{url}/news/seen#part-x">X</a></p>'
    rss = Tree.fromstring(client.get("/feed.xml").data)
    newest = rss.findall("channel/item")[0]
    assert [item.findtext("guid") for item in rss.findall("channel/item")] == [f"{url}/news/seen", f"{url}/news/older"]
    assert newest.findtext("{http://purl.org/rss/1.0/modules/content/}encoded") == html
    assert newest.findtext("{http://purl.org/dc/elements/1.1/}creator") == "Ada Byline"
    assert parsedate_to_datetime(newest.findtext("pubDate") or "") == NOON - timedelta(hours=1)
    atom = Tree.fromstring(client.get("/atom.xml").data)
    assert [entry.findtext(f"{A}id") for entry in atom.findall(f"{A}entry")] == [f"{url}/news/seen", f"{url}/news/older"]
    assert atom.findtext(f"{A}entry/{A}content") == html
    feed = json.loads(client.get("/feed.json").data)
    assert [item["url"] for item in feed["items"]] == [f"{url}/news/seen", f"{url}/news/older"]
    assert feed["items"][0]["content_html"] == html
    assert feed["items"][0]["tags"] == ["World", "Tides"]


def test_feeds_have_all_that_their_specifications_demand(client: FlaskClient) -> None:
    """RSS 2.0, "required channel elements"; RFC 4287 §4.1.1 and §4.1.2; JSON Feed 1.1, "top-level" and "items"."""
    illustrated()
    rss = Tree.fromstring(client.get("/feed.xml").data)
    assert (rss.tag, rss.get("version")) == ("rss", "2.0")
    assert all(rss.findtext(f"channel/{name}") for name in ("title", "link", "description"))
    assert all(item.findtext("title") or item.findtext("description") for item in rss.findall("channel/item"))
    atom = Tree.fromstring(client.get("/atom.xml").data)
    assert atom.tag == f"{A}feed"
    for element in (atom, *atom.findall(f"{A}entry")):
        assert all(element.findtext(f"{A}{name}") for name in ("id", "title"))
        assert datetime.fromisoformat(element.findtext(f"{A}updated") or "").tzinfo is not None
    assert all(entry.findtext(f"{A}author/{A}name") for entry in atom.findall(f"{A}entry"))
    feed = json.loads(client.get("/feed.json").data)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["title"]
    assert all(item["id"] and (item.get("content_html") or item.get("content_text")) for item in feed["items"])


def test_feeds_get_plain_pictures() -> None:
    body = (
        '<figure class="figure"><picture><source type="image/avif" srcset="/media/a-480.avif 480w" sizes="1px">'
        '<img src="/media/a-800.jpg" srcset="/media/a-480.jpg 480w" sizes="1px" width="800" height="500" alt="a > b"></picture>'
        '</figure><p><code>&lt;a href="/x"&gt;</code></p>'
    )
    assert for_elsewhere(body, site_url="https://s.example", page_url="https://s.example/news/a") == (
        '<figure><img src="https://s.example/media/a-800.jpg" width="800" height="500" alt="a > b"></figure>'
        '<p><code>&lt;a href="/x"&gt;</code></p>'
    )


def test_feeds_of_a_paper_without_articles_are_feeds(client: FlaskClient) -> None:
    for address in ("/feed.xml", "/atom.xml", "/sitemap.xml", "/news-sitemap.xml"):
        Tree.fromstring(client.get(address).data)
    assert json.loads(client.get("/feed.json").data)["items"] == []


def test_withdrawn_and_coming_articles_are_in_no_feed(client: FlaskClient) -> None:
    publish("hidden-one", status="withdrawn")
    publish("hidden-two", published=NOON + timedelta(minutes=1))
    for address in MACHINES:
        assert b"hidden" not in client.get(address).data or address == "/sitemap/1.xml", address
    with time_machine.travel(NOON + timedelta(minutes=1), tick=False):
        assert b"hidden-two" in client.get("/feed.xml").data


def places(client: FlaskClient, address: str) -> list[str]:
    return [place.text or "" for place in Tree.fromstring(client.get(address).data).iter(f"{SITEMAP}loc")]


def test_the_news_sitemap_holds_two_days_and_the_sitemap_everything(client: FlaskClient) -> None:
    publish("old", published=NOON - timedelta(days=2, seconds=1), updated=NOON)
    publish("new", headline="Rain & <hail>")
    url = settings().site_url
    lists, part = places(client, "/sitemap.xml")
    assert (lists, part) == (f"{url}/sitemap/lists.xml", f"{url}/sitemap/1.xml")
    assert {f"{url}/", f"{url}/headlines", f"{url}/headlines?section=World"} <= set(places(client, "/sitemap/lists.xml"))
    everything = Tree.fromstring(client.get("/sitemap/1.xml").data)
    assert [place.text for place in everything.iter(f"{SITEMAP}loc")] == [f"{url}/news/old", f"{url}/news/new"]
    assert [place.text for place in everything.iter(f"{SITEMAP}lastmod")] == ["2024-12-08T12:00:00Z", "2024-12-08T11:00:00Z"]
    news = Tree.fromstring(client.get("/news-sitemap.xml").data)
    assert [title.text for title in news.iter(f"{NEWS}title")] == ["Rain & <hail>"]


def test_a_file_of_the_sitemap_holds_two_thousand_articles_at_most(client: FlaskClient) -> None:
    for number in (1, 2_000, 2_001, 4_001):
        publish(f"n{number}", id=number)
    publish("withdrawn", id=6_001, status="withdrawn")
    publish("coming", id=6_002, published=NOON + timedelta(hours=1))
    url = settings().site_url
    assert places(client, "/sitemap.xml") == [f"{url}/sitemap/{name}.xml" for name in ("lists", 1, 2, 3)]
    assert places(client, "/sitemap/1.xml") == [f"{url}/news/n1", f"{url}/news/n2000"]
    assert places(client, "/sitemap/2.xml") == [f"{url}/news/n2001"]
    for nothing in ("0", "4", "99999", "9" * 30, "-1", "x"):
        text(client, f"/sitemap/{nothing}.xml", 404)
    with time_machine.travel(NOON + timedelta(hours=1), tick=False):
        assert places(client, "/sitemap/4.xml") == [f"{url}/news/coming"]


def test_the_sitemap_names_no_file_whose_articles_are_all_withdrawn_or_to_come(client: FlaskClient) -> None:
    for number in (2_000, 2_001, 4_000, 8_001):
        publish(f"n{number}", id=number)
    publish("gone", id=1, status="withdrawn")
    publish("coming", id=6_001, published=NOON + timedelta(hours=1))
    url = settings().site_url

    def listed() -> list[str]:
        found = places(client, "/sitemap.xml")
        assert [client.get(address.removeprefix(url)).status_code for address in found] == [200] * len(found)
        return [address.rpartition("/")[2] for address in found]

    assert listed() == ["lists.xml", "1.xml", "2.xml", "5.xml"]
    with writing() as session:
        session.execute(update(Article).where(Article.id.in_([2_001, 4_000])).values(status="withdrawn"))
    with time_machine.travel(NOON + timedelta(hours=1), tick=False):
        assert listed() == ["lists.xml", "1.xml", "4.xml", "5.xml"]
    with writing() as session:
        session.execute(update(Article).values(status="withdrawn"))
    assert listed() == ["lists.xml"]


def test_the_news_sitemap_holds_the_newest_thousand(client: FlaskClient) -> None:
    with writing() as session:
        for number in range(1_001):
            article = Article(slug=f"n{number}", headline="Rain", authors=[], tags=[], body="", words=1, source="")
            article.published = NOON - timedelta(minutes=number)
            session.add(article)
    listed = places(client, "/news-sitemap.xml")
    assert (len(listed), listed[0].rpartition("/")[2], listed[-1].rpartition("/")[2]) == (1_000, "n0", "n999")


def test_robots_may_read_everything_but_what_belongs_to_one_person(client: FlaskClient) -> None:
    robots = text(client, "/robots.txt")
    assert re.findall("Disallow: (.*)", robots) == ["/confirm", "/entry", "/claim", "/unsubscribe"]
    assert f"Sitemap: {settings().site_url}/news-sitemap.xml" in robots


def test_a_section_and_an_author_have_one_address_wherever_it_is_written(client: FlaskClient) -> None:
    odd = "A/B: O'Neill & Söhne (50 %) + ~ * ! $ , ; ? @ # =\""
    publish("one", section=odd, authors=[odd])
    page = text(client, "/news/one")
    for name, found in (("section", 'class="kicker"'), ("author", 'rel="author"')):
        (tag,) = (tag for tag in re.findall("<p[^>]*>.*?</p>", page) if found in tag)
        link = unescape(re.findall('href="([^"]+)"', tag)[0])
        assert link.startswith(f"/headlines?{name}=") and link == list_path(**{name: odd})
        article, way = linked_data(page)
        assert settings().site_url + link == (article["author"][0]["url"] if name == "author" else way["itemListElement"][1]["item"])
        canonical = re.findall('<link rel="canonical" href="([^"]+)">', text(client, link))[0]
        assert unescape(canonical) == settings().site_url + link


def test_the_language_of_the_page_is_named_as_open_graph_asks(client: FlaskClient) -> None:
    page = text(client, "/headlines")
    (language,), (locale,) = re.findall('<html lang="([^"]+)">', page), re.findall('<meta property="og:locale" content="([^"]+)">', page)
    assert re.fullmatch("[a-z]{2}_[A-Z]{2}", locale) and locale.startswith(language)


def test_the_manifest_and_the_icons_are_there(client: FlaskClient) -> None:
    manifest = json.loads(client.get("/manifest.webmanifest").data)
    assert manifest["name"] == "The Daily Draw"
    assert {(icon["sizes"], icon["purpose"]) for icon in manifest["icons"]} == {
        ("192x192", "any"), ("512x512", "any"), ("512x512", "maskable"),
    }  # fmt: skip
    page = text(client, "/headlines")
    (touch,) = re.findall('<link rel="apple-touch-icon" href="(.*?)">', page)
    for address, size in [(touch, "180x180"), *((icon["src"], icon["sizes"]) for icon in manifest["icons"])]:
        with client.get(address) as response, Image.open(BytesIO(response.data)) as icon:
            assert (response.mimetype, f"{icon.width}x{icon.height}") == ("image/png", size)
            # A phone that cuts a circle out of a transparent icon shows what is behind it.
            assert "maskable" not in address or icon.convert("RGBA").getchannel("A").getextrema() == (255, 255)
    with client.get("/favicon.ico") as response:
        assert response.status_code == 200
    for address in ("/feed.xml", "/atom.xml", "/feed.json", "/manifest.webmanifest"):
        assert f'href="{address}"' in page


def test_without_a_contact_there_is_no_security_txt(client: FlaskClient) -> None:
    text(client, "/.well-known/security.txt", 404)


class TestWithAContact:
    @pytest.fixture
    def environ(self) -> dict[str, str]:
        return {"CONTACT": "desk@example.com"}

    def test_security_txt_expires_within_a_year_and_stays_the_same_for_a_month(self, client: FlaskClient) -> None:
        first = text(client, "/.well-known/security.txt")
        assert "Contact: mailto:desk@example.com" in first
        expires = datetime.fromisoformat(re.findall("Expires: (.*)Z", first)[0]).replace(tzinfo=UTC)
        assert timedelta(days=270) < expires - NOON < timedelta(days=365)
        with time_machine.travel(NOON + timedelta(days=20), tick=False):
            assert text(client, "/.well-known/security.txt") == first
        with time_machine.travel(NOON + timedelta(days=30), tick=False):
            assert text(client, "/.well-known/security.txt") != first
