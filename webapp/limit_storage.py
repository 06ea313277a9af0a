"""Where the counters are kept so that all workers share them: a SQLite file of its own. Elsewhere: limit_postgresql.py, limit_valkey.py.

Counters may be lost, so nothing waits for a disk; a request may not be, so none waits longer than `patience` for a storage that
shows no sign of life. A crowd in front is one: if it let everybody pass, a flood would switch the limits off.
All counters of a request are read and written in one statement.
"""

import fcntl
import os
import random
import secrets
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from webapp.limit_windows import Counter, Window, to_count

PATIENCE = 0.5  # seconds; only making a connection to PostgreSQL can take longer, as its library knows no less than two
CROWDED = 10  # times the patience, for who waits while one after the other in front is counted
PRUNE_EVERY = 50  # hits of a process
PRUNE_AT_MOST = 500  # rows: fifty hits make fewer, and nobody waits long for so many
Execute = Callable[[str, tuple[Any, ...]], Any]


class StorageAway(Exception):
    """The counters cannot be reached now: locked, full, stopped or broken."""


class Storage(Protocol):
    """Counts requests."""

    def hit(self, counters: Sequence[Counter], at: float) -> list[Window]:
        """How `counters` (no key twice) stood at `at` (Unix time), before the request was added to those of `to_count`.

        Raises StorageAway.
        """


