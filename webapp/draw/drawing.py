"""Drawing."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from webapp.draw.facts import Beacon, Ranked, Result
from webapp.draw.logkeys import LogKey


def rank(session: Session, name: str, beacon: Beacon, *, progress: Callable[[int], None] = lambda done: None) -> tuple[Ranked, ...]:
    """The ranking that `beacon` gives; reads only, so that `draw` need not hold the write lock for it."""
    raise NotImplementedError


def draw(session: Session, key: LogKey, beacon: Beacon, *, now: datetime, progress: Callable[[int], None] = lambda done: None) -> Result:
    """Raises AlreadyDrawn(result), NotSealed, NotDue, BadBeacon, NobodyEligible, LogVoid."""
    raise NotImplementedError
