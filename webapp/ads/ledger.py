"""The public ledger: who advertised here, when, and what was delivered. Summed up at most a few times a minute."""

import threading
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.ads.finding import phase, totals
from webapp.ads.models import AdCampaign

FRESH = timedelta(seconds=15)
MOST = 1000


class Line(NamedTuple):
    """A campaign as everybody may see it; `paid`: by money, else given."""

    advertiser: str
    title: str
    starts_at: datetime
    ends_at: datetime
    timezone: str
    phase: str
    paid: bool
    viewable: int
    clicks: int


def read(session: Session, *, now: datetime) -> list[Line]:
    """The campaigns that have begun, the newest first. One that was paused before anybody saw it has not."""
    sums = totals(session)
    begun = select(AdCampaign).where(AdCampaign.starts_at <= now).order_by(AdCampaign.starts_at.desc(), AdCampaign.slug).limit(MOST)
    lines = []
    for one in session.scalars(begun):
        served, viewable, clicks = sums.get(one.id, (0, 0, 0))
        if served or one.state != "paused":
            paid = one.priority == "paid"
            lines.append(Line(one.advertiser, one.title, one.starts_at, one.ends_at, one.timezone, phase(one, now), paid, viewable, clicks))
    return lines


class Ledger:
    """The lines as this process read them last, renewed when they are older than FRESH."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read: tuple[datetime, list[Line]] | None = None

    def lines(self, session: Session, *, now: datetime) -> list[Line]:
        with self._lock:
            if self._read is None or not timedelta() <= now - self._read[0] < FRESH:
                self._read = now, read(session, now=now)
            return self._read[1]
