"""Which state the public content is in: one row, changed by triggers (migration 0010) with every change that pages show.

Asked before each page from memory is served, so it must cost next to nothing and never wait: on SQLite every request reads the
row (microseconds, exact in every process); of PostgreSQL a thread asks twice a second.
"""

import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from flask import Flask
from sqlalchemy import BigInteger, CheckConstraint, Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import Base, db

# The content's version, and how many leaves all logs have: pages that show numbers of entries depend on both.
QUESTION = "SELECT version, (SELECT coalesce(sum(size), 0) FROM draw_log) FROM content_version"
ASK_EVERY = 0.5
AWAY_AFTER = 3.0
LOOK_AT_FILE_EVERY = 1.0

State = tuple[int, int]


class ContentVersion(Base):
    """The only row, 1: `version` is drawn at random with every change, so that an old backup repeats none."""

    __tablename__ = "content_version"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)


class Watch(Protocol):
    """What tells the state: the last one known while the database is `away`, None before there was any. Never raises or waits."""

    @property
    def away(self) -> bool: ...

    def read(self) -> State | None: ...

    def close(self) -> None: ...


def watch(app: Flask) -> Watch:
    """The watch for the app's database. Connects at the first `read`, since no connection may cross gunicorn's fork."""
    url = make_url(app.config["SQLALCHEMY_DATABASE_URI"])
    if url.get_backend_name() == "sqlite":
        return FileWatch(Path(url.database or ""))

    def engine() -> Engine:
        with app.app_context():
            return db.engine

    return ServerWatch(engine)


class FileWatch:
    """SQLite: asked anew each time, through a connection of each thread's own."""

    def __init__(self, path: Path) -> None:
        self.away = False
        self._path = path
        self._last: State | None = None
        self._own = _Own()

    def read(self) -> State | None:
        try:
            state: State = self._connection().execute(QUESTION).fetchone()
        except (sqlite3.Error, OSError):
            self.close()
            self.away = True
            return self._last
        self.away = False
        self._last = state
        return state

    def close(self) -> None:
        """Close this thread's connection; the next `read` opens another."""
        if self._own.connection is not None:
            self._own.connection.close()
            self._own.connection = None

    def _connection(self) -> sqlite3.Connection:
        own, now = self._own, time.monotonic()
        if own.connection is not None and abs(now - own.looked) < LOOK_AT_FILE_EVERY:
            return own.connection
        # A restored backup is another file under the same name; the open connection would read the old one for ever.
        about = self._path.stat()
        if own.connection is None or own.file != (about.st_dev, about.st_ino):
            self.close()
            # mode=rw: a missing file is an error, not a new database. No waiting: a hit never waits.
            own.connection = sqlite3.connect(f"file:{quote(str(self._path))}?mode=rw", uri=True, timeout=0, isolation_level=None)
            own.connection.execute("PRAGMA query_only = ON")
            own.file = (about.st_dev, about.st_ino)
        own.looked = now
        return own.connection


class _Own(threading.local):
    """A thread's connection, the file it was opened on, and when that was last looked at."""

    connection: sqlite3.Connection | None = None
    file: tuple[int, int] = (0, 0)
    looked: float = 0.0


class ServerWatch:
    """PostgreSQL: asked twice a second by a thread that the first `read` starts, so that nobody waits for the network."""

    def __init__(self, engine: Callable[[], Engine]) -> None:
        self._engine = engine
        self._last: State | None = None
        self._told = 0.0
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._closed = threading.Event()

    @property
    def away(self) -> bool:
        return self._thread is not None and time.monotonic() - self._told > AWAY_AFTER

    def read(self) -> State | None:
        if self._thread is None:
            self._start()
        return self._last

    def close(self) -> None:
        """End the thread; the watch tells nothing new after that."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._told = time.monotonic()
                thread = threading.Thread(target=self._ask_again_and_again, args=(self._engine(),), name="content-version", daemon=True)
                thread.start()
                self._thread = thread

    def _ask_again_and_again(self, engine: Engine) -> None:
        while not self._closed.is_set():
            try:
                with engine.connect() as connection:
                    version, leaves = connection.exec_driver_sql(QUESTION).one()
                self._last = (int(version), int(leaves))
                self._told = time.monotonic()
            except SQLAlchemyError:
                pass  # what it told last stands, until the server answers again
            self._closed.wait(ASK_EVERY)
