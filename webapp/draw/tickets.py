"""Commitments of entries and the tickets that rank them (PROTOCOL §2 and §4)."""

import hmac
import unicodedata
from collections.abc import Callable, Iterable
from hashlib import sha256
from heapq import nsmallest
from string import ascii_lowercase, ascii_uppercase

from webapp.draw.facts import Ranked

_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)
_ASCII_SPACE = " \t\n\v\f\r"


def receipt_email(typed: str) -> str:
    """The address as the receipt prints it: stripped, NFC, A–Z lowered, its domain in A-label form. `typed` is a valid address."""
    text = unicodedata.normalize("NFC", typed.strip(_ASCII_SPACE)).translate(_LOWER)
    local, _, domain = text.rpartition("@")
    return f"{local}@{_a_label(domain)}"


def _a_label(domain: str) -> str:
    if domain.isascii():
        return domain
    import idna  # slow to import, and for few

    return idna.encode(domain, uts46=True).decode()


def commitment(nonce: bytes, campaign: str, email: str) -> bytes:
    """HMAC-SHA256 under the entry's own nonce of protocol, campaign and `receipt_email`."""
    if len(nonce) != 32:
        raise ValueError("a nonce has 32 bytes")
    return hmac.digest(nonce, b"\0".join((b"open-draw/1", campaign.encode(), email.encode())), "sha256")


def pseudorandom_key(root: bytes, randomness: bytes) -> bytes:
    """HKDF-Extract(salt = R, IKM = B), RFC 5869 §2.2."""
    return hmac.digest(root, randomness, "sha256")


def ticket_maker(key: bytes) -> Callable[[bytes], bytes]:
    """HKDF-Expand(PRK, info = leaf hash, L = 32), RFC 5869 §2.3: one block, T(1) = HMAC(PRK, info ‖ 0x01).

    The HMAC is written out (RFC 2104) to hash the padded key once and not for each of millions: twice as fast.
    """
    padded = key.ljust(64, b"\0")
    inner = sha256(bytes(byte ^ 0x36 for byte in padded))
    outer = sha256(bytes(byte ^ 0x5C for byte in padded))

    def ticket(leaf: bytes) -> bytes:
        first, second = inner.copy(), outer.copy()
        first.update(leaf + b"\x01")
        second.update(first.digest())
        return second.digest()

    return ticket


def best(key: bytes, leaves: Iterable[tuple[int, bytes]], count: int) -> tuple[Ranked, ...]:
    """The `count` lowest tickets of the eligible `leaves` (index, leaf hash), in rank order; keeps no more than those."""
    ticket = ticket_maker(key)
    lowest = nsmallest(count, ((ticket(leaf), index) for index, leaf in leaves))
    return tuple(Ranked(rank, index, drawn) for rank, (drawn, index) in enumerate(lowest, 1))
