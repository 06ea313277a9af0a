"""Copying all rows from one database of ours to another, of either kind, and comparing the two.

Both are at the same revision. Rows go table by table in the order of their foreign keys, so the target's own constraints and
triggers hold for every one of them; full-text tables are made anew. Counters of limits are not data and stay behind.
"""

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from sqlalchemy import Connection, Table, func, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from webapp import draw, news
from webapp.database import Base, db
from webapp.ops.faults import Differs, NotEmpty, Refused

BATCH = 2000
# What is about one database and does not go with the data: the mark of a move, the version that page caches go by.
STAYS = {"moved_to", "content_version"}
Progress = Callable[[int], None]


@dataclass(frozen=True)
class LogFacts:
    """How a log stands: its `size`, its `root` in hex and the signed note that says so."""

    size: int
    root: str
    checkpoint: str


@contextmanager
def beside(url: str, folder: Path) -> Iterator[Flask]:
    """The app once more, on the database `url`; its context is pushed. `folder`: its instance folder, for locks."""
    from webapp import create_app

    app = create_app({"DATABASE_URL": url, "INSTANCE_PATH": str(folder)})
    with app.app_context():
        try:
            yield app
        finally:
            db.session.remove()
            db.engine.dispose()


def tables() -> list[Table]:
    """What is copied, in the order of its foreign keys."""
    return [table for table in Base.metadata.sorted_tables if table.name not in STAYS]


def counts(connection: Connection) -> dict[str, int]:
    """The number of rows of each table."""
    return {table.name: connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables()}


def refuse_unless_empty(connection: Connection, where: str) -> None:
    """Raises NotEmpty if there is a row, or a table of somebody else's. A database fresh from `flask init` is empty."""
    ours = {table.name for table in Base.metadata.sorted_tables}
    there = set(inspect(connection).get_table_names())
    foreign = {name for name in there - ours if name != "alembic_version" and not name.startswith("news_search")}
    if foreign:
        raise NotEmpty(f"{where} holds tables of something else ({', '.join(sorted(foreign)[:3])}). Name a database of its own.")
    for table in [*tables(), Base.metadata.tables["moved_to"]]:
        if table.name in there and connection.execute(select(func.count()).select_from(table)).scalar():
            raise NotEmpty(f"{where} is not empty: {table.name} has rows. Nothing is ever written over; name an empty database.")


def logs(connection: Connection) -> dict[str, LogFacts]:
    """All logs by their names."""
    table = Base.metadata.tables["draw_log"]
    rows = connection.execute(select(table.c.name, table.c.size, table.c.checkpoint).order_by(table.c.id))
    return {name: LogFacts(size, base64.b64decode(checkpoint.split("\n")[2]).hex(), checkpoint) for name, size, checkpoint in rows}


def copy_rows(source: Connection, target: Connection, *, progress: Progress) -> None:
    """Copy everything into the empty `target`, inside its open transaction. `progress` hears how many rows are done. Raises Refused."""
    done = 0
    for table in tables():
        rows = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=BATCH)
        for part in source.execute(rows).mappings().partitions():
            try:
                target.execute(insert(table), [dict(row) for row in part])
            except DBAPIError as error:
                raise Refused(f"A row of {table.name} does not fit into the target ({error.orig}). Nothing was copied.") from error
            done += len(part)
            progress(done)
    _set_sequences(target)
    session = Session(bind=target)
    news.reindex(session)
    session.flush()


def _set_sequences(target: Connection) -> None:
    """PostgreSQL counts ids apart from the rows that have them. SQLite does not."""
    if target.dialect.name == "sqlite":
        return
    for table in tables():
        column = table.autoincrement_column
        if column is None:
            continue
        sequence = target.execute(text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": table.name, "column": column.name})
        name, last = sequence.scalar(), target.execute(select(func.max(column))).scalar()
        if name is not None and last is not None:
            target.execute(text("SELECT setval(CAST(:name AS regclass), :last)"), {"name": name, "last": last})


def compare(target: Connection, expected: dict[str, int], expected_logs: dict[str, LogFacts], *, progress: Progress) -> None:
    """Count the rows of `target`, and recompute each of its logs down to the tickets of its draw. Raises Differs."""
    found = counts(target)
    for name, number in expected.items():
        if found.get(name, 0) != number:
            raise Differs(f"The table {name} should have {number:,} rows and has {found.get(name, 0):,}.")
    verify_logs(target, expected_logs, progress=progress)


def verify_logs(connection: Connection, expected: dict[str, LogFacts], *, progress: Progress) -> None:
    """Recompute each log from its leaves: tree, checkpoints, seal and ranking. Raises Differs."""
    if logs(connection) != expected:
        raise Differs("The public logs are not those that were written down.")
    session, before = Session(bind=connection), 0
    for name, log in expected.items():
        try:
            found = draw.verify(session, name, progress=lambda done, before=before: progress(before + done))  # type: ignore[misc]
        except draw.Invalid as error:
            raise Differs(f"The public log {name} is not sound: {error}") from error
        if (found.size, found.root.hex()) != (log.size, log.root):
            raise Differs(f"The public log {name} has another root than was written down.")
        before += log.size
