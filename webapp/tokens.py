"""Tokens in links: an HMAC of purpose, id and counter, so that none is ever stored."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64

_MAC = 20
_HEAD = 10


class BadToken(Exception):
    """Not a token of ours for this purpose."""


def make_token(secret: bytes, purpose: str, row: int, counter: int = 0) -> str:
    """A 40-character token naming row `row`; raising the row's `counter` ends all its older tokens."""
    head = row.to_bytes(8, "big") + counter.to_bytes(2, "big")
    return urlsafe_b64encode(head + _mac(secret, purpose, head)).decode()


def read_token(secret: bytes, purpose: str, token: str) -> tuple[int, int]:
    """The row and counter of a token. Raises BadToken."""
    try:
        raw = urlsafe_b64decode(token.encode("ascii"))
    except (NotBase64, ValueError) as error:
        raise BadToken from error
    head, mac = raw[:_HEAD], raw[_HEAD:]
    if len(raw) != _HEAD + _MAC or not hmac.compare_digest(mac, _mac(secret, purpose, head)):
        raise BadToken
    return int.from_bytes(head[:8], "big"), int.from_bytes(head[8:], "big")


def _mac(secret: bytes, purpose: str, head: bytes) -> bytes:
    return hmac.digest(secret, b"token\0" + purpose.encode() + b"\0" + head, "sha256")[:_MAC]
