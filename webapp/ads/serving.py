"""One page view's ads: decided, signed, and every step of theirs noted, counted or filtered with its reason."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from webapp.ads.deciding import decide
from webapp.ads.impressions import CLICK_WITHIN, VIEW_WITHIN, Impression
from webapp.ads.recording import Event
from webapp.ads.stock import Shown, Stock


class Served(NamedTuple):
    """An ad for a slot, and the token of its impression."""

    slot: str
    creative: int
    ad: Shown
    token: str
    event: Event


def serve(
    stock: Stock,
    slots: Sequence[str],
    section: str,
    *,
    already: Iterable[int],
    reason: str | None,
    secret: bytes,
    now: datetime,
    chance: Random,
    room: int = 10_000,
) -> list[Served]:
    """The ads for `slots`. `reason`: why these impressions are not to be counted, if they are not. `room`: see `decide`."""
    served = []
    for slot, one in decide(slots, section, stock.candidates, already=already, now=now, chance=chance, room=room).items():
        ad = stock.shown[one.creative]
        impression = Impression.make(one.creative, slot, section, now=now, reason=reason)
        event = Event("served", _day(now, ad.zone), one.creative, slot, impression.section, reason=reason)
        served.append(Served(slot, one.creative, ad, impression.sign(secret), event))
    return served


def viewed(impression: Impression, stock: Stock, *, reason: str | None, now: datetime, home: ZoneInfo) -> Event:
    """The event of an ad that was half in view for a second."""
    late = now - impression.at > VIEW_WITHIN or now < impression.at
    return _event("viewable", impression, stock, reason=reason or ("expired" if late else None), now=now, home=home)


def clicked(impression: Impression, stock: Stock, *, reason: str | None, now: datetime, home: ZoneInfo) -> Event:
    """The event of a click."""
    late = now - impression.at > CLICK_WITHIN or now < impression.at
    return _event("click", impression, stock, reason=reason or ("expired" if late else None), now=now, home=home)


def _event(kind: str, impression: Impression, stock: Stock, *, reason: str | None, now: datetime, home: ZoneInfo) -> Event:
    ad = stock.shown.get(impression.creative)
    if ad is None:
        reason = reason or "ended"
    day = _day(now, home if ad is None else ad.zone)
    until = impression.at + CLICK_WITHIN
    reason = impression.reason or reason
    return Event(kind, day, impression.creative, impression.slot, impression.section, impression.nonce, until, reason)


def _day(now: datetime, zone: ZoneInfo) -> date:
    return now.astimezone(zone).date()
