"""From single TOML values to ours: a function is a parser, or makes one; parsers raise Wrong with the mend.

Times go from the wall clock of a zone to moments, without guessing where a clock change makes it unclear.
"""

import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from difflib import get_close_matches
from zoneinfo import ZoneInfo, available_timezones

from webapp.toml_tables import Wrong

_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def text(longest: int, *, lines: bool = False) -> Callable[[object], str]:
    """Text of 1 to `longest` characters, in one line unless `lines`; stripped, NFC, LF, nothing invisible."""

    def parse(value: object) -> str:
        if not isinstance(value, str):
            raise Wrong(f"{shown(value)} is not text", "Write it in quotation marks.")
        words = unicodedata.normalize("NFC", value.replace("\r\n", "\n")).strip()
        if lines:
            words = "\n".join(line.strip() for line in words.split("\n") if line.strip())
        if not words:
            raise Wrong("is empty", "Write the words.")
        if any(unicodedata.category(sign) in _UNSEEN for sign in (words.replace("\n", "") if lines else words)):
            raise Wrong("holds line breaks, control or invisible characters", "Remove them.")
        if len(words) > longest:
            raise Wrong(f"has {len(words):,} characters", f"Write at most {longest}.")
        return words

    return parse


def whole(low: int, high: int) -> Callable[[object], int]:
    """A whole number from `low` to `high`."""

    def parse(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise Wrong(f"{shown(value)} is not a whole number from {low} to {high}", f"Write for example {max(low, 1)}.")
        return value

    return parse


def truth(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise Wrong(f"{shown(value)} is neither true nor false", "Write true or false, without quotation marks.")
    return value


def choice(*choices: str) -> Callable[[object], str]:
    """One of `choices`."""

    def parse(value: object) -> str:
        if not isinstance(value, str) or value not in choices:
            raise Wrong(f"{shown(value)} is not possible", "Write " + " or ".join(f'"{each}"' for each in choices) + ".")
        return value

    return parse


def zone(value: object) -> ZoneInfo:
    """An IANA time zone."""
    zones = available_timezones() - {"localtime", "Factory"}  # those two mean another zone on every machine
    if not isinstance(value, str) or value not in zones:
        near = get_close_matches(str(value)[:64], zones, 1) or ["America/New_York"]
        raise Wrong(f"{shown(value)} is not an IANA time zone", f'Write for example "{near[0]}".')
    return ZoneInfo(value)


def shown(value: object) -> str:
    """A value as a fault shows it: short whatever it is."""
    if isinstance(value, int) and value.bit_length() > 64:
        return "a number of more than 20 digits"
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:60] + "…"


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
