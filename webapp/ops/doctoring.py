"""What is wrong with this installation, and the mend for each. Looks only; changes nothing.

A check is a small function in a table; it yields what it finds. The tables are in checks_*.py, by what they look at.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from sqlalchemy.exc import SQLAlchemyError

from webapp.config import Fault, Settings
from webapp.database import db
from webapp.draw import NotAllowed

Level = Literal["ok", "warn", "FAULT", "skip"]
Lookup = Callable[[str, str], list[str] | None]


@dataclass(frozen=True)
class Finding:
    """Something wrong. FAULT: readers, entrants or proofs suffer now or soon; warn: they may. `mend`: what to do, as a sentence."""

    level: Literal["warn", "FAULT"]
    what: str
    mend: str


def fault(what: str, mend: str) -> Finding:
    return Finding("FAULT", what, mend)


def warn(what: str, mend: str) -> Finding:
    return Finding("warn", what, mend)


@dataclass(frozen=True, kw_only=True)
class Patient:
    """What is looked at. `free`: bytes left where a path is; `mounts`: /proc/mounts; `lookup`: DNS records, None if DNS does not answer."""

    settings: Settings
    faults: tuple[Fault, ...]
    now: datetime
    free: Callable[[Path], int]
    mounts: str
    lookup: Lookup
    python: tuple[int, int] = field(default_factory=lambda: sys.version_info[:2])


@dataclass(frozen=True)
class Check:
    """`good`: what to say when nothing is found. `needs_schema`: it reads tables of the newest schema."""

    name: str
    good: str
    look: Callable[[Patient], Iterable[Finding]]
    needs_schema: bool = False


@dataclass(frozen=True)
class Said:
    """A line of the answer."""

    check: str
    level: Level
    what: str
    mend: str


def examine(patient: Patient, checks: Sequence[Check], *, schema_is_there: bool) -> list[Said]:
    """Do all checks, whatever goes wrong in one of them."""
    said: list[Said] = []
    for check in checks:
        if check.needs_schema and not schema_is_there:
            said.append(Said(check.name, "skip", "not looked at: the database is away, or not at this version.", ""))
            continue
        try:
            found = list(check.look(patient))
        except (SQLAlchemyError, OSError, ValueError, NotAllowed) as error:
            cause = getattr(error, "orig", None) or error
            found = [fault(f"it cannot be looked at ({type(cause).__name__}: {cause}).", "Mend the faults above first, then ask again.")]
        finally:
            db.session.rollback()
        said += [Said(check.name, one.level, one.what, one.mend) for one in found] or [Said(check.name, "ok", check.good, "")]
    return said
