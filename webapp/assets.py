"""Static files under addresses that name their content, so that browsers keep them for ever."""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import Flask, Response, request, send_from_directory

from webapp.config import ROOT
from webapp.headers import immutable
from webapp.page_cache import keep

STATIC = ROOT / "static"


def init_app(app: Flask) -> None:
    app.add_url_rule("/static/<path:filename>", "static", _static)
    app.url_defaults(_add_version)


def _static(filename: str) -> Response:
    if request.args.get("v") == version(filename):
        keep(arguments=("v",), fixed=True)
        return immutable(send_from_directory(STATIC, filename, conditional=False))
    response = send_from_directory(STATIC, filename, conditional=True)
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def _add_version(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint == "static" and (v := version(values["filename"])):
        values["v"] = v


@cache
def version(filename: str) -> str | None:
    """The first 10 hex digits of the file's SHA-256; None if there is no such file."""
    path = (STATIC / filename).resolve()
    if not path.is_relative_to(STATIC) or not path.is_file():
        return None
    return _digest(path)


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()[:10]
