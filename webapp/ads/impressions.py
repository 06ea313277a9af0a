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
        """The token: HMAC-SHA-256 cut to 128 bits (RFC 2104 §5) over everything it says."""
        place = "\0".join([self.slot, self.section, *([self.reason] if self.reason else [])]).encode()
        head = self.creative.to_bytes(8, "big") + int(self.at.timestamp()).to_bytes(4, "big") + bytes.fromhex(self.nonce)
        return urlsafe_b64encode(_mac(secret, head + place) + head + place).decode().rstrip("=")


def read(secret: bytes, token: str) -> Impression:
    """The impression that `token` was made for, expired or not. Raises BadToken."""
    try:
        raw = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (NotBase64, ValueError) as error:
        raise BadToken from error
    mac, said = raw[:_MAC], raw[_MAC:]
    if len(said) <= _HEAD or len(token) > 240 or not hmac.compare_digest(mac, _mac(secret, said)):
        raise BadToken
    slot, section, *reason = said[_HEAD:].decode().split("\0")
    at = datetime.fromtimestamp(int.from_bytes(said[8:12], "big"), UTC)
    return Impression(int.from_bytes(said[:8], "big"), slot, section, at, said[12:_HEAD].hex(), *reason[:1])


def _mac(secret: bytes, said: bytes) -> bytes:
    return hmac.digest(secret, b"ad impression\0" + said, "sha256")[:_MAC]
