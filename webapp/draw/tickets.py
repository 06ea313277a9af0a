"""Commitments of entries, and the key under which their tickets are drawn (PROTOCOL §2 and §4)."""

import hmac
import unicodedata
from string import ascii_lowercase, ascii_uppercase

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
