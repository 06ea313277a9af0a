"""A page that is in no memory yet, beside a bare Flask route of the same bytes plus the template's own time.

Others were made since the content last changed: what the clock brings next, which is found out once for a version, is known.
"""

import tempfile
import time
from pathlib import Path

from flask import Flask, Response, before_render_template, template_rendered
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from benchmarks.ours import installed
from benchmarks.pages import ARTICLE
from benchmarks.table import Row, rounds_row
from webapp import create_app
from webapp.database import db

PAGES = {"article": ARTICLE, "front page": "/", "headlines": "/headlines"}
COUNT = 5  # requests to a measurement: a clock of processor time has its grain


class Templates:
    """The processor time that `app` has spent in rendering."""

    def __init__(self, app: Flask) -> None:
        self.spent = self._began = 0.0
        self._depth = 0  # one may render another
        before_render_template.connect(self._begin, app)
        template_rendered.connect(self._end, app)

    def _begin(self, _app: Flask, **_facts: object) -> None:
        if not self._depth:
            self._began = time.process_time()
        self._depth += 1

    def _end(self, _app: Flask, **_facts: object) -> None:
        self._depth -= 1
        if not self._depth:
            self.spent += time.process_time() - self._began


def measure(quick: bool) -> list[Row]:
    """Processor time, in alternating rounds."""
    with tempfile.TemporaryDirectory() as name:
        site = installed(Path(name))
        app = create_app(site.environ)
        rows = [_row(page, path, app, 7 if quick else 25) for page, path in PAGES.items()]
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
    return rows


def _row(page: str, path: str, app: Flask, rounds: int) -> Row:
    app.test_client_class = Forgetting
    ours, templates, mine, least = app.test_client(), Templates(app), [], []
    bare = _bare(ours.get(path).data)
    for _ in range(rounds):
        before = templates.spent
        mine.append(_milliseconds(ours, path))
        least.append(_milliseconds(bare, "/") + (templates.spent - before) * 1000 / COUNT)
    return rounds_row(f"{page}, not in memory: CPU, beside a bare Flask route and the template", mine, least, goal=1.5, unit="ms")


class Forgetting(FlaskClient):
    """One whose pages are in no memory."""

    def get(self, path: str) -> TestResponse:
        self.application.extensions["page_cache"].copies.drop((path, ()))
        return super().get(path)


def _bare(body: bytes) -> FlaskClient:
    app = Flask("bare")

    @app.get("/")
    def everything() -> Response:
        return Response(body, mimetype="text/html")

    return app.test_client()


def _milliseconds(client: FlaskClient, path: str) -> float:
    began = time.process_time()
    for _ in range(COUNT):
        if (answer := client.get(path)).status_code != 200:
            raise RuntimeError(f"{path}: {answer.status}")
    return (time.process_time() - began) * 1000 / COUNT
