"""The time. The only file that asks the machine for it; everything else is told `now`."""

import time
from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, zone-aware, in UTC."""
    return datetime.now(UTC)


# The same in seconds since 1970, for what is asked with each answer from memory.
seconds = time.time


def stamp(moment: datetime) -> str:
    """`moment` as the protocol writes times: `YYYY-MM-DDTHH:MM:SSZ`, seconds cut, not rounded."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_stamp(text: str) -> datetime:
    """The moment of a `stamp`; ValueError for any other shape."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
