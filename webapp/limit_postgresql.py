"""Counters in an UNLOGGED table of PostgreSQL, as limit_storage.py keeps them in a file."""

import weakref
from collections.abc import Sequence
from contextlib import closing
from functools import cached_property
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from webapp.limit_storage import PATIENCE, SqlCounters, StorageAway
from webapp.limit_windows import Counter, Window
from webapp.prepared import Plain, faults_of


class PostgresStorage:
    """A table that PostgreSQL does not log: fast, and emptied by a crash of the server. Migration 0003 makes it."""

    def __init__(self, url: str, patience: float = PATIENCE, *, threads: int) -> None:
        self._url, self._patience, self._threads = url, patience, threads
        self._sql = SqlCounters("limits.counter", "%s", skip_locked=" FOR UPDATE SKIP LOCKED")

    @cached_property
    def _engine(self) -> Engine:
        """Connections apart from the app's own, which wait longer."""
        # Each statement is a transaction: one way there and back instead of three.
        engine = create_engine(
            self._url,
            isolation_level="AUTOCOMMIT",
            pool_size=self._threads,  # one made for a single use costs more than the count, and to wait for one looks like a storage away
            max_overflow=0,
            pool_timeout=self._patience,
            connect_args={"connect_timeout": 2},
        )
        weakref.finalize(self, engine.dispose)
        milliseconds = int(self._patience * 1000)

        @event.listens_for(engine, "connect")
        def hurry(connection: Any, _record: object) -> None:
            connection.execute(f"SET lock_timeout = {milliseconds}")
            connection.execute(f"SET statement_timeout = {milliseconds}")
            connection.commit()

        return engine

    def hit(self, counters: Sequence[Counter], at: float) -> list[Window]:
        engine = self._engine
        try:
            with faults_of(engine.dialect), closing(engine.raw_connection()) as raw:
                try:
                    windows = self._sql.hit(Plain(engine.dialect, raw.driver_connection).execute, counters, at)
                except BaseException:
                    raw.invalidate()
                    raise
                return windows
        except SQLAlchemyError as error:
            engine.dispose()  # the idle connections are as old
            raise StorageAway(str(error.__cause__ or error)) from error
