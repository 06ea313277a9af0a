"""An impression's token: which ad stood in which slot, signed, expiring, usable once. It names no reader."""

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

# A page may stay open for a while before its foot comes into view.
VIEW_WITHIN = timedelta(hours=1)
CLICK_WITHIN = timedelta(hours=24)
_MAC = 16
_HEAD = 8 + 4 + 12
# Why an impression may not count from the start. A token's holder is not told whether one of these holds, nor which.
UNCOUNTED = ("machine", "ahead", "staff", "flood")


class BadToken(Exception):
    """Not a token of ours."""


class Impression(NamedTuple):
    """An ad handed out: creative, slot, section and the moment; `nonce` (24 hexadecimal digits) makes it one of a kind.

    `reason`: why it was not counted as served. Then nothing is counted that comes of it.
    """

    creative: int
    slot: str
    section: str
    at: datetime
    nonce: str
    reason: str | None = None

    @classmethod
    def make(cls, creative: int, slot: str, section: str, *, now: datetime, reason: str | None = None) -> "Impression":
        """A new one, at `now` (seconds kept)."""
        return cls(creative, slot, section[:64], now.replace(microsecond=0), secrets.token_hex(12), reason)

    def sign(self, secret: bytes) -> str:
        """The token: HMAC-SHA-256 cut to 128 bits (RFC 2104 §5) over everything it says, and over the reason, which it does not say."""
        place = f"{self.slot}\0{self.section}".encode()
        head = self.creative.to_bytes(8, "big") + int(self.at.timestamp()).to_bytes(4, "big") + bytes.fromhex(self.nonce)
        return urlsafe_b64encode(_mac(secret, head + place, self.reason) + head + place).decode().rstrip("=")


def read(secret: bytes, token: str) -> Impression:
    """The impression that `token` was made for, expired or not. Raises BadToken."""
    try:
        raw = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (NotBase64, ValueError) as error:
        raise BadToken from error
    mac, said = raw[:_MAC], raw[_MAC:]
    # All are tried each time: how long it takes does not tell which it was.
    reasons = [reason for reason in (None, *UNCOUNTED) if hmac.compare_digest(mac, _mac(secret, said, reason))]
    if len(said) <= _HEAD or len(token) > 240 or not reasons or said.count(b"\0", _HEAD) != 1:
        raise BadToken
    slot, section = said[_HEAD:].decode().split("\0")
    at = datetime.fromtimestamp(int.from_bytes(said[8:12], "big"), UTC)
    return Impression(int.from_bytes(said[:8], "big"), slot, section, at, said[12:_HEAD].hex(), reasons[0])


def _mac(secret: bytes, said: bytes, reason: str | None) -> bytes:
    context = f"ad impression not counted: {reason}" if reason else "ad impression"
    return hmac.digest(secret, context.encode() + b"\0" + said, "sha256")[:_MAC]
