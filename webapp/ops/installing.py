"""Make an installation ready: folders, keys, database at head. Safe to repeat and to run many times at once."""

import errno
import fcntl
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from flask import current_app
from sqlalchemy import inspect

from webapp.config import ROOT, Settings
from webapp.database import db
from webapp.keys import make_keys

MIGRATIONS = ROOT / "migrations"


@dataclass(frozen=True)
class Installed:
    """What `install` found or made: new keys by name, and the schema's revision before and after."""

    keys: list[str]
    before: str | None
    after: str


def install(settings: Settings) -> Installed:
    """Bring everything that a start needs into being, and set who may read it. Raises NoPlace."""
    os.umask(0o077)
    try:
        settings.instance.mkdir(parents=True, exist_ok=True)
        with (settings.instance / "init.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            settings.media.mkdir(parents=True, exist_ok=True)
            keys = make_keys(settings.keys)
            before, after = make_schema()
            close_to_others(settings)
    except OSError as error:
        raise NoPlace(error) from error
    return Installed(keys=keys, before=before, after=after)


class NoPlace(Exception):
    """The folders cannot be made, or written to."""

    def __init__(self, error: OSError) -> None:
        mend = "Set INSTANCE_PATH (and MEDIA_PATH) to folders that you may write, or make them writable for this user."
        if error.errno == errno.ENOSPC:
            mend = "Make room, or set INSTANCE_PATH (and MEDIA_PATH) to folders on another disk."
        super().__init__(f"{error.filename or 'The instance folder'} cannot be made or written: {error.strerror}. {mend}")


def modes(settings: Settings) -> dict[Path, int]:
    """What may be read by whom: everything by its owner alone, but pictures, which the web server in front may serve itself.

    For that it must be able to pass through the instance folder (0711), without seeing what else is there.
    """
    found = {settings.instance: 0o711, settings.keys: 0o700, settings.keys / "logs": 0o700, settings.instance / "outbox": 0o700}
    if settings.media.is_relative_to(settings.instance):
        found[settings.media] = 0o755
    secret = [path for path in settings.keys.rglob("*") if path.is_file()] if settings.keys.is_dir() else []
    # Whoever can open these could hold all writers up.
    secret += [settings.instance / "write.lock", settings.instance / "hold.lock"]
    database = database_file(settings)
    if database is not None:
        secret += [database, *(database.with_name(database.name + suffix) for suffix in ("-wal", "-shm"))]
    found |= dict.fromkeys(secret, 0o600)
    return {path: mode for path, mode in found.items() if path.exists()}


def close_to_others(settings: Settings) -> None:
    """Set the modes of what is there."""
    for path, mode in modes(settings).items():
        if stat.S_IMODE(path.stat().st_mode) != mode:
            path.chmod(mode)


def database_file(settings: Settings) -> Path | None:
    """SQLite's file."""
    scheme, _, path = settings.database_url.partition(":///")
    return Path(path) if scheme == "sqlite" else None


def make_schema() -> tuple[str | None, str]:
    """Bring the database to head; returns its revision before and after."""
    before = revision()
    if before != head():
        _migrate()
    after = revision()
    assert after is not None  # noqa: S101 - upgrade just wrote it
    return before, after


def _migrate() -> None:
    # Alembic is heavy: loaded only when there is something to do.
    from flask_migrate import Migrate, upgrade

    Migrate(current_app, db, directory=str(MIGRATIONS))
    upgrade(directory=str(MIGRATIONS))


def head() -> str:
    """The newest revision that this code knows: migrations are numbered, one after the other."""
    return max(path.name for path in (MIGRATIONS / "versions").glob("[0-9]*.py")).partition("_")[0]


def revision() -> str | None:
    """The schema's revision in the database; None before the first `flask init`."""
    with db.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").first()
        return None if row is None else str(row[0])
