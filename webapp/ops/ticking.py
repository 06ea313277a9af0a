"""Tick: whatever the clock makes due, for every campaign, each for itself. Run every minute, by the mail sender's loop or by cron."""

from collections.abc import Callable
from datetime import datetime, timedelta

from flask import current_app

from webapp import clock
from webapp.database import db
from webapp.draw import NotAllowed
from webapp.keys import KeyMissing, Unreadable
from webapp.mail import LetterUnderWay
from webapp.ops.ticked import Problem, Ticked, remember
from webapp.ops.tidying import DATA, tidy
from webapp.site import settings
from webapp.sweepstakes import Done, NotPossible, advance, unfinished

EVERY = timedelta(minutes=1)


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
    remember(ticked, settings().instance)
    return ticked


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
