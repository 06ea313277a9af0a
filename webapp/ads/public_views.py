"""What the paper says in public about its ads: the ledger, ads.txt, gpc.json; and the preview that an advertiser is sent."""

from typing import cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, current_app, jsonify, make_response, render_template

from webapp import ads_txt, clock
from webapp.ads import finding
from webapp.ads.deciding import SLOTS
from webapp.ads.ledger import Ledger
from webapp.ads.models import AdCampaign, Creative
from webapp.ads.previewing import read_preview
from webapp.database import db
from webapp.dates import long_date
from webapp.errors import Refusal
from webapp.headers import PAGE, private, public
from webapp.page_cache import keep
from webapp.site import keyring, settings
from webapp.tokens import BadToken

blueprint = Blueprint("advertising", __name__)
# The day on which this site began to honour Sec-GPC; nothing changed since (Global Privacy Control, §4).
GPC_SINCE = "2026-11-22"
PLACES = {"top": "Top of the page", "article": "In the article", "rail": "Beside the article, on wide screens", "foot": "Foot of the page"}


@blueprint.get("/advertising")
def advertising() -> Response:
    """The same for everybody, but not kept here: its counts would grow old with nothing to tell so."""
    lines = cast(Ledger, current_app.extensions["ads_ledger"]).lines(db.session(), now=clock.now())
    page = render_template("ads/advertising.html", lines=lines, dated=lambda moment, zone: long_date(moment, ZoneInfo(zone)))
    return public(make_response(page), store=False)


@blueprint.get("/advertising/preview/<token>")
def preview(token: str) -> Response:
    """A campaign's ads in each slot they fit; no script, so nothing is asked for or counted."""
    try:
        campaign = db.session.get(AdCampaign, read_preview(keyring().secret, token, clock.now()))
    except BadToken:
        campaign = None
    if campaign is None:
        raise Refusal("This link has ended. Ask for a new one.", status=404)
    ads = [(one, _places(one)) for one in finding.creatives(db.session(), campaign) if one.active]
    return private(make_response(render_template("ads/preview.html", campaign=campaign, ads=ads, places=PLACES)))


def _places(ad: Creative) -> dict[str, list[dict[str, str | int]]]:
    """Slot, and the pictures shown in it, the widest first."""
    if ad.headline is not None:
        return {slot: list(ad.pictures.values())[:1] for slot in SLOTS}
    fitting = {slot: [ad.pictures[size] for size in sizes if size in ad.pictures] for slot, sizes in SLOTS.items()}
    return {slot: pictures for slot, pictures in fitting.items() if pictures}


@blueprint.get("/ads.txt")
def sellers() -> Response:
    content = ads_txt.render(settings().ads_txt, urlsplit(settings().site_url).hostname or "")
    return _open(Response(content, content_type="text/plain; charset=utf-8"))


@blueprint.get("/.well-known/gpc.json")
def gpc() -> Response:
    """Sec-GPC is honoured by what is so for everybody: nothing about a reader is sold or shared."""
    return _open(jsonify({"gpc": True, "lastUpdate": GPC_SINCE}))


def _open(response: Response) -> Response:
    """Comes from settings and code alone, so it is the same until the process ends, and needs no database."""
    response.headers["Cache-Control"] = PAGE
    keep(fixed=True)
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
