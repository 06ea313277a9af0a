"""Room: ads. What stands in the page's two labelled boxes; it knows nothing of readers and nothing of the draw."""

import atexit

from flask import Flask

from webapp import clock
from webapp.ads import (
    choosing,
    models,  # noqa: F401 - the tables of this room
    views,
)
from webapp.ads.choosing import AdView, Slot
from webapp.ads.filtering import Crowd
from webapp.ads.stock import Store
from webapp.ads.storing import BadHouseAd, HouseAd, store_house_ads
from webapp.ads.tallying import Tally, at_exit
from webapp.database import db
from webapp.dates import local_date
from webapp.site import settings

__all__ = ["BadHouseAd", "HouseAd", "init_app", "store_house_ads"]


def init_app(app: Flask) -> None:
    """Register this room's pages and template global."""
    app.template_global("ad")(ad)
    app.extensions["ads_store"] = Store()
    app.extensions["ads_crowd"] = Crowd()
    app.extensions["ads_tally"] = tally = Tally(app)
    app.register_blueprint(views.blueprint)
    at_exit(tally, atexit.register)


def ad(slot: Slot) -> AdView | None:
    """The ad that stands in `slot` today."""
    return choosing.choose(db.session(), slot, local_date(clock.now(), settings().timezone))
