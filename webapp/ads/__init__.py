"""Room: ads. What stands in the page's labelled boxes; it knows nothing of readers and nothing of the draw."""

import atexit
from typing import TYPE_CHECKING, NamedTuple

from flask import Flask
from markupsafe import Markup

from webapp import clock, commands, page_cache
from webapp.ads import (
    choosing,
    models,  # noqa: F401 - the tables of this room
    placing,
    public_views,
    views,
)
from webapp.ads.choosing import AdView
from webapp.ads.filtering import Crowd
from webapp.ads.ledger import Ledger
from webapp.ads.stock import Store
from webapp.ads.tallying import Tally, at_exit
from webapp.database import db
from webapp.dates import local_date
from webapp.doors import lazily
from webapp.site import settings

if TYPE_CHECKING:
    from webapp.ads.storing import BadHouseAd, HouseAd, store_house_ads
else:
    __getattr__ = lazily(
        __name__,
        storing="BadHouseAd HouseAd store_house_ads",
    )

__all__ = ["BadHouseAd", "HouseAd", "init_app", "store_house_ads"]


class PageAds(NamedTuple):
    """A page's slots with the ads in them, and the text before and behind the one in it (`behind` is empty: it is not cut)."""

    section: str
    slots: dict[str, AdView]
    before: str = ""
    behind: str = ""


def init_app(app: Flask) -> None:
    """Register this room's pages, commands and template globals."""
    app.template_global("article_ads")(article_ads)
    app.template_global("list_ads")(list_ads)
    app.extensions["ads_store"] = Store()
    app.extensions["ads_crowd"] = Crowd()
    app.extensions["ads_tally"] = tally = Tally(app)
    app.extensions["ads_ledger"] = Ledger()
    for pages in (views, public_views):
        app.register_blueprint(pages.blueprint)
    commands.add_lazily(app, {"ad": "webapp.ads.cli:ad"})
    at_exit(tally, atexit.register)


def article_ads(section: str | None, words: int, figures: int, body: str) -> PageAds:
    """The ads of an article's page. `body`: its sanitised HTML."""
    slots = _slots(section, placing.beside_text(words, figures))
    before, behind = placing.cut(body) or ("", "") if "article" in slots else ("", "")
    return PageAds(section or "", slots, Markup(before), Markup(behind))  # noqa: S704 - sanitised at import


def list_ads(section: str | None, lines: int) -> PageAds:
    """The ads of a page of headlines."""
    return PageAds(section or "", _slots(section, placing.beside_list(lines)))


def _slots(section: str | None, places: list[str]) -> dict[str, AdView]:
    if section in settings().ad_free_sections:
        return {}
    own = page_cache.shared("ads", lambda: choosing.choose(db.session(), local_date(clock.now(), settings().timezone)))
    return {place: own[place] for place in places if place in own}
