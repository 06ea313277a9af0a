"""When the pages next change by the clock alone: something a room tells of, or a new day."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta, tzinfo

from sqlalchemy.orm import Session

# Asked with the present moment, answers with the next one at which a page looks different; None: it knows of none.
Due = Callable[[Session, datetime], datetime | None]


class Dues:
    """What is due, found out once for each version of the content."""

    def __init__(self, zone: tzinfo) -> None:
        # The masthead's date and the ads change at the readers' midnight, security.txt with the month in UTC.
        self._zones = (zone, UTC)
        self._asked: list[Due] = []
        self._known: tuple[int, datetime, datetime] | None = None

    def add(self, due: Due) -> None:
        self._asked.append(due)

    def next(self, session: Session, now: datetime, version: int | None) -> datetime:
        """The first moment after `now` at which any page changes, while the content is at `version` (None: nobody knows)."""
        known = self._known
        if known is not None and known[0] == version and known[1] <= now < known[2]:
            return known[2]
        moments = [moment for due in self._asked if (moment := due(session, now)) is not None]
        midnights = [datetime.combine(now.astimezone(zone).date() + timedelta(1), time(), zone) for zone in self._zones]
        until = min(moment.astimezone(UTC) for moment in (*moments, *midnights))
        if version is not None:
            self._known = (version, now, until)
        return until
