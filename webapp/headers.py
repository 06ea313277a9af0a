"""Response headers: the security set on everything, and the cache rules a view can choose."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from flask import Flask, Response

from webapp.config import Settings
from webapp.page_cache import keep

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# No inline code anywhere, so neither nonce (which a cached page cannot carry) nor hash is needed.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "frame-ancestors 'none'",
    )
)
SECURITY = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Never no-referrer: a browser then posts our own form with `Origin: null`.
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
}
PAGE = "public, max-age=0, s-maxage=30, stale-while-revalidate=30, stale-if-error=86400"
IMMUTABLE = "public, max-age=31536000, immutable"


def init_app(app: Flask, settings: Settings) -> None:
    standard = {**SECURITY, "Cache-Control": "no-store"}
    if settings.https:
        standard["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    app.wsgi_app = _Standard(app.wsgi_app, standard)  # type: ignore[method-assign]


class _Standard:
    """WSGI middleware around Flask, inside of the page cache: adds the headers that an answer does not set for itself.

    They never change, so they pass by Flask's response, which would check and copy each of them.
    """

    def __init__(self, app: "WSGIApplication", standard: Mapping[str, str]) -> None:
        self._app = app
        self._standard = [(name.lower(), (name, value)) for name, value in standard.items()]

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
            own = {name.lower() for name, _ in headers}
            return start_response(status, [*headers, *(pair for name, pair in self._standard if name not in own)], exc_info)

        return self._app(environ, start)


def public(response: Response, *, arguments: tuple[str, ...] = (), store: bool = True, shows_entries: bool = False) -> Response:
    """A page that is the same for every reader: kept in memory and by shared caches, with an ETag for 304. See page_cache.keep."""
    response.headers["Cache-Control"] = PAGE
    keep(arguments=arguments, store=store, shows_entries=shows_entries)
    return response


def immutable(response: Response) -> Response:
    """A file whose address names its content: kept for ever, usable from other sites (feeds, previews)."""
    response.headers["Cache-Control"] = IMMUTABLE
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def private(response: Response) -> Response:
    """A page reached by a secret link: kept nowhere, indexed nowhere, its address sent nowhere."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def see_other(path: str) -> Response:
    """The answer to a post that was done: look at `path` (RFC 9110 §15.4.4), without a body, which nobody sees and which gunicorn
    sends on a way of its own.

    `path`: in ASCII, as url_for makes it.
    """
    return _Finished("", 303, {"Location": path}, content_type="text/plain; charset=utf-8")


class _Finished(Response):
    """Its headers are as they are to be sent. Werkzeug would copy them, to mend addresses and to find out the length again."""

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        start_response(self.status, self.headers.to_wsgi_list())
        return ()
