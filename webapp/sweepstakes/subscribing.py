"""The newsletter: who gets it, on and off, each change on record."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import and_, select, update
from sqlalchemy.orm import Session

from webapp.keys import Keyring
from webapp.mail import suppressed
from webapp.sweepstakes.consents import Words, record
from webapp.sweepstakes.entrants import Person, by_id
from webapp.sweepstakes.models import Campaign, Entrant

# Only who confirmed the address; not who was excluded, and nobody made up.
READS = and_(
    Entrant.newsletter.is_(True),
    Entrant.confirmed_at.is_not(None),
    Entrant.state.in_(("confirmed", "withdrawn")),
    Entrant.made_up.is_(False),
)


def subscribe(session: Session, entrant_id: int, words: Words, *, source: str, now: datetime) -> None:
    """Note that this person, whose address was confirmed, wants the newsletter by these words."""
    _set(session, entrant_id, words, given=True, source=source, now=now)


def unsubscribe(session: Session, entrant_id: int, words: Words, *, source: str, now: datetime) -> None:
    """End the newsletter for the person's address, in whichever campaigns it was wished for."""
    key = session.execute(select(Entrant.email_key).where(Entrant.id == entrant_id)).scalar_one()
    if key is None:  # erased; so are many others, who are not this person
        return
    for theirs in session.execute(select(Entrant.id).where(Entrant.email_key == key)).scalars().all():
        _set(session, theirs, words, given=False, source=source, now=now)


def _set(session: Session, entrant_id: int, words: Words, *, given: bool, source: str, now: datetime) -> None:
    """Change the wish and record the consent; nothing if it is so already."""
    changes = update(Entrant).where(Entrant.id == entrant_id, Entrant.newsletter.is_(not given), Entrant.state != "erased")
    changed = session.execute(changes.values(newsletter=given).returning(Entrant.id).execution_options(synchronize_session=False))
    if changed.first() is not None:
        record(session, entrant_id, words, given=given, at=now, source=source)


def readers(session: Session, slug: str | None, *, keys: Keyring) -> Iterator[Person]:
    """Who gets the newsletter, of one campaign or of all; each address once, by its newest row. Nobody whom the mail room suppresses."""
    wanted = select(Entrant.id, Entrant.email_key).where(READS, ~suppressed(Entrant.email_key)).order_by(Entrant.id.desc())
    if slug is not None:
        wanted = wanted.join(Campaign, Entrant.campaign_id == Campaign.id).where(Campaign.slug == slug)
    seen: set[bytes | None] = set()
    for entrant_id, key in session.execute(wanted).all():
        if key not in seen:
            seen.add(key)
            yield by_id(session, entrant_id, keys=keys)
