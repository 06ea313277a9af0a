"""After the draw."""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.draw.facts import Appended
from webapp.draw.logkeys import LogKey


def forfeit(session: Session, key: LogKey, rank: int, reason: str, *, now: datetime) -> Appended:
    """Raises NotAWinner, AlreadyForfeited, AlreadyPaid, TooEarly."""
    raise NotImplementedError


def award(session: Session, key: LogKey, rank: int, *, now: datetime) -> Appended:
    """Raises NotAWinner, AlreadyForfeited, AlreadyAwarded, AlreadyPaid."""
    raise NotImplementedError


def paid(session: Session, key: LogKey, rank: int, *, now: datetime) -> Appended:
    """Raises NotAWinner, NotAwarded, AlreadyPaid."""
    raise NotImplementedError


def void(session: Session, key: LogKey, reason: str, *, now: datetime) -> Appended:
    """Only before the draw. Raises AlreadyDrawn, LogVoid."""
    raise NotImplementedError
