"""Sealing a log."""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.draw.facts import Sealed
from webapp.draw.logkeys import LogKey


def seal(session: Session, key: LogKey, *, now: datetime, allow_early: bool = False, late_reason: str = "not_sealed_in_time") -> Sealed:
    """Raises AlreadySealed, NotDue, TooLate, LogVoid. `allow_early` counts for operator beacons only."""
    raise NotImplementedError
