"""Tick: whatever the clock makes due, for every campaign, each for itself. Run every minute, by the mail sender's loop or by cron."""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from flask import current_app

from webapp import clock
from webapp.clock import from_stamp, stamp
from webapp.database import db
from webapp.draw import NotAllowed
from webapp.keys import KeyMissing, Unreadable
from webapp.mail import LetterUnderWay
from webapp.ops.tidying import DATA, tidy
from webapp.site import settings
from webapp.sweepstakes import Done, NotPossible, advance, unfinished

EVERY = timedelta(minutes=1)


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


def tick(*, now: datetime, quiet: bool = True) -> Ticked:
    """Do for every campaign what is due, then for the data of all, and remember that this was done."""
    did: list[Done] = []
    problems = []
    due = [(slug, advance(slug, now=now, quiet=quiet)) for slug in unfinished(db.session())]
    for name, steps in (*due, (DATA, tidy(now=now))):
        try:
            for done in steps:
                did.append(done)  # one by one: what was done before a fault stays told
        except (NotPossible, NotAllowed, KeyMissing, Unreadable, LetterUnderWay) as error:
            problems.append(Problem(name, str(error)))
        except Exception as error:  # one campaign's fault must not stop the others; its words may name somebody
            problems.append(Problem(name, f"It failed: {type(error).__name__}."))
        finally:
            db.session.rollback()
    ticked = Ticked(at=now, did=tuple(did), problems=tuple(problems))
    _remember(ticked, _file(settings().instance))
    return ticked


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


def _remember(ticked: Ticked, file: Path) -> None:
    part = file.with_name(f".{file.name}.{os.getpid()}")
    with suppress(OSError):  # a full disk shows in other places; what was due is done
        part.write_text(json.dumps(facts(ticked), indent=1, ensure_ascii=False), encoding="utf-8")
        part.chmod(0o600)
        part.replace(file)


def every_minute() -> Callable[[], None]:
    """For a loop that calls often: ticks once a minute, and logs what it did, and problems when they change."""
    last: datetime | None = None
    known: tuple[Problem, ...] = ()

    def tick_if_due() -> None:
        nonlocal last, known
        now = clock.now()
        if last is not None and timedelta() <= now - last < EVERY:
            return
        last = now
        ticked = tick(now=now)
        for done in ticked.did:
            if done.what in {"sealed", "drawn", "reminded", "purged", "compacted"}:
                current_app.logger.warning("%s: %s", done.campaign, done.words)
        for problem in ticked.problems:
            if problem not in known:
                current_app.logger.error("%s: %s", problem.campaign, problem.words)
        known = ticked.problems

    return tick_if_due