class SqlCounters:
    """The statements both databases share. A row is a counter: hits in the window numbered `span`, and in the one before."""

    def __init__(self, table: str, mark: str, skip_locked: str = "") -> None:
        self._table, self._mark = table, mark
        self._prune = (
            f"DELETE FROM {table} WHERE key IN (SELECT key FROM {table} WHERE expires < {mark} LIMIT {PRUNE_AT_MOST}{skip_locked})"  # noqa: S608 - our own words
        )
        self._take_back = f"UPDATE {table} SET hits = hits - 1 WHERE key = {mark} AND span = {mark}"  # noqa: S608
        self._hits = count()

    def hit(self, execute: Execute, counters: Sequence[Counter], at: float) -> list[Window]:
        """Move the windows on, add the request, and prune now and then. No statement waits for a row while it holds a later one."""
        rows = {key: (span, hits - 1, previous) for key, span, hits, previous in self._count(execute, counters, at).fetchall()}
        windows = [_window(counter.seconds, *rows[counter.key], at) for counter in counters]
        for counter, chosen in zip(counters, to_count(counters, windows), strict=True):
            if not chosen:  # seldom: so it is counted first, and taken back where it should not have been
                execute(self._take_back, (counter.key, rows[counter.key][0]))
        if next(self._hits) % PRUNE_EVERY == 0:
            execute(self._prune, (int(at),))
        return windows

    def _count(self, execute: Execute, counters: Sequence[Counter], at: float) -> Any:
        # One order for all, or two requests could wait for each other's rows.
        values: list[str | int] = []
        for counter in sorted(counters):  # by key, which comes first
            span = int(at // counter.seconds)
            values += (counter.key, span, (span + 2) * counter.seconds)
        return execute(_count_statement(self._table, self._mark, len(counters)), tuple(values))


@lru_cache(maxsize=32)
def _count_statement(table: str, mark: str, counters: int) -> str:
    row = f"({mark}, {mark}, 1, 0, {mark})"
    # A window one ahead is another machine's clock, a little fast: keep it. Further ahead was a clock gone wrong: start anew.
    return f"""INSERT INTO {table} AS kept (key, span, hits, previous, expires) VALUES {", ".join([row] * counters)}
            ON CONFLICT (key) DO UPDATE SET
                previous = CASE kept.span - excluded.span
                    WHEN 0 THEN kept.previous WHEN 1 THEN kept.previous WHEN -1 THEN kept.hits ELSE 0 END,
                hits = CASE kept.span - excluded.span WHEN 0 THEN kept.hits WHEN 1 THEN kept.hits ELSE 0 END + 1,
                span = CASE kept.span - excluded.span WHEN 1 THEN kept.span ELSE excluded.span END,
                expires = CASE kept.span - excluded.span WHEN 1 THEN kept.expires ELSE excluded.expires END
            RETURNING key, span, hits, previous"""  # noqa: S608


def _window(seconds: int, span: int, current: int, previous: int, at: float) -> Window:
    left = min(max((span + 1) * seconds - at, 0.0), seconds)
    return Window(seconds, current=current, left=left, previous=previous, fading=left)


class SqliteStorage:
    """A file beside the main database, written without waiting for the disk. Connects at the first hit, so after the fork."""

    def __init__(self, path: Path, patience: float = PATIENCE) -> None:
        self._path, self._patience = path, patience
        self._sql = SqlCounters("counter", "?")
        self._turn = threading.Lock()
        self._counted = 0
        self._idle: list[sqlite3.Connection] = []
        weakref.finalize(self, _close, self._idle)

    def hit(self, counters: Sequence[Counter], at: float) -> list[Window]:
        patience, counted = _Patience(self._patience), self._counted
        while not self._turn.acquire(timeout=self._patience):
            if counted == self._counted or not patience.renew():
                raise StorageAway("too many of this process wait for their turn")
            counted = self._counted
        if counted != self._counted:
            patience.renew()
        try:
            windows = self._hit(counters, at, patience)
        except (sqlite3.Error, OSError) as error:
            fault = error
        else:
            return windows
        finally:
            self._turn.release()
        if isinstance(fault, sqlite3.Error) and _is_broken(fault):
            self._start_afresh()
        raise StorageAway(str(fault)) from fault

    def _hit(self, counters: Sequence[Counter], at: float, patience: "_Patience") -> list[Window]:
        """One write at a time; after a fault another connection takes the place of this one."""
        connection = self._idle.pop() if self._idle else self._connect()
        try:
            # Each statement is a transaction of its own: that saves two others.
            windows = self._sql.hit(partial(_insist, connection, patience), counters, at)
        except BaseException:
            connection.close()
            raise
        self._counted += 1
        self._idle.append(connection)
        return windows

    def _connect(self) -> sqlite3.Connection:
        if not self._path.exists():
            _make(self._path)
        connection = sqlite3.connect(self._path, timeout=self._patience, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA busy_timeout=0")  # from here on _insist waits
        return connection

    def _start_afresh(self) -> None:
        """A power cut can break a file that nobody synced; it holds nothing worth mending."""
        with self._path.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _close(self._idle)
            if not _works(self._path):  # else another worker was first
                for suffix in ("", "-wal", "-shm"):
                    Path(f"{self._path}{suffix}").unlink(missing_ok=True)


class _Patience:
    """Of one request: `seconds` without a sign that others get on, CROWDED times that in all."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._over = time.monotonic() + seconds
        self._ends = self._over + seconds * (CROWDED - 1)

    def is_over(self) -> bool:
        return time.monotonic() > self._over

    def renew(self) -> bool:
        """At a sign of life. Whether any patience is left."""
        now = time.monotonic()
        self._over = now + self._seconds
        return now < self._ends


def _insist(connection: sqlite3.Connection, patience: _Patience, statement: str, values: tuple[Any, ...]) -> sqlite3.Cursor:
    """Run a statement, asking often for the write lock: SQLite's own waiting asks ever more seldom, so it passes over who waits longest."""
    seen = None
    while True:
        try:
            return connection.execute(statement, values)
        except sqlite3.OperationalError as error:
            if not _is_busy(error):
                raise
            if seen is None:
                seen = _version(connection)
            elif patience.is_over():
                before, seen = seen, _version(connection)
                if before == seen or not patience.renew():
                    raise
        time.sleep(random.uniform(0.0005, 0.002))  # noqa: S311 - so that two workers do not ask in step


def _version(connection: sqlite3.Connection) -> int:
    """Changes with whatever somebody else commits; -1 if not even that can be asked."""
    try:
        (version,) = connection.execute("PRAGMA data_version").fetchone()
    except sqlite3.OperationalError:
        return -1
    return int(version)


def _is_busy(error: sqlite3.Error) -> bool:
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


def _is_broken(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", None) in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def _works(path: Path) -> bool:
    connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
    try:
        return bool(connection.execute("PRAGMA quick_check").fetchone() == ("ok",))
    except sqlite3.DatabaseError as error:
        return not _is_broken(error)
    finally:
        connection.close()


def _make(path: Path) -> None:
    """Put an empty database at `path` in one step: two workers that both switch a new file to WAL can refuse each other."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    connection = sqlite3.connect(part, isolation_level=None)
    try:
        connection.execute("PRAGMA page_size=1024")  # each counter is on a page of its own, and those are written
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(
            "CREATE TABLE counter (key TEXT PRIMARY KEY, span INTEGER NOT NULL, hits INTEGER NOT NULL, "
            "previous INTEGER NOT NULL, expires INTEGER NOT NULL) WITHOUT ROWID"
        )
        connection.execute("CREATE INDEX counter_expires ON counter (expires)")
    finally:
        connection.close()
    try:
        os.link(part, path)
    except FileExistsError:
        pass  # another worker's is as good
    finally:
        part.unlink()


def _close(connections: list[sqlite3.Connection]) -> None:
    while connections:
        connections.pop().close()
