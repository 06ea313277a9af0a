"""PostgreSQL that hangs: a process that serves pages waits for it for some seconds only, a command as long as it takes.

The server is told to give up what takes long. One that is frozen, or whose machine is gone, gives up nothing: then our own side
closes the connection, and of all who want a new one only one asks for it; the others are refused at once.
"""

import threading
import time
from typing import Any, TypeVar

import click
import psycopg
from flask import has_request_context
from psycopg.abc import PQGen
from psycopg.errors import ConnectionTimeout, OperationalError
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow
from sqlalchemy import Dialect, Engine, event

T = TypeVar("T")

# All in seconds.
CONNECTING = 3
LOCK = 3
STATEMENT = 5
SHORTEST = 0.5  # of a statement, however little patience there is; 0 would be none at all
PING = 1
PAUSE = 1
# Of a process that froze in the middle of a write, and holds up everybody who waits for its locks.
IDLE_IN_TRANSACTION = 60
# For commands: that the server's machine is gone is noticed within a minute or two.
KEEPALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 60_000}


class _Impatient(psycopg.Connection[TupleRow]):
    """Closes itself when an answer takes longer than `patience` seconds; OperationalError then."""

    patience: float = STATEMENT + 1  # the server's own refusal says more, and keeps the connection: it goes first
    _at_rest = True
    _cursor: psycopg.Cursor[TupleRow] | None = None

    def execute(self, *given: Any, **more: Any) -> psycopg.Cursor[TupleRow]:
        """With one cursor for all, whose rows are gone with the next statement: to make one takes a fifth of a statement's time."""
        if self._cursor is None:
            self._cursor = self.cursor()
        return self._cursor.execute(*given, **more)

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        # With autocommit, only that is asked outside of a transaction which must be quick: "are you there?", BEGIN, limits, one row.
        patience = min(PING, self.patience) if self.autocommit and self._at_rest else self.patience
        try:
            return super().wait(gen, interval, patience if timeout is None else timeout)
        except OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.close()  # what it still says would be taken for the answer to the next question
            raise
        finally:
            self._at_rest = self.pgconn.transaction_status == TransactionStatus.IDLE

    def rollback(self) -> None:
        """As of others; of one that is closed nothing is left to roll back, and why it was closed is worth more than that."""
        if not self.closed:
            super().rollback()


class _Door:
    """What attempts to connect pass through. After one that nobody answered, one at a time may try; OperationalError for others."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._away = False
        self._again = 0.0

    def __enter__(self) -> None:
        with self._lock:
            if self._away and time.monotonic() < self._again:
                raise OperationalError("the server did not answer a moment ago")
            self._again = time.monotonic() + CONNECTING + PAUSE

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        with self._lock:
            self._away = isinstance(error, ConnectionTimeout)
            self._again = time.monotonic() + PAUSE


_door = _Door()


def _connect(arguments: list[Any], given: dict[str, Any]) -> _Impatient:
    """Who waits less for a connection (connect_timeout) waits less for answers, too."""
    patience = min(_Impatient.patience, float(_without_for_ever(given).get("connect_timeout", _Impatient.patience)))
    with _door:
        connection = _Impatient.connect(*arguments, **_with_defaults(given))
    connection.patience = patience
    times = {
        "lock_timeout": LOCK,
        "statement_timeout": max(patience - 1, SHORTEST),
        "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION,
    }
    connection.execute("; ".join(f"SET {name} = {seconds * 1000:.0f}" for name, seconds in times.items()))
    connection.commit()
    return connection


def _with_defaults(given: dict[str, Any]) -> dict[str, Any]:
    return {"connect_timeout": CONNECTING, **KEEPALIVE, **_without_for_ever(given)}


def _without_for_ever(given: dict[str, Any]) -> dict[str, Any]:
    """`connect_timeout` of 0 or less, to libpq "for ever", is as none given."""
    return {name: value for name, value in given.items() if name != "connect_timeout" or float(value) > 0}


def set_timeouts(engine: Engine) -> None:
    """Let connections of `engine` that no command makes be impatient."""

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Dialect, _record: object, arguments: list[Any], given: dict[str, Any]) -> _Impatient | None:
        if click.get_current_context(silent=True) is None:
            return _connect(arguments, given)
        given.update(_with_defaults(given))
        return None


@event.listens_for(Engine, "do_connect")
def _connect_in_a_request(dialect: Dialect, _record: object, arguments: list[Any], given: dict[str, Any]) -> _Impatient | None:
    """Of other engines, too: limits have one of their own."""
    return _connect(arguments, given) if dialect.driver == "psycopg" and has_request_context() else None
