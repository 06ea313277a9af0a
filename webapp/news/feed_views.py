"""What machines ask for: feeds, sitemaps, robots.txt, security.txt, manifest and icons."""

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from flask import Blueprint, Response, send_from_directory, url_for

from webapp import clock
from webapp.assets import STATIC
from webapp.clock import stamp
from webapp.database import db
from webapp.errors import Refusal
from webapp.headers import public
from webapp.news import reading, sitemaps
from webapp.news.describing import describe
from webapp.news.views import publisher
from webapp.site import absolute, settings

if TYPE_CHECKING:
    from webapp.news.feeds import Feed

blueprint = Blueprint("news_feeds", __name__)
IN_A_FEED = 30
XML = "application/xml; charset=utf-8"
MOST_PARTS = 100_000  # what a number in an address may be, before a database is asked
CLOSED = ("/confirm", "/entry", "/claim", "/unsubscribe")
PAPER, INK = "#ffffff", "#15140f"


# The feeds' writer brings the XML parser along: with the first feed asked for, not with the start.


def _feed() -> "Feed":
    from webapp.news.feeds import Feed

    paper = publisher()
    newest = reading.latest(db.session(), clock.now(), limit=IN_A_FEED)
    return Feed(paper, f"The newest articles of {paper.name}, in full.", [describe(article, paper) for article in newest])


@blueprint.get("/feed.xml")
def rss() -> Response:
    from webapp.news import feeds

    return _open(feeds.rss(_feed(), absolute("/feed.xml")), "application/rss+xml; charset=utf-8")


@blueprint.get("/atom.xml")
def atom() -> Response:
    from webapp.news import feeds

    return _open(feeds.atom(_feed(), absolute("/atom.xml")), "application/atom+xml; charset=utf-8")


@blueprint.get("/feed.json")
def json_feed() -> Response:
    from webapp.news import feeds

    return _open(feeds.json_feed(_feed(), absolute("/feed.json")), "application/feed+json")


@blueprint.get("/sitemap.xml")
def sitemap() -> Response:
    return _open(sitemaps.index(db.session(), clock.now(), publisher()), XML)


@blueprint.get("/sitemap/lists.xml")
def sitemap_of_lists() -> Response:
    from webapp.news import foot_links

    sections = [url_for("news_lists.headlines", section=section) for section in reading.sections(db.session(), clock.now())]
    return _open(sitemaps.lists(publisher(), ["/", *sections, *(path for path, _ in foot_links())]), XML)


@blueprint.get("/sitemap/<int:number>.xml")
def sitemap_part(number: int) -> Response:
    content = sitemaps.part(db.session(), clock.now(), publisher(), number) if 0 < number < MOST_PARTS else None
    if content is None:
        raise Refusal("There is no such part of the sitemap.", status=404)
    return _open(content, XML)


@blueprint.get("/news-sitemap.xml")
def news_sitemap() -> Response:
    return _open(sitemaps.news_sitemap(db.session(), clock.now(), publisher()), XML)


@blueprint.get("/robots.txt")
def robots() -> Response:
    closed = "".join(f"Disallow: {path}\n" for path in CLOSED)
    maps = "".join(f"Sitemap: {absolute(path)}\n" for path in ("/sitemap.xml", "/news-sitemap.xml"))
    return _open(f"User-agent: *\n{closed}\n{maps}", "text/plain; charset=utf-8")


@blueprint.get("/.well-known/security.txt")
def security() -> Response:
    """RFC 9116. Expires moves once a month: always more than nine months away and less than a year, yet the same bytes for caches."""
    contact = settings().contact
    if contact is None:
        raise Refusal("This paper has named no address for such reports.", status=404)
    month = clock.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    where = contact if contact.startswith(("mailto:", "https://")) else f"mailto:{contact}"
    lines = {
        "Contact": where,
        "Expires": stamp(month + timedelta(days=334)),
        "Preferred-Languages": "en",
        "Canonical": absolute("/.well-known/security.txt"),
    }
    return _open("".join(f"{name}: {value}\n" for name, value in lines.items()), "text/plain; charset=utf-8")


@blueprint.get("/manifest.webmanifest")
def manifest() -> Response:
    icons = [
        {"src": url_for("static", filename=f"icon-{name}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
        for name, size, purpose in (("192", 192, "any"), ("512", 512, "any"), ("maskable-512", 512, "maskable"))
    ]
    facts = {
        "name": settings().site_name,
        "short_name": settings().site_name,
        "start_url": "/",
        "scope": "/",
        "display": "minimal-ui",
        "background_color": PAPER,
        "theme_color": INK,
        "icons": icons,
    }
    return _open(json.dumps(facts, ensure_ascii=False), "application/manifest+json")


@blueprint.get("/favicon.ico")
def favicon() -> Response:
    response = send_from_directory(STATIC, "favicon.ico", mimetype="image/x-icon")
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


def _open(content: str | bytes, content_type: str) -> Response:
    """Kept by shared caches and answered with 304 as pages are; other sites and readers may use it."""
    response = public(Response(content, content_type=content_type))
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
