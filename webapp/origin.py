"""Did this post come from our own page? Judged by what browsers say, so that the page needs no token and no cookie.

Sec-Fetch-Site first, then Origin, then Referer (OWASP CSRF cheat sheet, Fetch Metadata with mandatory fallback).
What cannot be judged is no attack: the edge shows the form again, with a token of its own.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

from flask import Flask, request

from webapp.config import Settings, is_loopback, is_private
from webapp.errors import Refusal

Origin = tuple[str, str, int]
View = TypeVar("View", bound=Callable[..., Any])
_PORTS = {"http": 80, "https": 443}
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Headers(Protocol):
    """What is asked of a request's headers."""

    def get(self, key: str, /) -> str | None: ...


def init_app(app: Flask, settings: Settings) -> None:
    """Refuse every unsafe request that is not from our own page, unless its view is one that judges for itself."""

    @app.before_request
    def default_deny() -> None:
        if request.method in _SAFE or request.endpoint is None:
            return
        view = app.view_functions[request.endpoint]
        if not hasattr(view, "judges_origin") and judge(request.headers, settings) is not Verdict.OURS:
            raise Refusal(
                "This was sent from a page that is not ours, or your browser did not tell from which. Nothing was done.", status=403
            )


def judges_origin(how: str) -> Callable[[View], View]:
    """Marks a view that takes posts from anywhere and says `how` it judges them: it shows its form again, or a token is the authority."""

    def mark(view: View) -> View:
        setattr(view, "judges_origin", how)  # noqa: B010 - the type of a function has no such attribute
        return view

    return mark


class Verdict(Enum):
    """OURS: sent by our own page. CROSS: by somebody else's. UNKNOWN: the browser did not tell."""

    OURS = "ours"
    CROSS = "cross"
    UNKNOWN = "unknown"


def judge(headers: Headers, settings: Settings) -> Verdict:
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


def _compare(address: str, headers: Headers, settings: Settings) -> Verdict:
    theirs = parse_origin(address)
    return Verdict.OURS if theirs is not None and theirs in _own(headers, settings) else Verdict.CROSS


def _own(headers: Headers, settings: Settings) -> set[Origin]:
    """Our origins: SITE_URL; while it is unset, also the Host asked for if it is this machine or its network."""
    own = {parse_origin(settings.site_url)}
    if not settings.site_url_given:
        host = parse_origin(f"http://{headers.get('Host') or ''}")
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
