"""The database: one Base for all models, connections set up for durability, and the one way to write."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from flask import Flask, current_app, has_request_context
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, Connection, DateTime, Dialect, Engine, Integer, MetaData, String, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.types import TypeDecorator

from webapp import write_lock
from webapp.prepared import Ahead, Plain, Writer, faults_of, insert_on, plain
from webapp.site import settings

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# Seconds that a write waits for a SQLite database that somebody else has locked, its time in the queue of writers included.
PATIENCE = 5.0

# SQLite counts rows of an INTEGER key only; PostgreSQL wants the width said.
BigInt = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """What every model subclasses.

    A partial index says `sqlite_where` alone, its migration says `postgresql_where`, too: to name that dialect in a model is to
    import all its drivers into each worker. A test holds both databases against the models.
    """

    metadata = MetaData(naming_convention=NAMES)


class Moment(TypeDecorator[datetime]):
    """A zone-aware UTC time on both databases (SQLite keeps no zone). Refuses naive times."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any] | None:
        if dialect.name != "sqlite":
            return super().bind_processor(dialect)

        @lru_cache(maxsize=16)  # a request has one `now`, and writes it into several columns
        def text(value: datetime | None) -> str | None:
            """As SQLAlchemy writes times, in a fifth of the time."""
            plain = self.process_bind_param(value, dialect)
            return None if plain is None else plain.isoformat(" ", "microseconds")

        return text

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class MovedTo(Base):
    """A mark that the data lives in another database from now on: with a row here, nothing is written any more."""

    __tablename__ = "moved_to"

    destination: Mapped[str] = mapped_column(String(300), primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment)


db = SQLAlchemy(metadata=Base.metadata)


def init_app(app: Flask, url: str, instance: Path) -> None:
    """Set the database up; connects nowhere (a connection must not cross gunicorn's fork)."""
    sqlite = url.startswith("sqlite:")
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        "hide_parameters": True,  # an error's words must not hold a person's data
        # A thread each, and those that watch and count: beyond it connections are made for one use and thrown away.
        "pool_size": app.extensions["settings"].threads + 4,
        **({"connect_args": {"isolation_level": None}} if sqlite else {"pool_pre_ping": True}),
    }
    app.extensions["write_lock"] = instance / "write.lock" if sqlite else None
    db.init_app(app)
    with app.app_context():
        if sqlite:
            _listen(db.engine)
        else:
            from webapp.server_timeouts import set_timeouts  # psycopg: for those who have such a server

            set_timeouts(db.engine)


def _listen(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _record: object) -> None:
        # secure_delete: an erased person's bytes must not stay in free pages.
        # recursive_triggers: INSERT OR REPLACE would slip past the append-only triggers.
        for pragma in (
            f"busy_timeout={PATIENCE * 1000:.0f}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "trusted_schema=OFF",
            "secure_delete=ON",
            "recursive_triggers=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads first and writes later gets SQLITE_BUSY whatever the timeout.
        options = connection.get_execution_options()
        if not options.get("writes", False):
            connection.exec_driver_sql("BEGIN")
        else:
            begin_to_write(connection.exec_driver_sql, options.get("waited", 0.0))


def begin_to_write(execute: Callable[[str], object], waited: float) -> None:
    """SQLite: with the patience that is left after `waited` seconds in the queue, or those in it would wait one after the other."""
    if waited < PATIENCE / 10:
        execute("BEGIN IMMEDIATE")
        return
    execute(f"PRAGMA busy_timeout={max(PATIENCE - waited, 0) * 1000:.0f}")
    try:
        execute("BEGIN IMMEDIATE")
    finally:
        execute(f"PRAGMA busy_timeout={PATIENCE * 1000:.0f}")


@contextmanager
def writing() -> Iterator[Session]:
    """One write transaction, committed at the end or rolled back whole; then, outside of it, what `after_commit` was asked.

    On SQLite writers queue on a lock file first: its own waiting is unfair (seconds at the 99th percentile).
    Prepare before it, keep it short, and never nest it. Raises Held, Moved and, in a request, Maintenance (write_lock.py).
    """
    refuse_in_maintenance()
    session = db.session()
    # A read transaction of this request would keep the write from beginning, and its connection, held while
    # queueing, could be the last one of the pool, which the writer in front needs.
    session.rollback()
    session.info.pop("after_commit", None)
    lock = current_app.extensions["write_lock"]
    began = time.monotonic()
    with write_lock.queue(lock) if lock else nullcontext():
        try:
            session.connection(execution_options={"writes": True, "waited": time.monotonic() - began})
            write_lock.refuse_unless_free(write_lock.may_write(plain(session)))
            yield session
            session.commit()
        except BaseException:
            session.rollback()
            raise
    for act in session.info.pop("after_commit", ()):
        act()


def after_commit(session: Writer, act: Callable[[], object]) -> None:
    """Have `act` called when the transaction is committed and others may write again; never if it is rolled back."""
    session.info.setdefault("after_commit", []).append(act)


def refuse_in_maintenance() -> None:
    """Raises Maintenance in a request, while it is on."""
    if has_request_context() and settings().maintenance:
        raise write_lock.Maintenance


def begin(transaction: Plain, waited: float, ahead: Ahead | None = None) -> write_lock.MayWrite:
    """Begin a write transaction on the driver's own connection; what `write_lock.refuse_unless_free` is to judge."""
    if transaction.dialect.name == "sqlite":
        begin_to_write(transaction.execute, waited)
        return write_lock.may_write(transaction)
    with faults_of(transaction.dialect):
        # All on one way there and back, which prepared statements cannot go.
        statements = "BEGIN", write_lock.MAY_WRITE, *((ahead(transaction.dialect),) if ahead else ())
        cursor = transaction.driver.execute("; ".join(statements), prepare=False)
        cursor.nextset()
        answer = cursor.fetchone()
        if ahead:
            cursor.nextset()
            transaction.info[ahead] = cursor.fetchone()
        return cast(write_lock.MayWrite, answer)


@contextmanager
def nobody_writes() -> Iterator[None]:
    """Hold all writers off for long. Raises Held if somebody does so already."""
    lock = current_app.extensions["write_lock"]
    if lock:
        with write_lock.hold(lock):
            yield
        return
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection, write_lock.hold_postgresql(connection):
        yield


def is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def insert_into(session: Session, model: type[Base]) -> "sqlite.Insert | postgresql.Insert":
    """An INSERT that knows ON CONFLICT, for the session's database."""
    return insert_on(session.get_bind().dialect.name, model)


def forget_deleted(*, compact: bool = False) -> None:
    """After an erasure has been committed: leave no copy of the deleted bytes behind.

    SQLite: empties the write-ahead log, which still holds the old pages. `compact`: rewrites the whole file, too, because
    pages that were once split keep copies of a row in their unused space, which secure_delete does not see (measured: five
    values in a thousand). PostgreSQL: `compact` frees the dead rows at once instead of at the next autovacuum.
    """
    db.session.rollback()
    lock = current_app.extensions["write_lock"]
    if lock is None:
        if compact:
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM")
        return
    raw = db.engine.raw_connection()
    try:
        if compact:
            with write_lock.queue(lock):
                raw.cursor().execute("VACUUM")
        raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        raw.close()
