"""After the draw: forfeits, awards and payments, each a leaf (PROTOCOL §4); and the void that ends a campaign before it."""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.clock import stamp
from webapp.draw import leaves
from webapp.draw.appending import append_milestone, locked_head, make_leaf
from webapp.draw.facts import Appended
from webapp.draw.logkeys import LogKey
from webapp.draw.reading import read
from webapp.draw.refusals import AlreadyDrawn


def forfeit(session: Session, key: LogKey, rank: int, reason: str, *, now: datetime) -> Appended:
    """The winner at `rank` loses the prize to the next unused rank. `reason`: no_answer, declined, ineligible or erasure.

    Raises NotDrawn, NotAWinner, AlreadyForfeited, AlreadyPaid, TooEarly, BadTerms, ClockBehind, LogMissing, WrongKey.
    """
    return _step(session, key, make_leaf("forfeit", at=stamp(now), rank=rank, reason=reason))


def award(session: Session, key: LogKey, rank: int, *, now: datetime) -> Appended:
    """The winner at `rank` answered and is entitled. Raises as `forfeit` does, and AlreadyAwarded."""
    return _step(session, key, make_leaf("award", at=stamp(now), rank=rank))


def paid(session: Session, key: LogKey, rank: int, *, now: datetime) -> Appended:
    """The prize was handed over. Raises as `forfeit` does, and NotAwarded."""
    return _step(session, key, make_leaf("paid", at=stamp(now), rank=rank))


def void(session: Session, key: LogKey, reason: str, *, now: datetime) -> Appended:
    """End the log without a draw. Raises AlreadyDrawn, BadTerms, LogMissing, WrongKey, LogVoid."""
    return _step(session, key, make_leaf("void", at=stamp(now), reason=reason))


def _step(session: Session, key: LogKey, data: bytes) -> Appended:
    reading = read(session, locked_head(session, key))
    leaf = leaves.parse(data)
    if leaf["type"] == "void" and reading.result:
        raise AlreadyDrawn(reading.result)
    reading.course.follow(leaf)
    return append_milestone(session, key, reading.head, data)
