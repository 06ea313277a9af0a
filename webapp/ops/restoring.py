"""Restoring a backup into an empty place, after everything in it was checked; and keys into a folder that has none.

Rows are copied into the database that DATABASE_URL names, SQLite or PostgreSQL, in one transaction: all of it is there, or nothing.
"""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from webapp import console, draw
from webapp.config import Settings
from webapp.database import db, writing
from webapp.keys import KeyMissing
from webapp.ops import archiving
from webapp.ops.archiving import Archive
from webapp.ops.backing_up import media_files, row_counts
from webapp.ops.copying import LogFacts, beside, compare, copy_rows, counts, refuse_unless_empty
from webapp.ops.faults import NotABackup, NotEmpty, Refused
from webapp.ops.installing import head, make_schema


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What came back. `behind`: logs that were published with more leaves than the backup has, as sentences."""

    made_at: str
    site_url: str
    schema: str
    rows: int
    pictures: int
    logs: dict[str, LogFacts]
    behind: list[str]


def restore_keys(archive: Archive, settings: Settings, *, folder: Path) -> list[str]:
    """Put the keys of `archive` into the keys' folder, by way of `folder`. Raises NotEmpty, NotABackup."""
    there = [path for path in settings.keys.rglob("*") if path.is_file()] if settings.keys.is_dir() else []
    if there:
        mend = f"If `flask init` has just made them and nothing is sealed with them yet: mv {settings.keys} {settings.keys}.unused"
        raise NotEmpty(f"There are keys in {settings.keys}. A key is never written over. {mend}")
    archive.unpack(folder, progress=lambda _done: None)
    for path in (folder / "keys").rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    (folder / "keys").chmod(0o700)
    if settings.keys.is_dir():
        shutil.rmtree(settings.keys)  # folders without a file
    (folder / "keys").rename(settings.keys)
    return sorted(str(path.relative_to(settings.keys)) for path in settings.keys.rglob("*") if path.is_file())


def restore_site(archive: Archive, settings: Settings, *, folder: Path, quiet: bool) -> Restored:
    """Put database and pictures of `archive` into their empty places, by way of `folder`. Raises Refused."""
    facts = archive.facts
    schema = facts.get("schema")
    if archiving.DATABASE not in archive.members or not isinstance(schema, str) or not isinstance(facts.get("rows"), dict):
        raise NotABackup("Its manifest lacks the database, its schema or its counts. Nothing was restored.")
    if schema > head():
        raise Refused(f"It was made by a newer version (schema {schema}, this code knows {head()}). Update the code, then restore it.")
    _refuse_unless_empty(settings)
    with console.progress("Unpacking", archive.size, quiet=quiet) as progress:
        archive.unpack(folder, progress=progress)
    source = _sound_database(folder / archiving.DATABASE, facts)
    _take_media(folder / "media", settings.media)
    try:
        with console.progress("Restoring", sum(source.rows.values()) + source.leaves, quiet=quiet) as progress:
            _take_rows(source, progress)
    except BaseException:
        for path in media_files(settings.media).values():
            path.unlink()
        raise
    return Restored(
        made_at=str(facts.get("made_at")),
        site_url=str(facts.get("site_url")),
        schema=schema,
        rows=sum(source.rows.values()),
        pictures=len(media_files(settings.media)),
        logs=source.logs,
        behind=_behind(settings, source.logs),
    )


@dataclass(frozen=True)
class _Source:
    """The database of the backup, checked and at head: where it is, and what must come out of it."""

    url: str
    folder: Path
    rows: dict[str, int]
    logs: dict[str, LogFacts]

    @property
    def leaves(self) -> int:
        return sum(log.size for log in self.logs.values())


def _refuse_unless_empty(settings: Settings) -> None:
    with db.engine.connect() as connection:
        refuse_unless_empty(connection, "The database of DATABASE_URL")
    if media_files(settings.media):
        raise NotEmpty(f"{settings.media} holds files. Nothing is ever written over: move them away, or set MEDIA_PATH to an empty folder.")


def _sound_database(file: Path, facts: dict[str, Any]) -> _Source:
    """Check the unpacked database against itself and the manifest, then bring it to head. Raises NotABackup, Differs."""
    _check_integrity(file)
    url = f"sqlite:///{file}"
    with beside(url, file.parent):
        with db.engine.connect() as connection:
            found = row_counts(connection)
        if found != facts["rows"]:
            names = sorted(name for name in found.keys() | facts["rows"].keys() if found.get(name) != facts["rows"].get(name))
            raise NotABackup(
                f"Its tables have other numbers of rows than its manifest says ({', '.join(names[:5])}). Nothing was restored."
            )
        make_schema()
        with db.engine.connect() as connection:
            expected = {name: LogFacts(**log) for name, log in _listed(facts).items()}
            return _Source(url, file.parent, counts(connection), expected)


def _listed(facts: dict[str, Any]) -> dict[str, dict[str, Any]]:
    listed = facts.get("logs")
    fields = {"size", "root", "checkpoint"}
    if not isinstance(listed, dict) or not all(isinstance(log, dict) and log.keys() == fields for log in listed.values()):
        raise NotABackup("Its manifest does not say how the public logs stand. Nothing was restored.")
    return listed


def _check_integrity(file: Path) -> None:
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            connection.execute("PRAGMA trusted_schema=OFF")
            (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            stray = connection.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.DatabaseError as error:
        raise NotABackup(f"The database in it cannot be read ({error}). Nothing was restored; try another backup.") from error
    if found != "ok":
        raise NotABackup(f"The database in it is damaged ({found}). Nothing was restored; try another backup.")
    if stray:
        raise NotABackup(f"The database in it is damaged: a row of {stray[0]} points nowhere. Nothing was restored; try another backup.")


def _take_rows(source: _Source, progress: archiving.Progress) -> None:
    make_schema()
    with writing() as session:
        target = session.connection()
        refuse_unless_empty(target, "The database of DATABASE_URL")
        with beside(source.url, source.folder):
            engine = db.engine
            with engine.connect() as rows:
                copy_rows(rows, target, progress=progress)
        copied = sum(source.rows.values())
        compare(target, source.rows, source.logs, progress=lambda done: progress(copied + done))


def _take_media(unpacked: Path, media: Path) -> None:
    media.mkdir(parents=True, exist_ok=True)
    for name, path in media_files(unpacked).items():
        (media / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, media / name)


def _behind(settings: Settings, found: dict[str, LogFacts]) -> list[str]:
    """The logs that the keys' folder remembers to be longer, or others."""
    sentences = []
    for name in found:
        log = draw.status(db.session(), name)
        try:
            if log is not None:
                draw.refuse_if_behind(db.session(), draw.LogKey.load(settings.keys / "logs", name, log.origin))
        except KeyMissing:
            continue
        except draw.LogBehind as error:
            sentences.append(str(error))
    db.session.rollback()
    return sentences


@contextmanager
def scratch(settings: Settings) -> Iterator[Path]:
    """A closed folder beside keys and database, gone afterwards."""
    settings.instance.mkdir(mode=0o711, parents=True, exist_ok=True)
    os.umask(0o077)
    made = Path(tempfile.mkdtemp(prefix=".restore-", dir=settings.instance))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def missing_keys(settings: Settings, logs: list[str]) -> list[str]:
    """The names of the keys that this data needs and the folder lacks."""
    needed = ["data", "index", *([] if settings.secret_key else ["secret"]), *(f"logs/{name}" for name in logs)]
    return [name for name in needed if not (settings.keys / name).is_file()]
