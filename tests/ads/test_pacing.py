"""Campaigns keep to their plan: the arithmetic, and 10,000 page views of two days through the real acts and a real database."""

import heapq
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import accumulate, count
from random import Random
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import func, select

from webapp.ads import serving
from webapp.ads.deciding import SLOTS
from webapp.ads.impressions import read
from webapp.ads.models import AdCampaign, AdCount, AdFiltered, Creative
from webapp.ads.pacing import Order, planned, room
from webapp.ads.recording import Event, record
from webapp.ads.stock import Store
from webapp.database import db, writing

START = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)  # midnight in New York
END = START + timedelta(days=2)
ZONE = ZoneInfo("America/New_York")
SECRET = b"s" * 32
ORDER = Order(
    starts_at=START, ends_at=END, goal="viewable", budget=4800, daily_cap=None, pacing="even", delivered=0, delivered_today=0
)  # fmt: skip


def hours(number: float) -> datetime:
    return START + timedelta(hours=number)


def test_an_even_plan_is_in_proportion_to_the_time_gone_by() -> None:
    assert [planned(ORDER, hours(at)) for at in (-1, 0, 12, 24, 48, 60)] == [0, 0, 1200, 2400, 4800, 4800]


def test_as_soon_as_possible_plans_all_at_once() -> None:
    assert [planned(ORDER._replace(pacing="asap"), hours(at)) for at in (-1, 0, 12)] == [0, 4800, 4800]


def test_there_is_room_up_to_the_plan_and_none_outside_of_its_time() -> None:
    behind = ORDER._replace(delivered=1000)
    assert [room(behind, hours(at)) for at in (-1, 10, 12, 48)] == [0, 0, 200, 0]


def test_what_is_on_its_way_counts_as_far_as_one_may_expect_it() -> None:
    assert room(ORDER._replace(delivered=1000, in_flight=100, rate=0.6), hours(12)) == 140


def test_near_the_cap_and_the_end_all_that_is_on_its_way_counts() -> None:
    asap = ORDER._replace(pacing="asap", in_flight=10, rate=0.1)
    assert room(asap._replace(delivered=4790), hours(1)) == 0
    assert room(asap._replace(daily_cap=100, delivered_today=85), hours(1)) == 5
    assert room(asap._replace(daily_cap=100, delivered_today=90), hours(1)) == 0


@dataclass
class Paper:
    """A paper that is read: four slots, six of ten ads seen, some of those clicked. All chance is `chance`."""

    chance: Random = field(default_factory=lambda: Random(8))
    store: Store = field(default_factory=Store)
    waiting: list[tuple[datetime, int, str, str]] = field(default_factory=list)
    happened: list[Event] = field(default_factory=list)
    ids: Iterator[int] = field(default_factory=count)

    def view(self, now: datetime) -> None:
        """One page view."""
        section = self.chance.choice(("World", "Sport"))
        stock = self.store.stock(db.session(), now=now, home=ZONE)
        for one in serving.serve(stock, list(SLOTS), section, already=(), reason=None, secret=SECRET, now=now, chance=self.chance):
            self.happened.append(one.event)
            if one.ad.campaign:
                self.store.hand_out(one.ad.campaign, now=now)
            if self.chance.random() < 0.6:
                seen = now + timedelta(seconds=self.chance.uniform(1, 8))
                heapq.heappush(self.waiting, (seen, next(self.ids), "viewable", one.token))
                if self.chance.random() < 0.03:
                    heapq.heappush(self.waiting, (seen + timedelta(seconds=self.chance.uniform(1, 40)), next(self.ids), "click", one.token))

    def until(self, now: datetime) -> None:
        """What readers did up to `now` is told and written, as the tally writes it."""
        stock = self.store.stock(db.session(), now=min(now, END - timedelta(seconds=1)), home=ZONE)
        while self.waiting and self.waiting[0][0] <= now:
            at, _, kind, token = heapq.heappop(self.waiting)
            act = serving.viewed if kind == "viewable" else serving.clicked
            self.happened.append(act(read(SECRET, token), stock, reason=None, now=at, home=ZONE))
        record(db.session(), self.happened, now=now)
        self.happened.clear()


