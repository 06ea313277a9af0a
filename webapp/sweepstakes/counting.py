"""How a campaign goes, in figures. Reads only; no name and no address is opened."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from webapp.database import is_sqlite
from webapp.draw import LogMissing, status
from webapp.mail import count_about
from webapp.sweepstakes.entrants import count as count_states
from webapp.sweepstakes.finding import find_opened
from webapp.sweepstakes.letter_kinds import ENTRANT_LETTERS
from webapp.sweepstakes.models import Campaign, Entrant


@dataclass(frozen=True, kw_only=True)
class Stats:
    """`days`: confirmed entries for each day of the campaign's zone, from the first to the last with any, none left out.

    `entrants`: how many in each state. `asked`, `confirmed`: who used the form, and who of them confirmed at some time.
    `letters`: in each state of the outbox. `projected`: eligible entries at the close at the rate so far, while entry is open.
    """

    days: tuple[tuple[date, int], ...]
    entrants: Mapping[str, int]
    asked: int
    confirmed: int
    letters: Mapping[str, int]
    winners: int
    eligible: int
    projected: int | None

    @property
    def confirmation_rate(self) -> float | None:
        return self.confirmed / self.asked if self.asked else None


def count(session: Session, slug: str, *, now: datetime) -> Stats:
    """Raises CampaignMissing, NotOpened, LogMissing."""
    campaign, log = find_opened(session, slug), status(session, slug)
    if log is None:
        raise LogMissing(slug)
    form = select(func.count(), func.count(Entrant.confirmed_at)).where(Entrant.campaign_id == campaign.id, Entrant.source == "form")
    asked, confirmed = session.execute(form).one()
    return Stats(
        days=_days(session, campaign),
        entrants=count_states(session, slug),
        asked=asked,
        confirmed=confirmed,
        letters=count_about(session, ENTRANT_LETTERS, select(Entrant.id).where(Entrant.campaign_id == campaign.id)),
        winners=campaign.winners,
        eligible=log.eligible,
        projected=_projected(campaign, log.eligible, now) if log.sealed is None and log.void is None else None,
    )


def minute_of(session: Session, column: ColumnElement[datetime]) -> ColumnElement[str]:
    """The UTC minute of a moment as `2026-12-01 12:00`, for grouping in the database."""
    if is_sqlite(session):
        return func.strftime("%Y-%m-%d %H:%M", column)
    return func.to_char(func.timezone("UTC", column), "YYYY-MM-DD HH24:MI")


def from_minute(text: str) -> datetime:
    """The moment at which a minute of `minute_of` begins."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def _days(session: Session, campaign: Campaign) -> tuple[tuple[date, int], ...]:
    # By minutes, not by rows: zones differ by quarters of an hour, and entries may be millions.
    minute = minute_of(session, Entrant.__table__.c.confirmed_at)
    confirmed = select(minute, func.count()).where(Entrant.campaign_id == campaign.id, Entrant.confirmed_at.is_not(None)).group_by(minute)
    zone, days = ZoneInfo(campaign.timezone), Counter[date]()
    for text, number in session.execute(confirmed):
        days[from_minute(text).astimezone(zone).date()] += number
    if not days:
        return ()
    first, last = min(days), max(days)
    return tuple((day, days[day]) for day in (first + timedelta(days=n) for n in range((last - first).days + 1)))


def _projected(campaign: Campaign, eligible: int, now: datetime) -> int | None:
    """None outside the entry period, and in its first hour: too little to go by."""
    gone, whole = now - campaign.opens_at, campaign.closes_at - campaign.opens_at
    if not eligible or gone < timedelta(hours=1) or now >= campaign.closes_at:
        return None
    return round(eligible * (whole / gone))
