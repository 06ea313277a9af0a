"""The shortest way from a request to a page in memory, in front of everything else: for the answers that need no decision.

Nearly all that such an answer costs are calls and what they touch, so this is one function. It hands over a copy that was found
good before (page_copies.Copy.good_at) to a plain GET. All else goes the long way, which answers any request: tracing.Trace,
page_cache.PageCache, Flask.
"""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask

from webapp import clock, page_cache
from webapp.counting import note
from webapp.tracing import ROUTE, identify
from webapp.wsgi_tools import is_trusted

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def init_app(app: Flask) -> None:
    cache, config, long_way = page_cache.of(app), app.config, app.wsgi_app
    find = cache.copies.get

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        trusted = config["TRUSTED_HOSTS"]
        is_plain = environ["REQUEST_METHOD"] == "GET" and not environ.get("QUERY_STRING") and not environ.get("SCRIPT_NAME")
        copy = find((environ.get("PATH_INFO", ""), ())) if is_plain else None
        if copy is None or (trusted is not None and not is_trusted(environ, trusted)):
            return long_way(environ, start_response)
        now, watch, variant = clock.seconds(), cache.watch, copy.asked.get(environ.get("HTTP_ACCEPT_ENCODING"))
        is_good = watch is not None and watch.last is copy.good_at and time.monotonic() < watch.until
        if not is_good or variant is None or not copy.begins <= now < copy.cut_from:
            return long_way(environ, start_response)
        tag, said, unchanged = variant
        if known := environ.get("HTTP_IF_NONE_MATCH"):
            if known != tag:
                return long_way(environ, start_response)
            said = unchanged
        status, headers, body, counted = said
        copy.used = now
        environ[ROUTE] = copy.route
        own = identify(environ)
        note(counted)
        start_response(status, [*headers, ("X-Request-ID", own)])
        return body

    app.wsgi_app = answer  # type: ignore[method-assign]
