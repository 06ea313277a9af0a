"""Made-up people, entered in bulk: always the same ones, so that a repeat adds nobody twice."""

from sqlalchemy import func, select

from webapp import clock, console
from webapp.database import db, writing
from webapp.demo.filling import NotHere
from webapp.draw import LogKey, LogSealed, status
from webapp.site import keyring, settings
from webapp.sweepstakes import Campaign, Entrant, MadeUp, make_up_entrants, seal_people

FIRST = ("Ada", "Ben", "Chloe", "Dev", "Elif", "Femi", "Grace", "Hugo", "Ines", "Jonas", "Kira", "Liam", "Maya", "Noah", "Omar", "Pia")
LAST = ("Abbott", "Baker", "Costa", "Diaz", "Evans", "Fischer", "Gupta", "Hansen", "Ito", "Jones", "Khan", "Lopez", "Mora", "Novak")
AT_ONCE = 500  # in one transaction, so that nobody waits long
SEALED_AT_ONCE = 100_000  # some 60 MB


def enter(slug: str, wanted: int, *, quiet: bool = False) -> int:
    """See to it that the campaign has `wanted` made-up entrants; returns how many were entered now. Raises NotHere."""
    there = before = _count(slug)
    if there >= wanted:
        return 0
    log = status(db.session(), slug)
    if log is None or log.sealed is not None:
        raise NotHere(f"The campaign {slug} takes no more entries. For a fresh one use another INSTANCE_PATH.")
    key = LogKey.load(settings().keys / "logs", slug, log.origin)
    with console.progress("Made-up entrants", wanted, quiet=quiet) as done:
        done(there)
        # Of a shelf that was left half done it is not known who is in: all of it is gone through again.
        for first in range(there - there % SEALED_AT_ONCE, wanted, SEALED_AT_ONCE):
            people = seal_people(slug, map(made_up, range(first, min(first + SEALED_AT_ONCE, wanted))), keyring())
            for start in range(0, len(people), AT_ONCE):
                try:
                    with writing() as session:
                        there += make_up_entrants(session, slug, key, people[start : start + AT_ONCE], now=clock.now())
                except LogSealed as error:
                    raise NotHere(f"The campaign {slug} was sealed meanwhile: {there:,} made-up entrants are in.") from error
                done(there)
    return there - before


def made_up(number: int) -> MadeUp:
    """Person `number`; example.com takes no mail (RFC 2606)."""
    name = f"{FIRST[number % len(FIRST)]} {LAST[number // len(FIRST) % len(LAST)]}"
    return MadeUp(name=name, email=f"reader{number}@example.com")


def _count(slug: str) -> int:
    query = select(func.count()).select_from(Entrant).join(Campaign).where(Campaign.slug == slug, Entrant.made_up)
    return db.session.execute(query).scalar_one()
