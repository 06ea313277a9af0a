"""Look into the outbox, and give letters another chance."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CursorResult, Select, and_, func, select, update
from sqlalchemy.orm import Session

from webapp.mail.models import Mailing, Outbox

STATES = ("new", "sending", "sent", "dead", "dropped")


@dataclass(frozen=True, kw_only=True)
class Row:
    """A letter in the outbox: no address and no text, for it holds none."""

    id: int
    kind: str
    ref: int
    state: str
    attempts: int
    created_at: datetime
    next_at: datetime
    sent_at: datetime | None
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class Queue:
    """The outbox in figures: letters in each state, and for how long the oldest one that is due has been so (0: none is)."""

    rows: dict[str, int]
    oldest_due_seconds: float
    mailings: int  # mass mail not yet made into letters

    @property
    def dead(self) -> int:
        """Letters given up, for the admin to look at."""
        return self.rows["dead"]


@dataclass(frozen=True, kw_only=True)
class Sent:
    """Letters of one kind: how many are `there` in any state, went out (`until` of them up to a moment asked for), are dead."""

    there: int
    number: int
    until: int
    dead: int
    first: datetime | None
    last: datetime | None


class NoSuchLetter(Exception):
    """No letter has this number, or there is none at all."""


def newest(session: Session, *, state: str | None, limit: int) -> list[Row]:
    """The newest letters, newest first; all, or those in `state`."""
    wanted = select(Outbox).order_by(Outbox.id.desc()).limit(limit)
    return [_row(letter) for letter in session.scalars(wanted if state is None else wanted.where(Outbox.state == state))]


def one(session: Session, letter_id: int | None) -> Row:
    """The letter with this id, or the newest. Raises NoSuchLetter."""
    wanted = select(Outbox).order_by(Outbox.id.desc()).limit(1)
    letter = session.scalars(wanted if letter_id is None else wanted.where(Outbox.id == letter_id)).first()
    if letter is None:
        raise NoSuchLetter
    return _row(letter)


def about(session: Session, kinds: Collection[str], ref: int) -> list[Row]:
    """The letters of `kinds` about row `ref`, oldest first."""
    return [_row(letter) for letter in session.scalars(select(Outbox).where(Outbox.kind.in_(kinds), Outbox.ref == ref).order_by(Outbox.id))]


def count_by_kind(session: Session, kinds: Collection[str], refs: Select[int]) -> dict[str, dict[str, int]]:
    """How many letters of `kinds` about the rows that `refs` selects are in each state, by kind; what there is none of is left out."""
    theirs = Outbox.kind.in_(kinds), Outbox.ref.in_(refs)
    counted = session.execute(select(Outbox.kind, Outbox.state, func.count()).where(*theirs).group_by(Outbox.kind, Outbox.state)).all()
    found = {(kind, state): number for kind, state, number in counted}
    return {kind: {state: found[kind, state] for state in STATES if (kind, state) in found} for kind in sorted({kind for kind, _ in found})}


def sent_about(session: Session, kind: str, refs: Select[int], *, until: datetime | None = None) -> Sent:
    """How far the letters `kind` about the rows that `refs` selects have come."""
    sent, dead = Outbox.state == "sent", Outbox.state == "dead"
    soon = sent if until is None else and_(sent, Outbox.sent_at <= until)
    figures = select(
        func.count(),
        func.count().filter(sent),
        func.count().filter(soon),
        func.count().filter(dead),
        func.min(Outbox.sent_at),
        func.max(Outbox.sent_at),
    )
    there, number, in_time, given_up, first, last = session.execute(figures.where(Outbox.kind == kind, Outbox.ref.in_(refs))).one()
    return Sent(there=there, number=number, until=in_time, dead=given_up, first=first, last=last)


def queue_state(session: Session, *, now: datetime) -> Queue:
    """How the outbox stands; for metrics and `flask doctor`. Three queries on indexes."""
    counted = dict(session.execute(select(Outbox.state, func.count()).group_by(Outbox.state)).all())
    oldest = session.scalar(select(func.min(Outbox.next_at)).where(Outbox.state == "new"))
    return Queue(
        rows={state: counted.get(state, 0) for state in STATES},
        oldest_due_seconds=max(0.0, (now - oldest).total_seconds()) if oldest else 0.0,
        mailings=session.scalar(select(func.count()).select_from(Mailing).where(Mailing.done.is_(False))) or 0,
    )


def retry(session: Session, ids: Sequence[int], *, now: datetime) -> int:
    """Make dead and waiting letters due now, with a fresh count of attempts; without `ids` all of them. Returns how many."""
    chosen = update(Outbox).where(Outbox.state.in_(("dead", "new")))
    if ids:
        chosen = chosen.where(Outbox.id.in_(ids))
    done = session.execute(chosen.values(state="new", next_at=now, attempts=0, reason=None).execution_options(synchronize_session=False))
    assert isinstance(done, CursorResult)  # noqa: S101 - what an UPDATE returns
    return done.rowcount


def _row(letter: Outbox) -> Row:
    return Row(
        id=letter.id,
        kind=letter.kind,
        ref=letter.ref,
        state=letter.state,
        attempts=letter.attempts,
        created_at=letter.created_at,
        next_at=letter.next_at,
        sent_at=letter.sent_at,
        reason=letter.reason,
    )
