"""How a campaign goes, in figures. Reads only; no name and no address is opened."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Float, and_, cast, extract, func, select
from sqlalchemy.orm import Session

from webapp.database import is_sqlite
from webapp.draw import LogStatus
from webapp.mail import count_by_kind
from webapp.sweepstakes.entrants import count as count_states
from webapp.sweepstakes.letter_kinds import ENTRANT_LETTERS
from webapp.sweepstakes.models import Audit, Campaign, Entrant
from webapp.sweepstakes.projecting import Projection, projected
from webapp.sweepstakes.reading import CampaignView, view
from webapp.sweepstakes.seal_mail import Outlook, SealMail, outlook, seal_mail
from webapp.sweepstakes.wording import odds

LETTER_STATES = ("new", "sending", "sent", "dead", "dropped")
_IN = ("pending", "confirmed")


@dataclass(frozen=True)
class Day:
    """A day in the campaign's zone: who registered on it, by whatever way, and who confirmed."""

    day: date
    registered: int
    confirmed: int


@dataclass(frozen=True, kw_only=True)
class Stats:
    """`seen` at the moment `at`. `days`: from the first to the last with any registration or confirmation, none left out.

    `entrants`: how many in each state. `asked`, `confirmed`: who used the form, and who of them confirmed at some time, half of them
    within `median` seconds. `removed`: entries taken out of the list, by code. `letters`: by kind, then by state of the outbox.
    `disposable`, `busiest`: registrations pending or confirmed from throw-away addresses, and most from one network.
    `projection`: None unless entry is open.
    """

    seen: CampaignView
    at: datetime
    days: tuple[Day, ...]
    entrants: Mapping[str, int]
    made_up: int
    asked: int
    confirmed: int
    median: float | None
    removed: Mapping[str, int]
    letters: Mapping[str, Mapping[str, int]]
    disposable: int
    busiest: int
    projection: Projection | None
    seal_mail: SealMail
    outlook: Outlook

    @property
    def eligible(self) -> int:
        return self.seen.log.eligible if self.seen.log else 0

    @property
    def confirmation_rate(self) -> float | None:
        return self.confirmed / self.asked if self.asked else None

    @property
    def letter_states(self) -> dict[str, int]:
        """Letters of all kinds, by state."""
        together = sum((Counter(states) for states in self.letters.values()), Counter[str]())
        return {state: together[state] for state in LETTER_STATES if state in together}

    @property
    def projected_odds(self) -> str | None:
        return odds(self.seen.campaign.winners, self.projection.entries) if self.projection else None


def count(session: Session, slug: str, *, mail_rate: int, now: datetime) -> Stats:
    """All figures of a campaign in any state, a draft too; `mail_rate` letters a minute (0: no bound). Raises CampaignMissing."""
    seen = view(session, slug, now)
    campaign, log = seen.campaign, seen.log
    theirs = Entrant.campaign_id == campaign.id
    form, marks = Entrant.source == "form", Entrant.state.in_(_IN)
    figures = select(
        func.count().filter(Entrant.made_up.is_(True)),
        func.count().filter(form),
        func.count().filter(and_(form, Entrant.confirmed_at.is_not(None))),
        func.count().filter(and_(marks, Entrant.disposable.is_(True))),
    )
    made_up, asked, confirmed, disposable = session.execute(figures.select_from(Entrant).where(theirs)).one()
    networks = select(func.count().label("number")).where(theirs, marks, Entrant.network.is_not(None)).group_by(Entrant.network).subquery()
    projection = projected(session, seen, now=now)
    mail = seal_mail(session, seen, projection, rate=mail_rate)
    return Stats(
        seen=seen,
        at=now,
        days=_days(session, campaign),
        entrants=count_states(session, slug),
        made_up=made_up,
        asked=asked,
        confirmed=confirmed,
        median=_median(session, campaign, confirmed),
        removed=_removed(session, campaign, log),
        letters=count_by_kind(session, ENTRANT_LETTERS, select(Entrant.id).where(theirs)),
        disposable=disposable,
        busiest=session.execute(select(func.max(networks.c.number))).scalar_one() or 0,
        projection=projection,
        seal_mail=mail,
        outlook=outlook(mail, zone=campaign.timezone, now=now),
    )


def minute_of(session: Session, column: ColumnElement[datetime]) -> ColumnElement[str]:
    """The UTC minute of a moment as `2026-12-01 12:00`, for grouping in the database."""
    if is_sqlite(session):
        return func.substr(column, 1, 16)  # as it is stored; strftime would read it first
    return func.to_char(func.timezone("UTC", column), "YYYY-MM-DD HH24:MI")


def from_minute(text: str) -> datetime:
    """The moment at which a minute of `minute_of` begins."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _days(session: Session, campaign: Campaign) -> tuple[Day, ...]:
    columns = Entrant.__table__.c
    registered, confirmed = (_by_day(session, campaign, column) for column in (columns.registered_at, columns.confirmed_at))
    days = registered.keys() | confirmed.keys()
    if not days:
        return ()
    first, last = min(days), max(days)
    return tuple(Day(day, registered[day], confirmed[day]) for day in (first + timedelta(days=n) for n in range((last - first).days + 1)))


def _by_day(session: Session, campaign: Campaign, column: ColumnElement[datetime]) -> Counter[date]:
    # By minutes, not by rows: zones differ by quarters of an hour, and entries may be millions.
    minute = minute_of(session, column)
    theirs = select(minute, func.count()).where(Entrant.campaign_id == campaign.id, column.is_not(None)).group_by(minute)
    zone, days = ZoneInfo(campaign.timezone), Counter[date]()
    for text, number in session.execute(theirs):
        days[from_minute(text).astimezone(zone).date()] += number
    return days


def _median(session: Session, campaign: Campaign, number: int) -> float | None:
    """Seconds from the form to the confirmation, of those `number` who confirmed."""
    if not number:
        return None
    columns = Entrant.__table__.c
    gap = _seconds(session, columns.registered_at, columns.confirmed_at)
    theirs = select(gap).where(Entrant.campaign_id == campaign.id, Entrant.source == "form", Entrant.confirmed_at.is_not(None))
    middle = session.scalars(theirs.order_by(gap).offset((number - 1) // 2).limit(2 - number % 2)).all()
    return sum(middle) / len(middle)


def _seconds(session: Session, earlier: ColumnElement[datetime], later: ColumnElement[datetime]) -> ColumnElement[float]:
    if is_sqlite(session):
        return cast((func.julianday(later) - func.julianday(earlier)) * 86400, Float)
    return cast(extract("epoch", later - earlier), Float)


def _removed(session: Session, campaign: Campaign, log: LogStatus | None) -> dict[str, int]:
    """The audit trail has the codes of all but erasures, which are what is left of the log's own count."""
    details = session.scalars(select(Audit.detail).where(Audit.campaign_id == campaign.id, Audit.action.in_(("withdraw", "exclude"))))
    codes = Counter(str(detail["reason"]) for detail in details if detail.get("entry") is not None)
    rest = (log.removed if log else 0) - codes.total()
    return dict(codes.most_common()) | ({"erasure": rest} if rest > 0 else {})
