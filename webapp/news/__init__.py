"""Room: news. Articles and their pictures, from a folder of Markdown to the pages."""

from typing import TYPE_CHECKING, cast

from flask import Flask, current_app
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from webapp import clock, commands, page_cache
from webapp.database import db
from webapp.doors import lazily
from webapp.news import (
    feed_views,
    listing_views,
    models,  # noqa: F401 - the tables of this room
    reading,
    sitemaps,
    views,
)
from webapp.news.direction import direction
from webapp.news.models import Article
from webapp.news.variants import card_file

if TYPE_CHECKING:
    from webapp.news.faults import Faulty
    from webapp.news.importing import read_edition
    from webapp.news.searching import reindex
    from webapp.news.storing import store
else:
    __getattr__ = lazily(
        __name__,
        faults="Faulty",
        importing="read_edition",
        searching="reindex",
        storing="store",
    )

__all__ = ["Article", "Faulty", "card_file", "init_app", "read_edition", "reindex", "store"]

# In the foot of every page, as far as the installation has them.
FOOT = (
    ("/headlines", "ALL Headlines"),
    ("/draws", "Draws and winners"),
    ("/draws/verify", "Check a draw"),
    ("/about", "About"),
    ("/advertising", "Advertising"),
    ("/privacy", "Privacy"),
)


def init_app(app: Flask) -> None:
    """Register this room's pages, commands and template globals."""
    for pages in (views, listing_views, feed_views):
        app.register_blueprint(pages.blueprint)
    commands.add_lazily(app, {"article": "webapp.news.cli:article"})
    page_cache.changes_at(app, sitemaps.next_change)
    app.template_global("sections")(sections)
    app.extensions["sections"] = sections  # for rooms that must not know this one
    app.template_global("headline_index")(headline_index)
    app.template_global("foot_links")(foot_links)
    app.template_filter("direction")(direction)


def sections() -> list[str]:
    """The masthead's sections."""
    return page_cache.shared("sections", lambda: reading.sections(db.session(), clock.now()))


def headline_index(limit: int, without: str | None = None) -> list[reading.Headline]:
    """The newest headlines, for the rail."""
    newest = page_cache.shared(f"headlines {limit}", lambda: reading.headlines(db.session(), clock.now(), limit=limit + 1))
    return [line for line in newest if line.slug != without][:limit]


def foot_links() -> list[tuple[str, str]]:
    """Address and name of the pages that exist; looked up once, since error pages, too, have a foot."""
    if "foot_links" not in current_app.extensions:
        current_app.extensions["foot_links"] = [(path, name) for path, name in FOOT if _is_page(path)]
    return cast(list[tuple[str, str]], current_app.extensions["foot_links"])


def _is_page(path: str) -> bool:
    try:
        endpoint, values = current_app.url_map.bind("").match(path, "GET")
    except (HTTPException, RequestRedirect):
        return False
    # A route with a name in it (/draws/<campaign>) would take the path for a name.
    return not values and bool(endpoint)
