"""Did this post come from our own page? Judged by what browsers say, so that the page needs no token and no cookie.

Sec-Fetch-Site first, then Origin, then Referer (OWASP CSRF cheat sheet, Fetch Metadata with mandatory fallback).
What cannot be judged is no attack: the edge shows the form again, with a token of its own.
"""

from collections.abc import Mapping
from enum import Enum
from urllib.parse import urlsplit

from webapp.config import Settings, is_loopback, is_private

Origin = tuple[str, str, int]
_PORTS = {"http": 80, "https": 443}


class Verdict(Enum):
    """OURS: sent by our own page. CROSS: by somebody else's. UNKNOWN: the browser did not tell."""

    OURS = "ours"
    CROSS = "cross"
    UNKNOWN = "unknown"


def judge(headers: Mapping[str, str], settings: Settings) -> Verdict:
    """The verdict on an unsafe request with these headers."""
    site = headers.get("Sec-Fetch-Site")
    if site is not None:
        # A doubled header arrives as "same-origin, cross-site" and is CROSS.
        return Verdict.OURS if site in {"same-origin", "none"} else Verdict.CROSS
    origin = headers.get("Origin")
    if origin is not None and origin != "null":
        return _compare(origin, headers, settings)
    referer = headers.get("Referer")
    if referer:
        return _compare(referer, headers, settings)
    return Verdict.UNKNOWN


def _compare(address: str, headers: Mapping[str, str], settings: Settings) -> Verdict:
    theirs = parse_origin(address)
    return Verdict.OURS if theirs is not None and theirs in _own(headers, settings) else Verdict.CROSS


def _own(headers: Mapping[str, str], settings: Settings) -> set[Origin]:
    """Our origins: SITE_URL; while it is unset, also the Host asked for if it is this machine or its network."""
    own = {parse_origin(settings.site_url)}
    if not settings.site_url_given:
        host = parse_origin(f"http://{headers.get('Host', '')}")
        if host is not None and (is_loopback(host[1]) or is_private(host[1])):
            own.add(host)
    return {origin for origin in own if origin is not None}


def parse_origin(address: str) -> Origin | None:
    """Scheme, host and port of an address; None if it is none, or names a user (`http://own@evil`)."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc or "\\" in address:
        return None
    return parts.scheme, parts.hostname, port or _PORTS[parts.scheme]
