"""What can be shown now: read from the database once a second and process, not for every page."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from webapp.ads.deciding import Candidate
from webapp.ads.models import AdCampaign, AdCount, Creative
from webapp.ads.pacing import IN_FLIGHT, Order

FRESH = timedelta(seconds=1)
SECTIONS_FRESH = timedelta(seconds=30)


class Shown(NamedTuple):
    """A creative as a page needs it; its counts belong to the days of `zone`."""

    alt: str
    headline: str | None
    text: str | None
    target: str
    pictures: dict[str, dict[str, str | int]]
    zone: ZoneInfo
    campaign: int
    ends_at: datetime | None


class Stock(NamedTuple):
    """All that may be shown at `at`: candidates for `decide`, and by creative what a page needs."""

    at: datetime
    candidates: tuple[Candidate, ...]
    shown: dict[int, Shown]


class _Sum(NamedTuple):
    """What a campaign got on a day."""

    day: date
    served: int
    viewable: int
    clicks: int

    def towards(self, goal: str) -> int:
        return self.clicks if goal == "clicks" else self.viewable


class Store:
    """The stock of this process, renewed when it is a second old."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stock: Stock | None = None
        self._handed: defaultdict[int, list[datetime]] = defaultdict(list)
        self._past: tuple[date, dict[int, list[_Sum]]] | None = None
        self._sections: tuple[datetime, frozenset[str]] | None = None

    def sections(self, read: Callable[[], Iterable[str]], *, now: datetime) -> frozenset[str]:
        """The paper's sections, half a minute old at most."""
        with self._lock:
            if self._sections is None or not timedelta() <= now - self._sections[0] < SECTIONS_FRESH:
                self._sections = now, frozenset(read())
            return self._sections[1]

    def hand_out(self, campaign: int, *, now: datetime) -> None:
        """Remember that an impression of `campaign` is on its way to being seen: the next page view of this second knows it, too."""
        with self._lock:
            self._handed[campaign].append(now)
            if self._stock is not None:
                self._stock = self._stock._replace(candidates=tuple(_handed_out(one, campaign) for one in self._stock.candidates))

    def stock(self, session: Session, *, now: datetime, home: ZoneInfo) -> Stock:
        """What may be shown at `now`; `home` is the zone of the publisher's own ads."""
        with self._lock:
            if self._stock is None or not timedelta() <= now - self._stock.at < FRESH:
                self._stock = self._read(session, now, home)
            return self._stock

    def _read(self, session: Session, now: datetime, home: ZoneInfo) -> Stock:
        running = select(AdCampaign).where(AdCampaign.state == "running", AdCampaign.ends_at > now)
        campaigns = {row.id: row for row in session.scalars(running)}
        sums = self._sums(session, now)
        orders = {number: self._order(row, sums.get(number, []), now) for number, row in campaigns.items()}
        candidates, shown = [], {}
        for row in session.scalars(select(Creative).where(Creative.active).order_by(Creative.id)):
            if row.campaign_id is None:
                candidates.append(_candidate(row))
                shown[row.id] = _shown(row, home, None)
            elif row.campaign_id in campaigns:
                campaign = campaigns[row.campaign_id]
                candidates.append(_ordered(row, campaign, orders[campaign.id]))
                shown[row.id] = _shown(row, ZoneInfo(campaign.timezone), campaign.ends_at)
        return Stock(now, tuple(candidates), shown)

    def _sums(self, session: Session, now: datetime) -> dict[int, list[_Sum]]:
        """What each campaign got, by day. Days gone by change no more: they are read once a day, the last ones each time."""
        recent = (now - timedelta(days=2)).date()
        if self._past is None or self._past[0] != recent:
            self._past = recent, _read_sums(session, AdCount.day < recent)
        newest = _read_sums(session, AdCount.day >= recent)
        return {number: self._past[1].get(number, []) + newest.get(number, []) for number in {*self._past[1], *newest}}

    def _order(self, row: AdCampaign, sums: list[_Sum], now: datetime) -> Order:
        today = now.astimezone(ZoneInfo(row.timezone)).date()
        delivered = sum(one.towards(row.goal) for one in sums)
        served = sum(one.served for one in sums)
        handed = self._handed[row.id] = [at for at in self._handed[row.id] if now - at < IN_FLIGHT]
        # Nothing known yet: as if each were seen. A click is rare, so as if none were.
        rate = delivered / served if served >= 100 else float(row.goal == "viewable")
        return Order(
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            goal=row.goal,
            budget=row.budget,
            daily_cap=row.daily_cap,
            pacing=row.pacing,
            delivered=delivered,
            delivered_today=sum(one.towards(row.goal) for one in sums if one.day == today),
            in_flight=len(handed),
            rate=rate,
        )


def _read_sums(session: Session, days: ColumnElement[bool]) -> dict[int, list[_Sum]]:
    statement = (
        select(Creative.campaign_id, AdCount.day, func.sum(AdCount.served), func.sum(AdCount.viewable), func.sum(AdCount.clicks))
        .join(Creative, Creative.id == AdCount.creative_id)
        .where(days, Creative.campaign_id.is_not(None))
        .group_by(Creative.campaign_id, AdCount.day)
    )
    found: dict[int, list[_Sum]] = {}
    for campaign, day, served, viewable, clicks in session.execute(statement):
        found.setdefault(campaign or 0, []).append(_Sum(day, int(served), int(viewable), int(clicks)))
    return found


def _candidate(row: Creative) -> Candidate:
    return Candidate(
        creative=row.id, campaign=0, advertiser=row.advertiser, sizes=frozenset(row.pictures), is_text=row.headline is not None
    )


def _ordered(row: Creative, campaign: AdCampaign, order: Order) -> Candidate:
    return Candidate(
        creative=row.id,
        campaign=campaign.id,
        advertiser=campaign.advertiser,
        sizes=frozenset(row.pictures),
        is_text=row.headline is not None,
        weight=campaign.weight,
        paid=campaign.priority == "paid",
        order=order,
        sections=frozenset(campaign.sections),
        per_view=campaign.per_view,
    )


def _handed_out(one: Candidate, campaign: int) -> Candidate:
    if one.order is None or one.campaign != campaign:
        return one
    return one._replace(order=one.order._replace(in_flight=one.order.in_flight + 1))


def _shown(row: Creative, zone: ZoneInfo, ends_at: datetime | None) -> Shown:
    return Shown(row.alt, row.headline, row.text, row.target, row.pictures, zone, row.campaign_id or 0, ends_at)
