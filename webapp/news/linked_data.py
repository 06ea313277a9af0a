"""What search engines read of a page: schema.org facts, to be put into JSON-LD (https://schema.org/NewsArticle)."""

from collections.abc import Iterable
from datetime import tzinfo
from typing import Any
from urllib.parse import urlencode

from webapp.dates import iso
from webapp.news.describing import LANGUAGE, Description, Image, Publisher

Facts = dict[str, Any]
_LEFT = "!$'()*,/:;?@"  # signs that Werkzeug leaves in a query as they are


def article_facts(article: Description, zone: tzinfo) -> list[Facts]:
    """A NewsArticle with its pictures and their credits, and the way to it."""
    facts: Facts = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "mainEntityOfPage": article.url,
        "url": article.url,
        "headline": article.headline,
        "description": article.summary,
        "datePublished": iso(article.published, zone),
        "dateModified": iso(article.modified, zone),
        "author": [_author(name, article.publisher) for name in article.authors] or [_organization(article.publisher)],
        "publisher": _organization(article.publisher),
        "inLanguage": LANGUAGE,
        "isAccessibleForFree": True,
        "wordCount": article.words,
    }
    if article.section:
        facts["articleSection"] = article.section
    if article.tags:
        facts["keywords"] = list(article.tags)
    if shown := (*article.crops, *article.images) or (article.share and (article.share,)):
        facts["image"] = [_image(image) for image in shown]
    steps = [("/headlines", "ALL Headlines")] if not article.section else [(list_path(section=article.section), article.section)]
    return [facts, breadcrumbs(article.publisher, [*steps, (article.path, article.headline)])]


def site_facts(publisher: Publisher) -> Facts:
    """The paper itself, for the front page."""
    return {
        "@context": "https://schema.org",
        "@type": "WebSite",
        "name": publisher.name,
        "url": f"{publisher.url}/",
        "inLanguage": LANGUAGE,
        "publisher": _organization(publisher),
    }


def breadcrumbs(publisher: Publisher, steps: Iterable[tuple[str, str]]) -> Facts:
    """The way from the front page through `steps`, each a path and a name."""
    return {
        "@context": "https://schema.org",
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": place, "name": name, "item": publisher.url + path}
            for place, (path, name) in enumerate([("/", publisher.name), *steps], 1)
        ],
    }


def list_path(**by: str) -> str:
    """The address of the headlines of a section or an author: letter for letter as Flask's url_for writes it on pages."""
    return f"/headlines?{urlencode(by, safe=_LEFT)}"


def _author(name: str, publisher: Publisher) -> Facts:
    # A desk of the paper is no person.
    desk = publisher.name.casefold() in name.casefold() or name.casefold().endswith((" desk", " staff"))
    return {"@type": "Organization" if desk else "Person", "name": name, "url": publisher.url + list_path(author=name)}


def _organization(publisher: Publisher) -> Facts:
    logo = {"@type": "ImageObject", "url": publisher.logo, "width": 512, "height": 512}
    return {"@type": "NewsMediaOrganization", "name": publisher.name, "url": f"{publisher.url}/", "logo": logo}


def _image(image: Image) -> Facts:
    facts: Facts = {
        "@type": "ImageObject",
        "url": image.url,
        "contentUrl": image.url,
        "width": image.width,
        "height": image.height,
        "description": image.alt,
    }
    if image.caption:
        facts["caption"] = image.caption
    if image.credit:
        facts["creditText"] = image.credit
    return facts
