"""Return paths: each letter has its own, signed (VERP), so that a report of its failure names it, and nobody can make one up.

A report is a mail like any other: whoever knows our bounce address can write one. Only who got a letter knows that letter's return
path; so all that somebody can do with it is to end our mail to themselves.
"""

import hmac
import re
from collections.abc import Iterable

_LONGEST_LOCAL_PART = 64  # RFC 5321 §4.5.3.1.1
# Servers may change the case of an address, so the signature is of lower-case letters and digits alone.
_SIGNED = re.compile(r"\+([1-9][0-9]{0,17})\.([0-9a-f]{16})@", re.IGNORECASE)


def return_path(address: str, letter_id: int, secret: bytes) -> str:
    """The return path of a letter: `bounces+7.0123456789abcdef@news.example`; `address` itself where that would be too long."""
    local, _, domain = address.rpartition("@")
    signed = f"{local}+{letter_id}.{_mac(letter_id, secret)}"
    return f"{signed}@{domain}" if len(signed) <= _LONGEST_LOCAL_PART else address


def letter_of(texts: Iterable[str], secret: bytes) -> int | None:
    """The id of the letter whose return path stands in one of `texts`; None if no such path is signed by us."""
    for text in texts:
        for found in _SIGNED.finditer(text):
            if hmac.compare_digest(_mac(int(found[1]), secret), found[2].lower()):
                return int(found[1])
    return None


def _mac(letter_id: int, secret: bytes) -> str:
    return hmac.digest(secret, f"bounce\0{letter_id}".encode(), "sha256")[:8].hex()
