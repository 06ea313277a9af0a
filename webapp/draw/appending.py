"""Appending to a log."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from webapp.draw.facts import Appended, OpenTerms, Removal
from webapp.draw.logkeys import LogKey


def open_log(session: Session, key: LogKey, terms: OpenTerms, *, now: datetime) -> Appended:
    """Leaf 0. Raises LogExists, BadTerms."""
    raise NotImplementedError


def append_entries(session: Session, key: LogKey, commitments: Sequence[bytes]) -> Appended:
    """One leaf for each commitment, in order. Raises LogMissing, LogSealed, LogVoid, WrongKey."""
    raise NotImplementedError


def remove_entry(session: Session, key: LogKey, kind: Removal, index: int, reason: str) -> Appended:
    """Raises NotAnEntry, AlreadyRemoved, LogSealed."""
    raise NotImplementedError
