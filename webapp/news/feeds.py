"""The newest articles in full as RSS 2.0, Atom (RFC 4287) and JSON Feed 1.1: three spellings of the same descriptions."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import NamedTuple
from xml.etree import ElementTree as Tree

from webapp.clock import stamp
from webapp.news.describing import LANGUAGE, Description, Publisher

ATOM = "http://www.w3.org/2005/Atom"
DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
for prefix, namespace in (("atom", ATOM), ("dc", DUBLIN_CORE), ("content", CONTENT)):
    Tree.register_namespace(prefix, namespace)


class Feed(NamedTuple):
    """The paper, what it says of itself, and its newest articles, the newest first."""

    publisher: Publisher
    about: str
    articles: Sequence[Description]

    @property
    def changed(self) -> datetime | None:
        """When an article of the feed changed last; nothing else may move with the clock, or no reader ever gets a 304."""
        return max((article.modified for article in self.articles), default=None)


def rss(feed: Feed, own: str) -> bytes:
    """`own`: the feed's whole address."""
    root = Tree.Element("rss", version="2.0")
    channel = Tree.SubElement(root, "channel")
    _add(channel, "title", feed.publisher.name)
    _add(channel, "link", f"{feed.publisher.url}/")
    _add(channel, "description", feed.about)
    _add(channel, "language", LANGUAGE)
    Tree.SubElement(channel, f"{{{ATOM}}}link", href=own, rel="self", type="application/rss+xml")
    if feed.changed:
        _add(channel, "lastBuildDate", _rfc822(feed.changed))
    for article in feed.articles:
        item = _add(channel, "item")
        _add(item, "title", article.headline)
        _add(item, "link", article.url)
        _add(item, "guid", article.id).set("isPermaLink", "false")
        _add(item, "pubDate", _rfc822(article.published))
        for author in article.authors:
            _add(item, f"{{{DUBLIN_CORE}}}creator", author)
        for category in _categories(article):
            _add(item, "category", category)
        _add(item, "description", article.summary)
        _add(item, f"{{{CONTENT}}}encoded", article.html)
    return _document(root)


def atom(feed: Feed, own: str) -> bytes:
    root = Tree.Element(f"{{{ATOM}}}feed", {"xml:lang": LANGUAGE})
    _add(root, f"{{{ATOM}}}id", f"{feed.publisher.url}/")
    _add(root, f"{{{ATOM}}}title", feed.publisher.name)
    _add(root, f"{{{ATOM}}}subtitle", feed.about)
    _add(root, f"{{{ATOM}}}updated", stamp(feed.changed or datetime(2000, 1, 1, tzinfo=UTC)))
    _person(root, feed.publisher.name)
    Tree.SubElement(root, f"{{{ATOM}}}link", href=own, rel="self", type="application/atom+xml")
    Tree.SubElement(root, f"{{{ATOM}}}link", href=f"{feed.publisher.url}/", rel="alternate", type="text/html")
    for article in feed.articles:
        entry = _add(root, f"{{{ATOM}}}entry")
        _add(entry, f"{{{ATOM}}}id", article.id)
        _add(entry, f"{{{ATOM}}}title", article.headline)
        Tree.SubElement(entry, f"{{{ATOM}}}link", href=article.url, rel="alternate", type="text/html")
        _add(entry, f"{{{ATOM}}}published", stamp(article.published))
        _add(entry, f"{{{ATOM}}}updated", stamp(article.modified))
        for author in article.authors:
            _person(entry, author)
        for category in _categories(article):
            Tree.SubElement(entry, f"{{{ATOM}}}category", term=category)
        _add(entry, f"{{{ATOM}}}summary", article.summary)
        _add(entry, f"{{{ATOM}}}content", article.html).set("type", "html")
    return _document(root)


def json_feed(feed: Feed, own: str) -> bytes:
    items = []
    for article in feed.articles:
        item: dict[str, object] = {
            "id": article.id,
            "url": article.url,
            "title": article.headline,
            "summary": article.summary,
            "content_html": article.html,
            "date_published": stamp(article.published),
            "date_modified": stamp(article.modified),
            "authors": [{"name": author} for author in article.authors],
            "tags": _categories(article),
            "language": LANGUAGE,
        }
        if article.share and article.images:  # a card would say the title twice
            item["image"] = article.share.url
        items.append(item)
    facts = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.publisher.name,
        "description": feed.about,
        "home_page_url": f"{feed.publisher.url}/",
        "feed_url": own,
        "icon": feed.publisher.logo,
        "language": LANGUAGE,
        "items": items,
    }
    return json.dumps(facts, ensure_ascii=False, indent=1).encode()


def _categories(article: Description) -> list[str]:
    return [*([article.section] if article.section else []), *article.tags]


def _person(parent: Tree.Element, name: str) -> None:
    _add(_add(parent, f"{{{ATOM}}}author"), f"{{{ATOM}}}name", name)


def _rfc822(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def _add(parent: Tree.Element, name: str, text: str | None = None) -> Tree.Element:
    child = Tree.SubElement(parent, name)
    child.text = text
    return child


def _document(root: Tree.Element) -> bytes:
    text: str = Tree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()
