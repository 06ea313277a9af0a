"""A backup: one file with the database, the pictures and a manifest, made while the site writes. Keys go into a file of their own.

The database in it is always SQLite, whatever the site runs on: SQLite copies itself (VACUUM INTO, which leaves out what was
deleted), and PostgreSQL is copied row by row from one snapshot. So each backup can be restored into either.
"""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, select
from sqlalchemy.exc import OperationalError

from webapp import console
from webapp.clock import stamp
from webapp.config import Settings
from webapp.database import MovedTo, db
from webapp.ops import archiving
from webapp.ops.copying import STAYS, LogFacts, beside, copy_rows, counts, logs
from webapp.ops.faults import Refused
from webapp.ops.installing import head, make_schema, revision

_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}


@dataclass(frozen=True, kw_only=True)
class BackedUp:
    """What is in the file."""

    file: Path
    size: int
    schema: str
    rows: int
    pictures: int
    logs: dict[str, LogFacts]


def back_up(file: Path, settings: Settings, *, now: datetime, quiet: bool) -> BackedUp:
    """Write everything but the keys to `file`. Raises Refused."""
    archiving.refuse_place(file)
    schema = _schema()
    with _scratch(file.parent) as folder, archiving.refused_if_full(file.parent), _refused_if_full(folder):
        snapshot = folder / archiving.DATABASE
        _snapshot(snapshot, schema, quiet=quiet)
        with beside(f"sqlite:///{snapshot}", folder), db.engine.connect() as connection:
            rows, found = row_counts(connection), logs(connection)
        # After the database: pictures are stored before the rows that name them.
        pictures = media_files(settings.media)
        facts = {
            "what": "site",
            "made_at": stamp(now),
            "site_url": settings.site_url,
            "schema": schema,
            "rows": rows,
            "logs": {name: asdict(log) for name, log in found.items()},
        }
        sources = {archiving.DATABASE: snapshot} | {f"media/{name}": path for name, path in pictures.items()}
        total = sum(path.stat().st_size for path in sources.values())
        with console.progress("Packing", total, quiet=quiet) as progress:
            archiving.write_archive(file, sources, facts, progress=progress)
    size = file.stat().st_size
    return BackedUp(file=file, size=size, schema=schema, rows=sum(rows.values()), pictures=len(pictures), logs=found)


def back_up_keys(file: Path, settings: Settings, *, now: datetime) -> list[str]:
    """Write the keys alone to `file`; returns their names. Raises Refused."""
    folder = settings.keys
    if folder.is_dir() and not os.access(folder, os.R_OK | os.X_OK):
        raise Refused(f"{folder} cannot be read by this user. Run as its owner.")
    sources = {f"keys/{path.relative_to(folder)}": path for path in sorted(folder.rglob("*")) if _is_kept(path, folder)}
    if not sources:
        raise Refused(f"There are no keys in {folder}. `flask init` makes them.")
    facts = {"what": "keys", "made_at": stamp(now), "site_url": settings.site_url}
    archiving.write_archive(file, sources, facts, progress=lambda _done: None)
    return [name.removeprefix("keys/") for name in sources]


def media_files(folder: Path) -> dict[str, Path]:
    """The pictures, by their names in `folder`."""
    return {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if _is_kept(path, folder)} if folder.is_dir() else {}


def _is_kept(path: Path, folder: Path) -> bool:
    """Not what is just being written, nor what leads elsewhere."""
    return path.is_file() and not path.is_symlink() and not any(part.startswith(".") for part in path.relative_to(folder).parts)


def _schema() -> str:
    found = revision()
    if found is None:
        raise Refused("The database has no tables yet: `flask init` makes them. There is nothing to back up.")
    moved = db.session.scalar(select(MovedTo.destination)) if found >= "0009" else None  # which made that table
    db.session.rollback()
    if moved is not None:
        raise Refused(f"The data has moved to {moved}: set DATABASE_URL to it, then back that up. This copy is no longer current.")
    return found


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """A closed folder on the disk of the backup, gone afterwards."""
    with archiving.refused_if_full(folder):
        made = Path(tempfile.mkdtemp(prefix=".backup-", dir=folder))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def _refused_if_full(folder: Path) -> Iterator[None]:
    """The same for what SQLite says of a full disk."""
    try:
        yield
    except (sqlite3.OperationalError, OperationalError) as error:
        cause = error.orig if isinstance(error, OperationalError) else error
        if not isinstance(cause, sqlite3.OperationalError) or cause.sqlite_errorcode & 0xFF not in _FULL:
            raise
        free = f"{shutil.disk_usage(folder).free // 2**20:,} MiB are free on its disk"
        raise Refused(f"There is no room for the backup ({cause}): {free}. Make room, or use another disk.") from error


def _snapshot(file: Path, schema: str, *, quiet: bool) -> None:
    """All rows as they are at one moment. Writers go on."""
    if db.engine.dialect.name == "sqlite":
        _vacuum_into(file, quiet=quiet)
        return
    if schema != head():
        raise Refused(f"The database is at {schema}, this code at {head()}: run `flask init` (or update the code) first.")
    with db.engine.connect().execution_options(isolation_level="REPEATABLE READ") as source:
        rows = sum(counts(source).values())
        with beside(f"sqlite:///{file}", file.parent):
            make_schema()
            bar = console.progress("Copying", rows, quiet=quiet)
            with db.engine.connect().execution_options(writes=True) as target, target.begin(), bar as progress:
                copy_rows(source, target, progress=progress)


def _vacuum_into(file: Path, *, quiet: bool) -> None:
    source = db.engine.raw_connection()
    driver = source.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - the dialect says so
    file.touch(0o600)
    try:
        pages, size = (driver.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
        with console.progress("Copying", pages * size, quiet=quiet) as progress:
            driver.set_progress_handler(lambda: progress(file.stat().st_size), 100_000)
            driver.execute("VACUUM INTO ?", (str(file),))
    finally:
        driver.set_progress_handler(None, 0)
        source.close()


def row_counts(connection: Connection) -> dict[str, int]:
    """By the names in the file itself: its schema may be older than our models."""
    names = connection.exec_driver_sql(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' "
        "AND name NOT LIKE 'news!_search%' ESCAPE '!' AND name <> 'alembic_version' ORDER BY name"
    )
    return {name: connection.exec_driver_sql(f'SELECT count(*) FROM "{name}"').scalar_one() for (name,) in names.all() if name not in STAYS}  # noqa: S608
