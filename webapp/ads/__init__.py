"""Room: ads. What stands in the page's two labelled boxes; it knows nothing of readers and nothing of the draw."""

from flask import Flask

from webapp import clock
from webapp.ads import (
    choosing,
    models,  # noqa: F401 - the table of this room
)
from webapp.ads.choosing import AdView, Slot
from webapp.ads.storing import BadHouseAd, HouseAd, store_house_ads
from webapp.database import db
from webapp.dates import local_date
from webapp.site import settings

__all__ = ["BadHouseAd", "HouseAd", "init_app", "store_house_ads"]


def init_app(app: Flask) -> None:
    """Register this room's template global."""
    app.template_global("ad")(ad)


def ad(slot: Slot) -> AdView | None:
    """The ad that stands in `slot` today."""
    return choosing.choose(db.session(), slot, local_date(clock.now(), settings().timezone))
