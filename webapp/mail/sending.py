"""Send what is owed: lease a letter, write it, hand it over, note what became of it.

Two senders at once never hold one letter: the lease is taken by a conditional UPDATE. Nothing is sent inside a write
transaction. SMTP cannot be exactly-once: where the line breaks after the text, or the sender is killed before it noted
what became of a letter, that letter is tried once more, under the same Message-ID, because a duplicate is better than
none. If that happens again it is given up and listed: a letter that kills its sender must not go out once a minute.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, Select, and_, or_, select, update
from sqlalchemy.orm import Session

from webapp.mail.delivering import Fate, Outcome
from webapp.mail.models import Outbox

LEASE = timedelta(seconds=60)
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
# With waits that double from a minute to six hours, the last attempt is some three days after the first.
ATTEMPTS = 21
CANDIDATES = 20
MAY_HAVE_ARRIVED = "It may have arrived: "
LINE_BROKE = f"{MAY_HAVE_ARRIVED}the line broke after the text was handed over"
SENDER_DIED = f"{MAY_HAVE_ARRIVED}the sender ended without noting what became of it"


@dataclass(frozen=True)
class Leased:
    """A letter that is ours to send until `until`."""

    id: int
    kind: str
    ref: int
    message_id: str
    attempts: int
    reason: str | None
    until: datetime


def lease(session: Session, *, now: datetime) -> Leased | None:
    """Take the letter that goes first and has waited longest; None if none is due. Also takes over what a dead sender held."""
    for row in session.execute(_due(now).limit(CANDIDATES)).all():
        died = row.state == "sending"
        if died and (row.reason or "").startswith(MAY_HAVE_ARRIVED):
            _take(session, row.id, now, state="dead", lease_until=None, reason=SENDER_DIED)
            continue
        reason = SENDER_DIED if died else row.reason
        if _take(session, row.id, now, state="sending", lease_until=now + LEASE, attempts=Outbox.attempts + 1, reason=reason):
            return Leased(row.id, row.kind, row.ref, row.message_id, row.attempts + 1, reason, now + LEASE)
    return None


def _take(session: Session, letter_id: int, now: datetime, **values: Any) -> bool:
    """Change a letter that is due; False if another sender was faster."""
    changed = update(Outbox).where(Outbox.id == letter_id, _is_due(now)).values(**values)
    done = session.execute(changed.execution_options(synchronize_session=False))
    assert isinstance(done, CursorResult)  # noqa: S101 - what an UPDATE returns
    return done.rowcount == 1


def anything_due(session: Session, *, now: datetime) -> bool:
    """Whether `lease` would find a letter; asks without writing."""
    return session.execute(_due(now).limit(1)).first() is not None


def _is_due(now: datetime) -> ColumnElement[bool]:
    return or_(and_(Outbox.state == "new", Outbox.next_at <= now), and_(Outbox.state == "sending", Outbox.lease_until <= now))


def _due(now: datetime) -> Select[int, str, int, str, str, int, str | None]:
    columns = (Outbox.id, Outbox.kind, Outbox.ref, Outbox.message_id, Outbox.state, Outbox.attempts, Outbox.reason)
    return select(*columns).where(_is_due(now)).order_by(Outbox.priority, Outbox.next_at, Outbox.id)


def settle(session: Session, letter: Leased, outcome: Outcome, *, now: datetime, chance: float) -> str:
    """Note what became of a leased letter; returns its new state.

    `chance` in [0, 1) spreads retries. Changes nothing if the lease was lost to another sender meanwhile.
    """
    values = _verdict(letter, outcome, now, chance)
    session.execute(
        update(Outbox)
        .where(Outbox.id == letter.id, Outbox.state == "sending", Outbox.attempts == letter.attempts)
        .values(lease_until=None, **values)
        .execution_options(synchronize_session=False)
    )
    return str(values["state"])


def _verdict(letter: Leased, outcome: Outcome, now: datetime, chance: float) -> dict[str, object]:
    if outcome.fate is Fate.NOT_OWED:
        return {"state": "dropped", "reason": outcome.reason}
    if outcome.fate is Fate.SENT:
        return {"state": "sent", "sent_at": now, "reason": None}
    reason = outcome.reason or "No reason was given"
    if outcome.fate is Fate.UNKNOWN:
        reason = f"{LINE_BROKE} ({reason})"
        if (letter.reason or "").startswith(MAY_HAVE_ARRIVED):
            return {"state": "dead", "reason": reason}
    if outcome.fate is Fate.REFUSED:
        return {"state": "dead", "reason": reason}
    if letter.attempts >= ATTEMPTS:
        return {"state": "dead", "reason": f"Given up after {ATTEMPTS} attempts in three days: {reason}"}
    return {"state": "new", "next_at": now + wait(letter.attempts, chance), "reason": reason}


def wait(attempts: int, chance: float) -> timedelta:
    """How long to wait after that many attempts: a minute, doubling up to six hours, spread by a tenth either way."""
    doubled = min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT)
    spread: timedelta = doubled * (0.9 + 0.2 * chance)
    return spread
