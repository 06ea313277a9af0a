"""What the last tick did: remembered in the instance folder, for whoever watches."""

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from webapp.clock import from_stamp, stamp
from webapp.sweepstakes import Done


@dataclass(frozen=True)
class Problem:
    """Something due that could not be done, and why. Other campaigns went on, and the next tick tries again.

    `campaign`: or "personal data", as in `Done`.
    """

    campaign: str
    words: str


@dataclass(frozen=True, kw_only=True)
class Ticked:
    """A tick: when, what it did or found waiting, what failed."""

    at: datetime
    did: tuple[Done, ...]
    problems: tuple[Problem, ...]


def facts(ticked: Ticked) -> dict[str, object]:
    return {"at": stamp(ticked.at), "did": [asdict(done) for done in ticked.did], "problems": [asdict(one) for one in ticked.problems]}


def last_tick(instance: Path) -> Ticked | None:
    """The last tick of this installation; None if there was none, or what it left cannot be read."""
    try:
        left = json.loads(_file(instance).read_text(encoding="utf-8"))
        return Ticked(
            at=from_stamp(left["at"]),
            did=tuple(Done(**done) for done in left["did"]),
            problems=tuple(Problem(**one) for one in left["problems"]),
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _file(instance: Path) -> Path:
    return instance / "tick.json"


def remember(ticked: Ticked, instance: Path) -> None:
    """For `last_tick`."""
    file = _file(instance)
    part = file.with_name(f".{file.name}.{os.getpid()}")
    with suppress(OSError):  # a full disk shows in other places; what was due is done
        try:
            part.write_text(json.dumps(facts(ticked), indent=1, ensure_ascii=False), encoding="utf-8")
            part.chmod(0o600)
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
