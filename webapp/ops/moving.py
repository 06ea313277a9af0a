"""Moving a live paper into another database: from SQLite to PostgreSQL when one machine is not enough, or back.

Nobody writes meanwhile: pages are served, posts get 503 and their filled form. In the end the old database bears a mark that
workers still connected to it obey, so nothing is written there that would be lost.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, insert, make_url
from sqlalchemy.exc import ArgumentError

from webapp import console
from webapp.config import Settings, read_settings
from webapp.database import MovedTo, db, nobody_writes, writing
from webapp.ops.copying import LogFacts, beside, compare, copy_rows, counts, logs, refuse_unless_empty
from webapp.ops.faults import Refused
from webapp.ops.installing import head, make_schema, revision


@dataclass(frozen=True, kw_only=True)
class MovedData:
    """What is in the new database now. `destination`: its address, the password hidden."""

    destination: str
    rows: dict[str, int]
    logs: dict[str, LogFacts]


def destination_of(url: str, settings: Settings) -> str:
    """`url` as it may be shown. Raises Refused for what is no address of a database that we can use, and for our own."""
    read, faults = read_settings({"DATABASE_URL": url, "INSTANCE_PATH": str(settings.instance)})
    for fault in faults:
        raise Refused(f"{fault.problem[0].upper()}{fault.problem[1:]}. {fault.mend}")
    try:
        here, there = make_url(settings.database_url), make_url(read.database_url)
    except ArgumentError as error:
        raise Refused(
            "That is no address of a database. Write postgresql://user:password@host/name or sqlite:////absolute/path."
        ) from error
    if (here.host, here.port, here.database, here.query) == (there.host, there.port, there.database, there.query):
        raise Refused("That is the database which is in use already.")
    return there.render_as_string(hide_password=True)[:300]


def move(url: str, settings: Settings, *, now: datetime, quiet: bool) -> MovedData:
    """Copy all rows into the empty database at `url`, compare, commit there, and mark this one as moved. Raises Refused, Held, Moved."""
    destination = destination_of(url, settings)
    if revision() != head():
        raise Refused(f"This database is at {revision() or 'nothing'}, this code at {head()}: run `flask init` first.")
    with writing():
        pass  # raises Moved
    with beside(url, settings.instance):
        with db.engine.connect() as connection:
            refuse_unless_empty(connection, destination)
        make_schema()
    with nobody_writes(), db.engine.connect().execution_options(**_alone()) as source, source.begin():
        done = _copy(source, url, settings, destination, quiet=quiet)
        source.execute(insert(MovedTo).values(destination=destination, at=now))
    return done


def _alone() -> dict[str, Literal["REPEATABLE READ"] | bool]:
    """One view of all tables; on SQLite against writers, too, that do not queue (`flask init`)."""
    return {"writes": True} if db.engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}


def _copy(source: Connection, url: str, settings: Settings, destination: str, *, quiet: bool) -> MovedData:
    rows, found = counts(source), logs(source)
    copied, leaves = sum(rows.values()), sum(log.size for log in found.values())
    with (
        beside(url, settings.instance),
        db.engine.connect().execution_options(writes=True) as target,
        target.begin(),
        console.progress("Copying", copied + leaves, quiet=quiet) as progress,
    ):
        refuse_unless_empty(target, destination)
        copy_rows(source, target, progress=progress)
        compare(target, rows, found, progress=lambda done: progress(copied + done))
    return MovedData(destination=destination, rows=rows, logs=found)
