"""What a campaign got: by day, slot, section and ad, against its plan, and what was not counted, with the reason."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.ads.finding import creatives, phase
from webapp.ads.models import AdCampaign, AdCount, AdFiltered, Creative
from webapp.ads.pacing import Order, planned

# Longer campaigns are reported for their last days only.
MOST_DAYS = 1000
REASONS = {
    "machine": "a program said that it is one",
    "ahead": "fetched ahead by a browser, before anybody looked",
    "staff": "the publisher's own people",
    "flood": "more in a minute than a person reads",
    "replay": "the same impression again",
    "expired": "reported too late",
    "elsewhere": "reported from another site",
    "ended": "after the campaign",
    "beyond": "beyond what was ordered",
}


@dataclass(frozen=True)
class Figures:
    """Counts, and what follows from them; a share of nothing is None."""

    served: int = 0
    viewable: int = 0
    clicks: int = 0

    @property
    def viewability(self) -> float | None:
        """Viewable of served."""
        return self.viewable / self.served if self.served else None

    @property
    def ctr(self) -> float | None:
        """Clicks for each viewable impression."""
        return self.clicks / self.viewable if self.viewable else None

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(self.served + other.served, self.viewable + other.viewable, self.clicks + other.clicks)

    def towards(self, goal: str) -> int:
        """How much of it was ordered."""
        return self.clicks if goal == "clicks" else self.viewable


@dataclass(frozen=True)
class Day:
    """A day in the campaign's zone; `plan` and `delivered` are sums up to its end, or up to now on the last one."""

    day: date
    figures: Figures
    plan: float
    delivered: int


@dataclass(frozen=True)
class Row:
    """As counted: with a `reason`, it was not."""

    day: date
    ad: str
    slot: str
    section: str
    reason: str
    figures: Figures


@dataclass(frozen=True)
class Report:
    """All of it at the moment `at`."""

    campaign: AdCampaign
    at: datetime
    phase: str
    total: Figures
    plan: float
    days: list[Day]
    slots: dict[str, Figures]
    sections: dict[str, Figures]
    ads: dict[str, Figures]
    filtered: list[tuple[str, str, int]]
    rows: list[Row] = field(repr=False)

    @property
    def delivered(self) -> int:
        return self.total.towards(self.campaign.goal)

    @property
    def pace(self) -> float | None:
        """Delivered of what the plan has by now; None where nothing is planned yet."""
        return self.delivered / self.plan if self.plan else None


def report(session: Session, campaign: AdCampaign, *, now: datetime) -> Report:
    """The report on `campaign` at `now`."""
    rows = _rows(session, campaign)
    counted = [row for row in rows if not row.reason]
    total = sum((row.figures for row in counted), Figures())
    return Report(
        campaign=campaign,
        at=now,
        phase=phase(campaign, now),
        total=total,
        plan=planned(_order(campaign), now),
        days=_days(campaign, counted, now),
        slots=_by(counted, "slot"),
        sections=_by(counted, "section"),
        ads=_by(counted, "ad"),
        filtered=_filtered(rows),
        rows=rows,
    )


def _rows(session: Session, campaign: AdCampaign) -> list[Row]:
    names = {one.id: one.slug.partition("/")[2] for one in creatives(session, campaign)}
    counts = select(AdCount).join(Creative, Creative.id == AdCount.creative_id).where(Creative.campaign_id == campaign.id)
    rows = [
        Row(one.day, names[one.creative_id], one.slot, one.section, "", Figures(one.served, one.viewable, one.clicks))
        for one in session.scalars(counts)
    ]
    apart: dict[tuple[date, int, str], Counter[str]] = {}
    for one in session.scalars(select(AdFiltered).where(AdFiltered.creative_id.in_(names))):
        apart.setdefault((one.day, one.creative_id, one.reason), Counter())[one.event] += one.number
    rows += [
        Row(day, names[creative], "", "", reason, Figures(number["served"], number["viewable"], number["click"]))
        for (day, creative, reason), number in apart.items()
    ]
    return sorted(rows, key=lambda row: (row.day, row.ad, row.slot, row.section, row.reason))


def _by(rows: list[Row], name: str) -> dict[str, Figures]:
    sums: dict[str, Figures] = {}
    for row in rows:
        key = getattr(row, name)
        sums[key] = sums.get(key, Figures()) + row.figures
    return dict(sorted(sums.items(), key=lambda item: (-item[1].viewable, item[0])))


def _days(campaign: AdCampaign, rows: list[Row], now: datetime) -> list[Day]:
    """Each day from the first to today or the last one, also those on which nothing happened."""
    zone = ZoneInfo(campaign.timezone)
    sums: dict[date, Figures] = {}
    for row in rows:
        sums[row.day] = sums.get(row.day, Figures()) + row.figures
    first = min([campaign.starts_at.astimezone(zone).date(), *sums])
    ended = (campaign.ends_at - timedelta(microseconds=1)).astimezone(zone).date()
    last = max([min(now.astimezone(zone).date(), ended), *sums])
    days, delivered, order = [], 0, _order(campaign)
    for number in range(max(0, (last - first).days + 1)):
        day = first + timedelta(number)
        figures = sums.get(day, Figures())
        delivered += figures.towards(campaign.goal)
        until = min(now, datetime.combine(day + timedelta(1), time(), zone))
        days.append(Day(day, figures, planned(order, until), delivered))
    return days[-MOST_DAYS:]


def _filtered(rows: list[Row]) -> list[tuple[str, str, int]]:
    """Event, reason and number."""
    sums: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if row.reason:
            sums["served", row.reason] += row.figures.served
            sums["viewable", row.reason] += row.figures.viewable
            sums["click", row.reason] += row.figures.clicks
    events = ("served", "viewable", "click")
    found = [(event, reason, number) for (event, reason), number in sums.items() if number]
    return sorted(found, key=lambda one: (events.index(one[0]), -one[2], one[1]))


def _order(campaign: AdCampaign) -> Order:
    """The campaign's plan, which asks nothing about what was delivered."""
    return Order(
        starts_at=campaign.starts_at,
        ends_at=campaign.ends_at,
        goal=campaign.goal,
        budget=campaign.budget,
        daily_cap=campaign.daily_cap,
        pacing=campaign.pacing,
        delivered=0,
        delivered_today=0,
    )
