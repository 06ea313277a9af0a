"""From single TOML values to what a campaign holds. Each function returns a parser that raises Wrong with the mend."""

import re
import unicodedata
from collections.abc import Callable
from difflib import get_close_matches
from zoneinfo import ZoneInfo, available_timezones

from webapp.sweepstakes.checking import Wrong
from webapp.sweepstakes.wording import CURRENCIES, decimals, money

SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
# Addresses under /draws that are no campaign's.
TAKEN = frozenset({"verify"})
_AMOUNT = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,6}))?")
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


def slug(value: object) -> str:
    """A campaign's address."""
    if not isinstance(value, str) or not SLUG.fullmatch(value):
        raise Wrong(f"{shown(value)} cannot be an address", 'Write up to 64 of a–z, 0–9, - and _, a letter or digit first: "win-100".')
    if value in TAKEN:
        raise Wrong(f"/draws/{value} is a page of ours", 'Write another, for example "win-100".')
    return value


def zone(value: object) -> ZoneInfo:
    """An IANA time zone."""
    zones = available_timezones() - {"localtime", "Factory"}  # those two mean another zone on every machine
    if not isinstance(value, str) or value not in zones:
        near = get_close_matches(str(value)[:64], zones, 1) or ["America/New_York"]
        raise Wrong(f"{shown(value)} is not an IANA time zone", f'Write for example "{near[0]}".')
    return ZoneInfo(value)


def currency(value: object) -> str:
    """A currency's code."""
    if not isinstance(value, str) or value not in CURRENCIES:
        upper = str(value)[:64].upper()
        raise Wrong(f"{shown(value)} is not a currency of ISO 4217", f'Write "{upper if upper in CURRENCIES else "USD"}".')
    return value


def amount(code: str | None) -> Callable[[object], int]:
    """An amount above zero of currency `code` (None: unknown, two decimals), as a number or as digits in quotation marks.

    In minor units: 100.00 USD are 10000.
    """

    def parse(value: object) -> int:
        match = _AMOUNT.fullmatch(shown(value).strip("'")) if not isinstance(value, bool) else None
        if match is None:
            raise Wrong(f"{shown(value)} is not an amount of money", 'Write digits, a point and decimals, for example "1000.00".')
        places = decimals(code or "USD")
        if len((match[2] or "").rstrip("0")) > places:
            raise Wrong(f"{shown(value)} has more decimals than {code}", f"Write at most {places} after the point.")
        minor = int(match[1] + (match[2] or "")[:places].ljust(places, "0"))
        if minor == 0:
            raise Wrong("is zero", f"Write what one prize is worth, for example {money(100 * 10**places, code or 'USD')}.")
        return minor

    return parse


def shown(value: object) -> str:
    """A value as a fault shows it: short whatever it is."""
    if isinstance(value, int) and value.bit_length() > 64:
        return "a number of more than 20 digits"
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:60] + "…"
