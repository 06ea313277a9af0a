"""When the pages next change by the clock alone: something a room tells of, or a new day."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

# Asked with the present moment, answers with the next one at which a page looks different; None: it knows of none.
Due = Callable[[Session, datetime], datetime | None]


class Span(NamedTuple):
    """A time in which no page changes, and what pages have in common in it."""

    version: int | None
    begins: datetime
    until: datetime
    parts: dict[str, Any]


class Dues:
    """What is due, found out once for each version of the content."""

    def __init__(self, zone: tzinfo) -> None:
        # The masthead's date and the ads change at the readers' midnight, security.txt with the month in UTC.
        self._zones = (zone, UTC)
        self._asked: list[Due] = []
        self._known: Span | None = None

    def add(self, due: Due) -> None:
        self._asked.append(due)

    def span(self, session: Callable[[], Session], now: datetime, version: int | None) -> Span:
        """From `now` until the first moment at which any page changes, while the content is at `version` (None: nobody knows)."""
        known = self._known
        if known is not None and known.version == version and known.begins <= now < known.until:
            return known
        moments = [moment for due in self._asked if (moment := due(session(), now)) is not None]
        midnights = [datetime.combine(now.astimezone(zone).date() + timedelta(1), time(), zone) for zone in self._zones]
        span = Span(version, now, min(moment.astimezone(UTC) for moment in (*moments, *midnights)), {})
        if version is not None:
            self._known = span
        return span
