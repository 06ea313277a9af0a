"""What the page's script asks: which ads, and tells: seen. And the way to an advertiser: the stored target, never another."""

from collections.abc import Callable
from random import SystemRandom
from typing import cast

from flask import Blueprint, Response, current_app, jsonify, request

from webapp import clock
from webapp.ads import filtering, impressions, serving
from webapp.ads.deciding import SLOTS
from webapp.ads.models import Creative
from webapp.ads.stock import Stock, Store
from webapp.ads.tallying import Tally
from webapp.client import client_address
from webapp.counting import tally
from webapp.database import db
from webapp.errors import Refusal
from webapp.origin import Verdict, judge, judges_origin
from webapp.site import keyring, settings

blueprint = Blueprint("ads", __name__, url_prefix="/ads")
_chance = SystemRandom()


@blueprint.get("/decide")
def decide() -> Response:
    """The ads for the slots that a page shows: `?slots=top,rail&section=World&shown=3,7&room=320` (creatives already on the page;
    how many CSS pixels wide a picture may be)."""
    slots = [slot for slot in request.args.get("slots", "").split(",")[: len(SLOTS)] if slot in SLOTS]
    shown = [int(one) for one in request.args.get("shown", "").split(",")[:8] if one.isascii() and one.isdigit() and len(one) < 19]
    served = serving.serve(
        _stock(),
        slots,
        _section(request.args.get("section", "")),
        already=shown,
        reason=_reason(crowd=True),
        secret=keyring().secret,
        now=clock.now(),
        chance=_chance,
        room=request.args.get("room", 10_000, type=int),
    )
    for one in served:
        if one.ad.campaign and one.event.reason is None:
            _store().hand_out(one.ad.campaign, now=clock.now())
    _tally().add(*(one.event for one in served))
    return _fresh(jsonify({one.slot: _facts(one) for one in served}))


def _facts(one: serving.Served) -> dict[str, object]:
    return {
        "id": one.creative,
        "token": one.token,
        "click": f"/ads/click/{one.token}",
        "alt": one.ad.alt,
        "headline": one.ad.headline,
        "text": one.ad.text,
        "pictures": {
            size: one.ad.pictures[size]
            for size in (SLOTS[one.slot] if one.ad.headline is None else one.ad.pictures)
            if size in one.ad.pictures
        },
    }


@blueprint.post("/viewed")
@judges_origin("by the signed token of an impression; what comes from elsewhere is not counted")
def viewed() -> Response:
    """`token`: this ad was half in view for a second. Answers 204 whatever came: nobody learns what was counted."""
    token = request.form.get("token", "")
    try:
        impression = impressions.read(keyring().secret, token)
    except impressions.BadToken:
        tally("ads", event="viewable", outcome="unknown")
    else:
        reason = _reason() or (None if judge(request.headers, settings()) is Verdict.OURS else "elsewhere")
        _tally().add(serving.viewed(impression, _stock(), reason=reason, now=clock.now(), home=settings().timezone))
    return _fresh(Response(status=204))


@blueprint.get("/click/<token>")
def click(token: str) -> Response:
    """To the stored target of the ad that `token` was signed for, counted or not; an unknown token leads nowhere."""
    try:
        impression = impressions.read(keyring().secret, token)
    except impressions.BadToken:
        tally("ads", event="click", outcome="unknown")
        raise Refusal("This advertisement is not one of ours.", status=404) from None
    target = db.session.get(Creative, impression.creative)
    if target is None:
        raise Refusal("This advertisement is gone.", status=404)
    if request.method == "GET":
        _tally().add(serving.clicked(impression, _stock(), reason=_reason(), now=clock.now(), home=settings().timezone))
    answer = Response(status=303)
    answer.headers["Location"] = target.target
    return _fresh(answer)


def _reason(*, crowd: bool = False) -> str | None:
    """Why this request is not counted; None if it is."""
    client = client_address()
    if filtering.machine(request.headers.get("User-Agent")):
        return "machine"
    if filtering.ahead(dict(request.headers)):
        return "ahead"
    if filtering.ours(client, settings().staff_networks):
        return "staff"
    if crowd and _crowd().is_flood(client, now=clock.now()):
        return "flood"
    return None


def _fresh(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _section(named: str) -> str:
    """As named, if the paper has it: what somebody makes up is no row in the counts."""
    known = cast(Callable[[], list[str]], current_app.extensions["sections"])  # the news room tells them
    return named if named in _store().sections(known, now=clock.now()) else ""


def _stock() -> Stock:
    return _store().stock(db.session(), now=clock.now(), home=settings().timezone)


def _store() -> Store:
    return cast(Store, current_app.extensions["ads_store"])


def _tally() -> Tally:
    return cast(Tally, current_app.extensions["ads_tally"])


def _crowd() -> filtering.Crowd:
    return cast(filtering.Crowd, current_app.extensions["ads_crowd"])
