"""Verifying a log from its rows."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from webapp.draw.facts import Verified


def verify(
    session: Session, name: str, *, rules: bytes | None = None, vkey: str | None = None, progress: Callable[[int], None] = lambda done: None
) -> Verified:
    """Raises Invalid with the first difference, LogMissing."""
    raise NotImplementedError
