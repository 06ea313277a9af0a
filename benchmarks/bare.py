"""The limits: the same bytes from a bare WSGI callable, and from a bare Flask route."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Answer = tuple[str, list[tuple[str, str]], bytes]


def _read(head: Path) -> tuple[str, Answer]:
    """The path of an answer, and its status line, headers and body."""
    first, *lines = head.read_text().splitlines()
    place, _, status = first.partition(" ")
    headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
    return f"/{place}", (status, headers, head.with_suffix(".body").read_bytes())


_ANSWERS = dict(_read(head) for head in Path(os.environ["BARE_ANSWERS"]).glob("*.head"))
_NONE: Answer = ("404 NOT FOUND", [], b"")


def wsgi(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Answer with bytes that are known."""
    status, headers, body = _ANSWERS.get(environ["PATH_INFO"], _NONE)
    start_response(status, list(headers))
    return [body]


flask = Flask("bare")


@flask.get("/<path>")
def answer(path: str) -> Response:
    status, headers, body = _ANSWERS.get(f"/{path}", _NONE)
    return Response(body, status=status, headers=headers)
