"""Rewrite the database file after erasures by a page: that takes too long for a request, so the next tick does it.

At most once an hour: writers wait meanwhile, some seconds for each gigabyte.
"""

from datetime import datetime, timedelta
from pathlib import Path

from webapp.clock import from_stamp, stamp
from webapp.database import forget_deleted

EVERY = timedelta(hours=1)


def forget(instance: Path) -> None:
    """After a page erased somebody, and committed: leave no copy in the log now, and none in the file after the next tick."""
    forget_deleted()
    ask(instance)


def ask(instance: Path) -> None:
    """Somebody was erased. Their rows are gone; pages that were once split may hold copies in their unused space."""
    _asked(instance).touch(mode=0o600)


def compact_if_asked(instance: Path, *, now: datetime) -> bool:
    """Rewrite the file if that was asked for since the last time, which was an hour ago. True if it was done."""
    asked, begun, last = _asked(instance), instance / "compact.begun", instance / "compact.last"
    if not (asked.exists() or begun.exists()) or _recently(last, now):
        return False
    if asked.exists():
        asked.replace(begun)  # who asks from here on is heard the next time
    forget_deleted(compact=True)
    last.write_text(stamp(now), encoding="ascii")
    begun.unlink(missing_ok=True)
    return True


def _asked(instance: Path) -> Path:
    return instance / "compact.asked"


def _recently(last: Path, now: datetime) -> bool:
    try:
        return timedelta() <= now - from_stamp(last.read_text(encoding="ascii")) < EVERY
    except (OSError, ValueError):
        return False
