"""Each request's identity and account: an id that is echoed, logged and shown on the error page, and one tick per route."""

import logging
import os
import re
import secrets
from collections import deque
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import chain, islice, product, repeat, starmap
from typing import TYPE_CHECKING, Any

from flask import Flask, request

from webapp.counting import Series, note, series
from webapp.late_rules import LateRule
from webapp.logs import request_id

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Named once: Python would put them together anew for each request, with the function that they describe.
Headers = list[tuple[str, str]]
Write = Callable[[bytes], object]

# Ids made together: the code for it has to be brought into the processor's caches once for all of them.
_AT_ONCE = 256
_BYTES = [f"{n:02x}" for n in range(256)]
# What proxies make (nginx: 32 hexadecimal digits; others: a UUID). Nothing else is taken over: it goes to the log.
_ID = re.compile(r"[0-9a-f-]{16,36}", re.ASCII)
_METHODS = {"GET", "HEAD", "POST", "OPTIONS"}
# Set by who answers: the rule, and which of the page cache's ways it came by.
ROUTE = "daily_draw.route"
FROM = "daily_draw.page_cache"


class _Ids:
    """Ids of 16 hexadecimal digits, unlike in every process and cheap: asking the system for chance each time lets go of the
    interpreter, and under load its threads then fight over it.
    """

    def __init__(self) -> None:
        self.renew()
        os.register_at_fork(after_in_child=self.renew)

    def renew(self) -> None:
        process = [secrets.token_hex(4)]
        # Counts on in the interpreter's own code, which no other thread comes between; after four thousand million from the start.
        digits = chain.from_iterable(starmap(product, repeat((process, *[_BYTES] * 4))))
        self._made = map("".join, digits)
        self._ready = deque[str]()

    def next(self) -> str:
        try:
            return self._ready.popleft()
        except IndexError:
            self._ready.extend(islice(self._made, _AT_ONCE))
            return next(self._made)


_ids = _Ids()
_tell_log = request_id.set


def identify(environ: "WSGIEnvironment") -> str:
    """The request's id: the one it brings, or a new one. From here on the log has it, too."""
    given = environ.get("HTTP_X_REQUEST_ID")
    own = given if given is not None and _ID.fullmatch(given) else _ids.next()
    environ["daily_draw.request_id"] = own
    _tell_log(own)
    return own


class Trace:
    """WSGI middleware: gives the request its id and counts the answer under its route, and under the page cache's way."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def answer(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        own = identify(environ)

        def start(status: str, headers: Headers, exc_info: Any = None) -> Write:
            note(counted_as(environ.get(ROUTE, "none"), environ["REQUEST_METHOD"], status, environ.get(FROM)))
            return start_response(status, [*headers, ("X-Request-ID", own)], exc_info)

        return self._app(environ, start)


@lru_cache(maxsize=1024)
def counted_as(route: str, method: str, status: str, how: str | None) -> tuple[Series, ...]:
    """What an answer is counted as."""
    requests = series("requests", route=route, method=method if method in _METHODS else "other", status=status[:3])
    return (requests,) if how is None else (requests, series("page_cache", answer=how))


class TracedFlask(Flask):
    """Flask, logging an unexpected exception without the address asked for: it may be somebody's secret link."""

    url_rule_class = LateRule

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """None of ours is async, for which Flask would look into each function each time it calls it."""
        return func

    def log_exception(self, exc_info: Any) -> None:
        rule = request.url_rule.rule if request.url_rule else "none"
        self.logger.error("unexpected", exc_info=exc_info, extra={"fields": {"route": rule}})


def init_app(app: Flask) -> None:
    @app.before_request
    def name_route() -> None:
        request.environ[ROUTE] = request.url_rule.rule if request.url_rule else "none"

    app.template_global("request_id")(request_id.get)
    app.wsgi_app = Trace(app.wsgi_app).answer  # type: ignore[method-assign]
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
