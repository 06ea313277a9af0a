"""Checks of the database itself."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from webapp.database import MovedTo, db
from webapp.ops.doctoring import Check, Finding, Patient, fault, warn
from webapp.ops.installing import database_file, head, revision

HUGE_WAL = 64 * 1024 * 1024
_TABLES = ("draw_leaf", "draw_node", "draw_checkpoint")
_ALWAYS = {"draw_log_no_delete", "draw_log_grows"}
TRIGGERS = {
    "sqlite": _ALWAYS | {f"{table}_no_{verb}" for table in _TABLES for verb in ("update", "delete")},
    "postgresql": _ALWAYS | {f"{table}_no_change" for table in _TABLES} | {f"{table}_no_truncate" for table in (*_TABLES, "draw_log")},
}
_FIND_TRIGGERS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'",
}


def schema(_patient: Patient) -> Iterator[Finding]:
    try:
        found = revision()
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        yield fault(f"The database does not answer ({str(cause).splitlines()[0]}).", "Start it, and look at DATABASE_URL.")
        return
    if found is None or found < head():
        yield fault(f"The database is at {found or 'nothing'}, this code needs {head()}.", "Run `flask init`; a backup first does no harm.")
    elif found > head():
        yield fault(f"The database is at {found}, newer than this code ({head()}).", "Update the code, and restart.")


def moved(_patient: Patient) -> Iterator[Finding]:
    destination = db.session.scalar(select(MovedTo.destination))
    if destination is not None:
        yield fault(
            f"The data has moved to {destination}; this copy takes no entries.", "Set DATABASE_URL to it, and restart web and mail."
        )


def triggers(_patient: Patient) -> Iterator[Finding]:
    kind = db.engine.dialect.name
    there = set(db.session.execute(text(_FIND_TRIGGERS[kind])).scalars())
    missing = sorted(TRIGGERS[kind] - there)
    if missing:
        mend = "Restore them: `flask backup FILE`, then `flask restore FILE` into an empty database makes all of them anew."
        yield fault(f"The public log can be changed: the triggers {', '.join(missing)} are missing.", mend)


def integrity(patient: Patient) -> Iterator[Finding]:
    file = database_file(patient.settings)
    if file is None or not file.exists():  # which the check of the schema tells
        return
    mend = "Stop the site, keep the file, and restore the newest backup: `flask restore FILE`."
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            stray = connection.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.OperationalError as error:  # it says nothing about what is in the file
        yield fault(f"The database cannot be looked at ({error}).", f"Run as the owner of {file}, and look at the disk.")
        return
    except sqlite3.DatabaseError as error:
        found, stray = str(error), None
    if found != "ok":
        yield fault(f"The database is damaged: {' '.join(str(found).split())[:200]}.", mend)
    if stray:
        yield fault(f"A row of {stray[0]} points to one of {stray[2]} that is not there.", mend)


def wal(patient: Patient) -> Iterator[Finding]:
    file = database_file(patient.settings)
    log = file.with_name(f"{file.name}-wal") if file else None
    if log and log.exists() and log.stat().st_size > HUGE_WAL:
        mend = "Something has been reading for very long: restart web and mail, or end the backup that hangs."
        yield warn(f"The write-ahead log has {log.stat().st_size // 2**20} MiB.", mend)


def durability(_patient: Patient) -> Iterator[Finding]:
    if db.engine.dialect.name == "sqlite":
        return
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        if db.session.execute(text(f"SHOW {name}")).scalar() == "off":
            yield fault(
                f"PostgreSQL's {name} is off: a power cut loses entries that were confirmed.", f"ALTER SYSTEM SET {name} = on; then reload."
            )


CHECKS = (
    Check("schema", "The database answers and fits this code.", schema),
    Check("moved", "This is the database in use.", moved, needs_schema=True),
    Check("triggers", "The public log cannot be changed.", triggers, needs_schema=True),
    Check("integrity", "The database is sound.", integrity),
    Check("wal", "The write-ahead log is small.", wal),
    Check("durability", "What is committed stays.", durability, needs_schema=True),
)
