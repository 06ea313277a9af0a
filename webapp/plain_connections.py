"""The driver's own connections, for prepared statements (prepared.py).

They are kept apart from SQLAlchemy's pool, whose lending and taking back costs as much as three statements do. Nor is each asked
whether it still lives before it is used, as the pool does: what is asked first tells, and is asked again on a new one.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from flask import current_app
from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError

from webapp.database import db
from webapp.prepared import Plain, faults_of

Answer = TypeVar("Answer")


def reading_plainly(question: Callable[[Plain], Answer]) -> Answer:
    """The answer to one prepared question that is answered at once or not at all, outside of the request's own transaction."""
    with connected(question) as (_, answer):
        return answer


def reading_for_page(questions: Callable[[Plain], Answer]) -> Answer:
    """The answer to the questions of a page, in a read transaction of their own: with the patience for statements that may take long
    (server_timeouts.py), and on SQLite of one moment.
    """
    with connected(lambda session: session.execute("BEGIN")) as (session, _):
        try:
            return questions(session)
        finally:
            with suppress(Exception):  # what came first is worth more
                session.driver.rollback()


@contextmanager
def connected(first: Callable[[Plain], Answer]) -> Iterator[tuple[Plain, Answer]]:
    """A connection, and the answer to what is to be asked `first` on it: once more if it turns out to be dead.

    One that is left within a transaction is closed.
    """
    idle = current_app.extensions.get("plain_connections")
    if idle is None:
        idle = current_app.extensions.setdefault("plain_connections", _Idle(db.engine))
    session, answer = idle.ask(first)
    try:
        yield session, answer
    finally:
        idle.take_back(session)


class _Idle(list[Any]):
    """Connections that nobody uses now; no more than there were ever used at once."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine
        self._on_sqlite = engine.dialect.name == "sqlite"
        event.listen(engine, "engine_disposed", self._close)

    def ask(self, first: Callable[[Plain], Answer]) -> tuple[Plain, Answer]:
        try:
            session = Plain(self._engine.dialect, self.pop())
        except IndexError:
            return self._ask(self._connect(), first)
        try:
            return self._ask(session, first)
        except DBAPIError:
            if self._on_sqlite or not session.driver.closed:
                raise
        self._engine.dispose()  # the others are as old
        return self._ask(self._connect(), first)

    def _ask(self, session: Plain, first: Callable[[Plain], Answer]) -> tuple[Plain, Answer]:
        try:
            return session, first(session)
        except BaseException:
            self.take_back(session)
            raise

    def take_back(self, session: Plain) -> None:
        if self._is_at_rest(session.driver):
            self.append(session.driver)
        else:
            session.driver.close()

    def _is_at_rest(self, driver: Any) -> bool:
        return not (driver.in_transaction if self._on_sqlite else driver.pgconn.transaction_status)  # IDLE is 0

    def _connect(self) -> Plain:
        with faults_of(self._engine.dialect):
            raw = self._engine.raw_connection()
        driver: Any = raw.driver_connection
        raw.detach()
        if not self._on_sqlite:
            driver.autocommit = True  # BEGIN goes with the first question: one way there and back less
        return Plain(self._engine.dialect, driver)

    def _close(self, _engine: Engine) -> None:
        while self:
            self.pop().close()
