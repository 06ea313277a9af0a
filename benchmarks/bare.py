"""The limits: the same bytes from a bare WSGI callable, and from a bare Flask route."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_BODY = Path(os.environ["BARE_BODY"]).read_bytes()
_HEADERS = [tuple(line.split(": ", 1)) for line in Path(os.environ["BARE_HEADERS"]).read_text().splitlines()]
_STATUS = os.environ.get("BARE_STATUS", "200 OK")


def wsgi(_environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Answer everything with the same bytes."""
    start_response(_STATUS, list(_HEADERS))  # type: ignore[arg-type]
    return [_BODY]


flask = Flask("bare")


@flask.get("/")
@flask.get("/<path:path>")
def everything(path: str = "") -> Response:
    return Response(_BODY, status=_STATUS, headers=_HEADERS)  # type: ignore[arg-type]
