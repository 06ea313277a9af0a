"""Who may write. On SQLite writers queue on a lock file; whoever needs the data to stand still for long holds all of them off.

A writer who is held off is told at once instead of waiting for minutes: a post is then answered with 503 and its filled form.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from webapp.prepared import Plain

# Any number, as long as all processes use this one: writers share it, whoever holds them off has it alone.
ADVISORY_LOCK = 7_212_025
MayWrite = tuple[bool, str | None]
_MAY_WRITE_SQLITE = "SELECT true, (SELECT destination FROM moved_to LIMIT 1)"
MAY_WRITE = _MAY_WRITE_SQLITE.replace("true", f"pg_try_advisory_xact_lock_shared({ADVISORY_LOCK})")


class NotWritable(OperationalError):
    """The data can be read and not be written. To whoever writes it is the same as a database that is away."""

    def __init__(self, sentence: str) -> None:
        super().__init__(None, None, Exception(sentence))
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence


class Held(NotWritable):
    """For as long as somebody copies the data."""

    def __init__(self) -> None:
        super().__init__("The data is being copied and cannot be changed until that is done. Please try again in some minutes.")


class Maintenance(NotWritable):
    """Until the admins are done: forms are held off, commands are not."""

    def __init__(self) -> None:
        super().__init__("MAINTENANCE is on: forms are not taken.")


class Moved(NotWritable):
    """For good."""

    def __init__(self, destination: str) -> None:
        super().__init__(
            f"The data of this site has moved to {destination}; this copy can only be read. Set DATABASE_URL to the new one and restart."
        )
        self.destination = destination


class Closed(NotWritable):
    """Until the file system, or who owns it, is mended."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"{error.filename} cannot be written: {error.strerror}. Make the instance folder writable for this user.")


@contextmanager
def queue(lock: Path) -> Iterator[None]:
    """Wait for our turn to write (SQLite). Raises Held, Closed."""
    try:
        descriptor = os.open(lock, os.O_WRONLY | os.O_CREAT, 0o600)  # a tenth of what a file object costs
    except OSError as error:
        raise Closed(error) from error
    try:
        if os.fstat(descriptor).st_size and _is_held(lock):
            raise Held
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def hold(lock: Path) -> Iterator[None]:
    """Hold all writers off (SQLite); those who queue already go first. Ends with the process, too. Raises Held if somebody else does it."""
    with open(_holder(lock), "a", opener=_own) as holder, open(lock, "a", opener=_own) as file:
        try:
            fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Held from error
        file.write("held\n")  # who comes from now on looks before queueing
        file.flush()
        try:
            for _ in range(3):
                fcntl.flock(file, fcntl.LOCK_EX)
                fcntl.flock(file, fcntl.LOCK_UN)
                time.sleep(0.05)  # for whoever looked before we wrote, and has waited since
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            file.truncate(0)


def _own(path: str, flags: int) -> int:
    """Whoever can open it can hold everybody up."""
    return os.open(path, flags, 0o600)


def _holder(lock: Path) -> Path:
    return lock.with_name("hold.lock")


def _is_held(lock: Path) -> bool:
    """Whether the holder still lives: a killed one leaves its words behind, not its lock."""
    try:
        with open(_holder(lock), "a", opener=_own) as holder:
            fcntl.flock(holder, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


@contextmanager
def hold_postgresql(connection: Connection) -> Iterator[None]:
    """Hold all writers off (PostgreSQL), after those who write now have ended. Ends with the connection, too. Raises Held."""
    waiting = connection.exec_driver_sql(
        f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = {ADVISORY_LOCK} AND mode = 'ExclusiveLock' "  # noqa: S608 - our number
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    if waiting.scalar():
        raise Held
    connection.exec_driver_sql(f"SELECT pg_advisory_lock({ADVISORY_LOCK})")
    try:
        yield
    finally:
        connection.exec_driver_sql(f"SELECT pg_advisory_unlock({ADVISORY_LOCK})")


def may_write(transaction: Plain) -> MayWrite:
    """Whether nobody holds writers off, and where the data has moved to. One statement, as PostgreSQL is a way off; plain, as all
    writers of SQLite queue behind it."""
    statement = _MAY_WRITE_SQLITE if transaction.dialect.name == "sqlite" else MAY_WRITE
    return cast(MayWrite, transaction.execute(statement).fetchone())


def refuse_unless_free(answer: MayWrite) -> None:
    """Raises Held, Moved."""
    free, destination = answer
    if not free:
        raise Held
    if destination is not None:
        raise Moved(destination)
