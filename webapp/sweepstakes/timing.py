"""A campaign's times: from wall-clock times in a zone to moments, without guessing where a clock change makes it unclear."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from webapp.sweepstakes.checking import Wrong
from webapp.sweepstakes.parsing import shown


def moment_in(zone: ZoneInfo) -> Callable[[object], datetime]:
    """A parser of `moment` for wall-clock times of `zone`."""
    return lambda value: moment(value, zone)


def moment(value: object, zone: ZoneInfo) -> datetime:
    """The moment in UTC of a TOML date-time: with an offset as it is, without one on the wall clock of `zone`.

    Raises Wrong for anything else, for wall-clock times that occur twice or never, and for parts of a second.
    """
    if not isinstance(value, datetime):
        raise Wrong(_not_a_time(value), "Write date and time, for example 2026-12-20T23:59:00, without quotation marks.")
    if value.microsecond:
        raise Wrong(f"{value.isoformat()} has parts of a second", f"Write {value.replace(microsecond=0).isoformat()}.")
    if not 2000 <= value.year <= 2199:
        raise Wrong(f"the year {value.year} cannot be meant", "Write a year of this century.")
    return (value if value.tzinfo else _on_the_wall(value, zone)).astimezone(UTC)


def _not_a_time(value: object) -> str:
    if isinstance(value, date):
        return f"{value.isoformat()} lacks the time of day"
    return f"{shown(value)} is not a date and time"


def _on_the_wall(value: datetime, zone: ZoneInfo) -> datetime:
    first, second = value.replace(tzinfo=zone, fold=0), value.replace(tzinfo=zone, fold=1)
    before, after = first.utcoffset(), second.utcoffset()
    assert before is not None and after is not None  # noqa: S101 - a ZoneInfo always knows
    if before == after:
        return first
    if before < after:  # the clock jumps over it
        later = first.astimezone(UTC).astimezone(zone)
        raise Wrong(
            f"{value.isoformat()} does not exist in {zone.key}, where the clocks go forward then",
            f"Write {later.replace(tzinfo=None).isoformat()} or an explicit offset, for example {later.isoformat()}.",
        )
    raise Wrong(
        f"{value.isoformat()} happens twice in {zone.key}, where the clocks go back then",
        f"Write which one you mean: {_with(value, before)} or {_with(value, after)}.",
    )


def _with(value: datetime, offset: timedelta) -> str:
    return value.replace(tzinfo=timezone(offset)).isoformat()
