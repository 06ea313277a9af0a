"""Addresses that are probably not meant as typed, and those that are made to be thrown away. Asks lists, no network."""

import unicodedata
from functools import lru_cache

# The ten providers that people mistype most often, because most people are there.
PROVIDERS = (
    "gmail.com",
    "googlemail.com",
    "hotmail.com",
    "outlook.com",
    "yahoo.com",
    "icloud.com",
    "protonmail.com",
    "yandex.ru",
    "hotmail.co.uk",
    "yahoo.co.uk",
)
# One letter away from those, and somebody else's.
REAL = frozenset({"mail.com", "email.com", "ymail.com", "gmail.co", "yahoo.ca", "yahoo.co", "yandex.ua", "outlook.co", "hotmail.co"})


def meant(email: str) -> str | None:
    """The address that was probably meant by `email`: the same at a large provider, one slip of the finger away; else None."""
    local, _, domain = email.rpartition("@")
    provider = _nearest(domain)
    return f"{local}@{provider}" if provider else None


@lru_cache(maxsize=4096)
def _nearest(domain: str) -> str | None:
    if domain in PROVIDERS or domain in REAL:
        return None
    return next((provider for provider in PROVIDERS if one_slip(domain, provider)), None)


def rewritten(typed: str, email: str) -> str | None:
    """`email`, as which `typed` was read, if compatibility letters made another domain of what was seen (`ⅽom` is `com`); else None."""
    domain = unicodedata.normalize("NFC", typed.rpartition("@")[2])
    return email if unicodedata.normalize("NFKC", domain) != domain else None


def one_slip(typed: str, right: str) -> bool:
    """Whether one letter is missing, too many, another one, or swapped with its neighbour."""
    start = 0
    while start < min(len(typed), len(right)) and typed[start] == right[start]:
        start += 1
    left, wanted = typed[start:], right[start:]
    if not left and not wanted:
        return False
    swapped = left[:2] == wanted[1::-1] and len(wanted) >= 2 and left[2:] == wanted[2:]
    return swapped or left[1:] == wanted or left == wanted[1:] or left[1:] == wanted[1:]


def is_disposable(email: str) -> bool:
    """Whether the domain, or one above it, gives addresses away for minutes."""
    return _gives_away(email.rpartition("@")[2])


@lru_cache(maxsize=4096)
def _gives_away(domain: str) -> bool:
    from disposable_email_domains import blocklist  # ten thousand names, read when the first form comes

    labels = domain.split(".")
    return any(".".join(labels[start:]) in blocklist for start in range(len(labels) - 1))
