"""The page that checks a draw in the browser, and the file that checks it anywhere else."""

from flask import Flask, Response, make_response, render_template

from webapp.assets import STATIC
from webapp.headers import public


def register(app: Flask) -> None:
    """Adds both addresses. Neither knows a draw: what is checked, the browser fetches or the reader brings."""
    app.add_url_rule("/draws/verify", "draw_verify", _page)
    app.add_url_rule("/draws/open_draw.py", "open_draw_py", _file)


def _page() -> Response:
    return public(make_response(render_template("draw/verify.html")))


def _file() -> Response:
    """Shown, not downloaded: it is there to be read. Any site may fetch it to compare."""
    response = public(Response((STATIC / "open-draw" / "open_draw.py").read_bytes(), mimetype="text/x-python"))
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
