"""What time makes due for personal data: purge what was kept long enough, and leave no copy of what was erased."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from webapp import compacting
from webapp.clock import from_stamp, stamp
from webapp.site import settings
from webapp.sweepstakes import Done, purge_due

EVERY = timedelta(hours=1)  # each time, all rows are looked at
DATA = "personal data"


def tidy(*, now: datetime) -> Iterator[Done]:
    """Purge, with PURGE=on, and rewrite the database file after erasures; each at most once an hour. Raises LetterUnderWay."""
    here = settings()
    if here.purge and _is_time(now):
        for words in purge_due(outbox=here.instance / "outbox", now=now):
            compacting.ask(here.instance)
            yield Done(DATA, "purged", words)
        (here.instance / "purge.last").write_text(stamp(now), encoding="ascii")
    if compacting.compact_if_asked(here.instance, now=now):
        yield Done(DATA, "compacted", "The database file was rewritten, so that no copy of what was erased is left in it.")


def _is_time(now: datetime) -> bool:
    try:
        return not timedelta() <= now - from_stamp((settings().instance / "purge.last").read_text(encoding="ascii")) < EVERY
    except (OSError, ValueError):
        return True
