"""Whether this process can serve readers, and what else needs somebody's attention."""

import os
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from webapp.config import Settings
from webapp.database import db
from webapp.mail import queue_state
from webapp.ops.installing import head, revision
from webapp.ops.ticked import last_tick

TICK_IS_STALE = timedelta(minutes=5)
MAIL_IS_LATE = timedelta(minutes=15)
DISK_IS_LOW = 200 * 1024 * 1024


@dataclass(frozen=True)
class Health:
    """`problems` keep readers from being served; `warnings` do not. Sentences without anything about a person."""

    problems: tuple[str, ...]
    warnings: tuple[str, ...]


def examine(settings: Settings, *, holds_front_page: bool, now: datetime) -> Health:
    """Look at database, schema, tick and disk. `holds_front_page`: this process could serve it from memory."""
    problems: list[str] = []
    warnings: list[str] = []
    found = None
    try:
        found = revision()
    except SQLAlchemyError:
        where = warnings if holds_front_page else problems
        where.append("The database does not answer. Pages come from memory, posts answer 503.")
    else:
        if found is None or found < head():
            problems.append(f"The database is at {found or 'nothing'}, this code needs {head()}. Run `flask init`.")
        elif found > head():
            warnings.append(f"The database is at {found}, newer than this code ({head()}). Restart with the new version.")
    if settings.maintenance:
        warnings.append("MAINTENANCE is on: forms answer 503. Unset it and restart.")
    ticked = last_tick(settings.instance)
    if ticked is None or now - ticked.at > TICK_IS_STALE:
        ago = "ever" if ticked is None else f"since {ticked.at:%Y-%m-%d %H:%M} UTC"
        warnings.append(f"No tick {ago}: nothing is sealed or drawn by itself. Run `flask mail send --loop`, or `flask tick` by timer.")
    elif ticked.problems:
        warnings.append(f"The last tick failed for: {', '.join(problem.campaign for problem in ticked.problems)}. See `flask tick`.")
    if found is not None and not problems:
        warnings += _mail(now)
    if not settings.instance.is_dir():
        where = warnings if holds_front_page else problems
        where.append(f"The instance folder {settings.instance} is not there. Set INSTANCE_PATH to where it is, or run `flask init`.")
    elif not os.access(settings.instance, os.W_OK | os.X_OK):
        warnings.append("INSTANCE_PATH cannot be written: with SQLite, forms answer 503. Mend its owner, or the file system.")
    elif (free := shutil.disk_usage(settings.instance).free) < DISK_IS_LOW:
        warnings.append(f"{free // 2**20} MiB of disk are left under INSTANCE_PATH. Make room: a full disk refuses entries.")
    return Health(tuple(problems), tuple(warnings))


def _mail(now: datetime) -> list[str]:
    queue = queue_state(db.session(), now=now)
    db.session.rollback()
    told = []
    if queue.oldest_due_seconds > MAIL_IS_LATE.total_seconds():
        told.append(f"Mail has waited for {queue.oldest_due_seconds / 60:.0f} minutes. Does `flask mail send --loop` run?")
    if queue.dead:
        told.append(f"{queue.dead} letters were given up. See `flask mail list --state dead`.")
    return told
