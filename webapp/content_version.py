"""Which state the public content is in: one row, changed by triggers (migration 0010) with every change that pages show.

Asked before each page from memory is served, so it must cost next to nothing and never wait: SQLite is asked by a request when
the last answer is a tenth of a second old, or this process is about to commit; PostgreSQL twice a second, by a thread.
"""

import sqlite3
import threading
import time
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from flask import Flask
from sqlalchemy import BigInteger, CheckConstraint, Engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import Base, db

# The content's version, and how many leaves all logs have: pages that show numbers of entries depend on both.
QUESTION = "SELECT version, (SELECT coalesce(sum(size), 0) FROM draw_log) FROM content_version"
# Reading the row takes 10 µs, but lets go of the interpreter, which threads under load then fight over: once for many requests.
ASK_FILE_EVERY = 0.1
ASK_SERVER_EVERY = 0.5
AWAY_AFTER = 3.0

State = tuple[int, int]


class ContentVersion(Base):
    """The only row, 1: `version` is drawn at random with every change, so that an old backup repeats none."""

    __tablename__ = "content_version"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)


class Watch(Protocol):
    """What tells the state: the last one known while the database is `away`, None before there was any. Never raises or waits.

    `last` is what `read` told last, the same object as long as it is the same state; it need not be read until time.monotonic()
    is `until`.
    """

    last: State | None
    until: float

    @property
    def away(self) -> bool: ...

    def read(self) -> State | None: ...

    def close(self) -> None: ...


def watch(app: Flask) -> Watch:
    """The watch for the app's database. Connects at the first `read`, since no connection may cross gunicorn's fork."""
    url = make_url(app.config["SQLALCHEMY_DATABASE_URI"])
    if url.get_backend_name() == "sqlite":
        files = FileWatch(Path(url.database or ""))
        with app.app_context():
            event.listen(db.engine, "commit", files.ask_anew)
        return files

    def engine() -> Engine:
        with app.app_context():
            return db.engine

    return ServerWatch(engine)


class FileWatch:
    """SQLite: asked by the requests themselves, each in its turn, through a connection that only reads."""

    def __init__(self, path: Path) -> None:
        self.away = False
        self.last: State | None = None
        self.until = 0.0
        self._path = path
        self._asking = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._file = (0, 0)

    def read(self) -> State | None:
        now = time.monotonic()
        if (self.last is not None and now < self.until) or not self._asking.acquire(blocking=False):
            return self.last
        try:
            self.until = now + ASK_FILE_EVERY
            told = self._ask()
            self.last = self.last if self.last == told else told
            self.away = False
        except (sqlite3.Error, OSError):
            self._close()
            self.away = True
        finally:
            self._asking.release()
        return self.last

    def ask_anew(self, *_: object) -> None:
        """Soon: what this process commits now is there at the next `read`, or a tenth of a second later at most."""
        self.until = 0.0

    def close(self) -> None:
        """Close the connection; the next `read` would open another."""
        with self._asking:
            self._close()

    def _ask(self) -> State:
        about = self._path.stat()
        # A restored backup is another file under the same name; the open connection would read the old one for ever.
        if self._connection is None or self._file != (about.st_dev, about.st_ino):
            self._close()
            self._file = (about.st_dev, about.st_ino)
            # mode=rw: a missing file is an error, not a new database. timeout=0: a hit never waits.
            address = f"file:{quote(str(self._path))}?mode=rw"
            self._connection = sqlite3.connect(address, uri=True, timeout=0, isolation_level=None, check_same_thread=False)
            self._connection.execute("PRAGMA query_only = ON")
        row: State | None = self._connection.execute(QUESTION).fetchone()
        if row is None:
            raise sqlite3.DatabaseError("content_version has lost its row")
        return row

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class ServerWatch:
    """PostgreSQL: asked twice a second by a thread that the first `read` starts, so that nobody waits for the network."""

    def __init__(self, engine: Callable[[], Engine]) -> None:
        self.last: State | None = None
        self.until = 0.0
        self._engine = engine
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
        return self.last

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
                self._thread, self.until = thread, inf

    def _ask_again_and_again(self, engine: Engine) -> None:
        while not self._closed.is_set():
            try:
                with engine.connect() as connection:
                    version, leaves = connection.exec_driver_sql(QUESTION).one()
                told = (int(version), int(leaves))
                self.last = self.last if self.last == told else told
                self._told = time.monotonic()
            except SQLAlchemyError:
                pass  # what it told stands, until the server answers again
            self._closed.wait(ASK_SERVER_EVERY)
