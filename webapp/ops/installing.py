"""Make an installation ready: folders, keys, database at head. Safe to repeat and to run many times at once."""

import fcntl
import os
from dataclasses import dataclass

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
    """Bring everything that a start needs into being; nothing that exists is touched but the schema."""
    os.umask(0o077)
    settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (settings.instance / "init.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        settings.media.mkdir(mode=0o755, parents=True, exist_ok=True)
        keys = make_keys(settings.keys)
        before, after = make_schema()
    return Installed(keys=keys, before=before, after=after)


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
