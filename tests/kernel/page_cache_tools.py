"""What tests of the page cache share."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask, Response
from sqlalchemy import text

from tests.serving import LOST
from tests.statements import statements
from webapp.content_version import QUESTION
from webapp.database import db
from webapp.headers import public
from webapp.page_cache import PageCache


def cache_of(app: Flask) -> PageCache:
    cache: PageCache = app.extensions["page_cache"]
    return cache


def catch_up(app: Flask) -> None:
    """Until the cache knows the state that the database is in: of PostgreSQL it learns that half a second late."""
    db.session.rollback()  # a test's requests share one session, which would go on reading what it began to read
    with db.engine.connect() as connection:
        wanted = tuple(connection.execute(text(QUESTION)).one())
    deadline = time.monotonic() + LOST
    while cache_of(app)._state() != wanted:
        assert time.monotonic() < deadline, "the cache has not learnt of the change"
        time.sleep(0.01)


@contextmanager
def asked() -> Iterator[list[str]]:
    """The statements that the database is asked meanwhile, but for the cache's own question."""
    with statements() as everything:
        yield everything
    everything[:] = [statement for statement in everything if statement != QUESTION]


def add_page(app: Flask, make: Callable[[], str | bytes], path: str = "/made", **how: Any) -> None:
    """A page of the test's own, kept as any other."""

    def view(**_: Any) -> Response:
        return public(Response(make(), mimetype="text/plain"), **how)

    app.add_url_rule(path, path, view)
