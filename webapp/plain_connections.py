"""The driver's own connections, for prepared statements (prepared.py).

On SQLite they are kept apart from SQLAlchemy's pool, whose lending and taking back costs as much as three statements do. On
PostgreSQL they are the pool's, which asks each whether it still lives.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from flask import current_app
from sqlalchemy import Engine, event

from webapp.database import db
from webapp.prepared import Plain, faults_of


@contextmanager
def reading_plainly() -> Iterator[Plain]:
    """For one prepared question, outside of the request's own transaction."""
    with connected() as session:
        yield session


@contextmanager
def connected() -> Iterator[Plain]:
    """A connection outside of a transaction. One that is left within one is rolled back or closed."""
    engine = db.engine
    if current_app.extensions["write_lock"] is None:
        with faults_of(engine.dialect):
            raw = engine.raw_connection()
        with closing(raw):
            yield Plain(engine.dialect, raw.driver_connection)
        return
    idle = current_app.extensions.get("plain_connections")
    if idle is None:
        idle = current_app.extensions.setdefault("plain_connections", _Idle(engine))
    connection = idle.lend()
    try:
        yield Plain(engine.dialect, connection)
    finally:
        if connection.in_transaction:
            connection.close()
        else:
            idle.append(connection)


class _Idle(list[Any]):
    """SQLite's connections that nobody uses now; no more than there were ever used at once."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine
        event.listen(engine, "engine_disposed", self._close)

    def lend(self) -> Any:
        try:
            return self.pop()
        except IndexError:
            pass
        with faults_of(self._engine.dialect):
            raw = self._engine.raw_connection()
        connection = raw.driver_connection
        raw.detach()
        return connection

    def _close(self, _engine: Engine) -> None:
        while self:
            self.pop().close()
