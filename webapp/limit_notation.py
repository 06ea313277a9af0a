"""Limits as settings write them: `60 per hour`, `3 per 6 hours`, `10/minute; 100/day`.

The notation of the `limits` package, whose reader of it cannot be had without all its storages: a tenth of a worker's start.
"""

import re
from typing import NamedTuple

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "month": 30 * 86400, "year": 360 * 86400}
_LIMIT = re.compile(rf"(\d+)\s*(?:/|per)\s*(\d*)\s*({'|'.join(_SECONDS)})s?", re.ASCII | re.IGNORECASE)


class Limit(NamedTuple):
    """So many in any so many seconds."""

    amount: int
    seconds: int


def read_limits(text: str) -> tuple[Limit, ...]:
    """The limits in `text`, between semicolons, commas or bars. Raises ValueError."""
    return tuple(_read(part.strip()) for part in re.split("[;,|]", text))


def _read(text: str) -> Limit:
    match = _LIMIT.fullmatch(text)
    if match is None or not int(match[1]):
        raise ValueError(f"{text!r} is not a limit")
    return Limit(int(match[1]), (int(match[2] or 1) or 1) * _SECONDS[match[3].lower()])
