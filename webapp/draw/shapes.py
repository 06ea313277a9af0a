"""Shapes of the values that leaves may hold (PROTOCOL §1), as questions answered yes or no."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from webapp.clock import from_stamp, stamp
from webapp.draw.beacons import QUICKNET

Check = Callable[[Any], bool]


def is_text(expected: str) -> Check:
    return lambda value: isinstance(value, str) and value == expected


def is_whole(low: int) -> Check:
    """Whole numbers from `low` to 2^53, up to where every JSON reader is exact. (True is no number.)"""
    return lambda value: type(value) is int and low <= value <= 2**53


def is_hex(size: int) -> Check:
    """Lower-case hex of `size` bytes."""
    return lambda value: isinstance(value, str) and re.fullmatch(f"[0-9a-f]{{{2 * size}}}", value) is not None


def is_slug(value: Any) -> bool:
    """Names and reasons are codes, never free text."""
    return isinstance(value, str) and re.fullmatch("[a-z0-9][a-z0-9_-]{0,63}", value) is not None


def is_time(value: Any) -> bool:
    """Exactly `YYYY-MM-DDTHH:MM:SSZ`, and a moment that exists."""
    try:
        return isinstance(value, str) and stamp(from_stamp(value)) == value
    except (ValueError, OverflowError):
        return False


def is_origin(value: Any) -> bool:
    """A key name of C2SP signed-note: not empty, no white space, no plus."""
    return isinstance(value, str) and re.fullmatch(r"[^\s+]{1,300}", value) is not None


def is_forfeit_reason(value: Any) -> bool:
    return isinstance(value, str) and value in {"no_answer", "declined", "ineligible", "erasure"}


def is_beacon_terms(value: Any) -> bool:
    """What leaf 0 says of the beacon."""
    drand = {"kind": is_text("drand"), "chain": is_text(QUICKNET.chain), "round": is_whole(1)}
    operator = {"kind": is_text("operator"), "commitment": is_hex(32)}
    return _has(value, drand) or _has(value, operator)


def is_beacon(value: Any) -> bool:
    """What the `draw` leaf says of it."""
    drand = {"kind": is_text("drand"), "round": is_whole(1), "signature": is_hex(48)}
    operator = {"kind": is_text("operator"), "secret": is_hex(32)}
    return _has(value, drand) or _has(value, operator)


def is_ranking(value: Any) -> bool:
    ranked = {"rank": is_whole(1), "index": is_whole(1), "ticket": is_hex(32)}
    return isinstance(value, list) and all(_has(item, ranked) for item in value)


def _has(value: Any, members: Mapping[str, Check]) -> bool:
    return isinstance(value, dict) and value.keys() == members.keys() and all(check(value[name]) for name, check in members.items())
