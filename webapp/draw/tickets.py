"""Commitments of entries and the tickets that rank them (PROTOCOL §2 and §4)."""

import hmac
import unicodedata
from bisect import insort
from collections.abc import Collection, Iterable
from hashlib import sha256
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


class Lowest:
    """The `count` lowest tickets under `key` of all leaves taken so far; keeps no more than those.

    ticket = HKDF-Expand(PRK, info = leaf hash, L = 32), RFC 5869 §2.3: one block, T(1) = HMAC(PRK, info ‖ 0x01).
    The HMAC is written out (RFC 2104) to hash the padded key once and not for each of millions: twice as fast.
    """

    def __init__(self, key: bytes, count: int) -> None:
        self.key = key
        self.count = count
        self._lowest: list[tuple[bytes, int]] = []
        padded = key.ljust(64, b"\0")
        self._inner = sha256(bytes(byte ^ 0x36 for byte in padded))
        self._outer = sha256(bytes(byte ^ 0x5C for byte in padded))

    def take(self, leaves: Iterable[tuple[int, bytes]], removed: Collection[int] = ()) -> None:
        """Draw a ticket for each of `leaves` (index, leaf hash) that is not `removed`; indexes ascend from call to call."""
        inner, outer, bound = self._inner.copy, self._outer.copy, self._bound()
        for index, leaf in leaves:
            first = inner()
            first.update(leaf + b"\x01")
            second = outer()
            second.update(first.digest())
            ticket = second.digest()
            if ticket < bound and index not in removed:
                insort(self._lowest, (ticket, index))
                del self._lowest[self.count :]
                bound = self._bound()

    def ranking(self) -> tuple[Ranked, ...]:
        return tuple(Ranked(rank, index, ticket) for rank, (ticket, index) in enumerate(self._lowest, 1))

    def _bound(self) -> bytes:
        """What a ticket must be below to be among the lowest."""
        if len(self._lowest) < self.count:
            return b"\xff" * 33  # above every ticket
        return self._lowest[-1][0] if self._lowest else b""
