"""Each request's identity and account: an id that is echoed, logged and shown on the error page, and one tick per route."""

import itertools
import logging
import os
import re
import secrets
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask, request

from webapp.counting import tally
from webapp.late_rules import LateRule
from webapp.logs import request_id

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# What proxies make (nginx: 32 hexadecimal digits; others: a UUID). Nothing else is taken over: it goes to the log.
_ID = re.compile(r"[0-9a-f-]{16,36}", re.ASCII)
_METHODS = {"GET", "HEAD", "POST", "OPTIONS"}
ROUTE = "daily_draw.route"


class _Ids:
    """Ids of 16 hexadecimal digits, unlike in every process and cheap: asking the system for chance each time lets go of the
    interpreter, and under load its threads then fight over it.
    """

    def __init__(self) -> None:
        self.renew()
        os.register_at_fork(after_in_child=self.renew)

    def renew(self) -> None:
        self._process, self._numbers = secrets.token_hex(4), itertools.count()

    def next(self) -> str:
        return f"{self._process}{next(self._numbers) & 0xFFFFFFFF:08x}"


_ids = _Ids()


class Trace:
    """WSGI middleware, the outermost: gives the request its id and counts the answer under its route."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        given = environ.get("HTTP_X_REQUEST_ID", "")
        own = given if given and _ID.fullmatch(given) else _ids.next()
        environ["daily_draw.request_id"] = own
        request_id.set(own)

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
            method = environ["REQUEST_METHOD"]
            tally("requests", route=environ.get(ROUTE, "none"), method=method if method in _METHODS else "other", status=status[:3])
            return start_response(status, [*headers, ("X-Request-ID", own)], exc_info)

        return self._app(environ, start)


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
    app.wsgi_app = Trace(app.wsgi_app)  # type: ignore[method-assign]
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