def crowds(chance: Random) -> list[tuple[datetime, int]]:
    """10,000 page views in clusters of one second each: a paper sleeps at night and wakes at seven."""
    weights = [(0.3 if hour < 6 else 0.8 if hour < 9 or hour > 21 else 1.4) for hour in range(24)] * 2
    sums = list(accumulate(weights))
    moments = []
    for _ in range(1010):
        place = chance.uniform(0, sums[-1])
        hour = bisect_right(sums, place)
        moments.append(hours(hour + chance.random()))
    return [(moment, 1 + number % 19) for number, moment in enumerate(sorted(moments))]


@pytest.fixture
def database_url() -> None:
    """SQLite alone: it is the arithmetic that is looked at."""


def order(slug: str, **fields: object) -> int:
    facts: dict[str, object] = {
        "slug": slug, "advertiser": slug, "title": slug, "starts_at": START, "ends_at": END, "timezone": ZONE.key,
        "goal": "viewable", "budget": 1000, "sections": [], "imported_at": START, **fields,
    }  # fmt: skip
    with writing() as session:
        campaign = AdCampaign(**facts)
        session.add(campaign)
        session.flush()
        for number in range(2):
            session.add(
                Creative(slug=f"{slug}/{number}", advertiser=slug, alt="", target="https://a.example/", house=False, pictures={},
                         campaign_id=campaign.id, headline=slug)
            )  # fmt: skip
        return campaign.id


def got(campaign: int, *, day: datetime | None = None) -> tuple[int, int]:
    """Viewable and clicks, in all or on the day of `day`."""
    statement = select(func.coalesce(func.sum(AdCount.viewable), 0), func.coalesce(func.sum(AdCount.clicks), 0)).join(
        Creative, Creative.id == AdCount.creative_id
    )
    days = [] if day is None else [AdCount.day == day.astimezone(ZONE).date()]
    viewable, clicks = db.session.execute(statement.where(Creative.campaign_id == campaign, *days)).one()
    return int(viewable), int(clicks)


def test_ten_thousand_page_views_deliver_what_was_ordered_when_it_was_ordered(app: Flask) -> None:
    even = order("even", budget=1000)
    capped = order("capped", budget=5000, daily_cap=300, pacing="asap")
    sport = order("sport", budget=400, sections=["Sport"])
    clicks = order("clicks", goal="clicks", budget=40, daily_cap=25)
    asap = order("asap", budget=1500, pacing="asap")
    with writing() as session:
        session.add(Creative(slug="own", advertiser="Paper", alt="", target="/", house=True, pictures={}, headline="Own"))
    paper = Paper()
    views, moments = 0, [hours(number) for number in (12, 18, 24, 30, 36, 42)]
    done: datetime | None = None
    with writing():
        for now, readers in crowds(Random(80)):
            while moments and now >= moments[0]:
                at = moments.pop(0)
                paper.until(at)
                for campaign, budget in ((even, 1000), (sport, 400)):
                    plan = budget * ((at - START) / (END - START))
                    assert got(campaign)[0] == pytest.approx(plan, abs=0.02 * budget), f"campaign {campaign} at {at}"
            paper.until(now)
            for _ in range(readers):
                paper.view(now)
                views += 1
            if done is None and got(asap)[0] >= 1500:
                done = now
        paper.until(END)
    assert views > 10_000
    assert got(even)[0] == pytest.approx(1000, rel=0.02)
    assert got(sport)[0] == pytest.approx(400, rel=0.02)
    assert [got(capped, day=hours(at))[0] for at in (1, 25)] == [300, 300]
    assert got(capped)[0] == 600
    assert got(clicks)[1] == pytest.approx(40, abs=1)
    assert all(got(clicks, day=hours(at))[1] <= 25 for at in (1, 25))
    assert got(asap)[0] == 1500
    assert done is not None
    assert done < hours(24)
    apart = {
        row[0]: row[1] for row in db.session.execute(select(AdFiltered.reason, func.sum(AdFiltered.number)).group_by(AdFiltered.reason))
    }
    assert set(apart) <= {"beyond", "ended"}, "nothing else may be lost on the way"
    assert sum(apart.values()) < 100
