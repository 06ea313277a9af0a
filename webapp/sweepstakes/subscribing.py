"""The newsletter: who gets it, on and off, each change on record."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import and_, exists, or_, select, update
from sqlalchemy.orm import Session

from webapp.keys import Keyring
from webapp.mail import LetterUnderWay, suppressed
from webapp.sweepstakes import entrants, subscriptions
from webapp.sweepstakes.consents import Consented, Words, record, standing
from webapp.sweepstakes.models import Campaign, Entrant, Subscriber

# Only who confirmed the address; not who was excluded, and nobody made up.
READS = and_(
    Entrant.newsletter.is_(True),
    Entrant.confirmed_at.is_not(None),
    Entrant.state.in_(("confirmed", "withdrawn")),
    Entrant.made_up.is_(False),
)


class Reader(NamedTuple):
    """Who gets the newsletter, and by which consent. `id` is an entrant's; of who asked for it `alone`, a subscriber's, who has no
    name and no campaign.
    """

    id: int
    alone: bool
    email: str
    name: str | None
    campaign: str | None
    consent: Consented


def subscribe(session: Session, entrant_id: int, words: Words, *, source: str, now: datetime) -> None:
    """Note that this person, whose address was confirmed, wants the newsletter by these words."""
    _set(session, entrant_id, words, given=True, source=source, now=now)


def unsubscribe(session: Session, entrant_id: int, words: Words, *, source: str, outbox: Path, now: datetime) -> bool:
    """End the newsletter for the person's address, however often and wherever it was wished for.

    True if that deleted somebody who had asked for it alone: after the commit the edge has it forgotten (compacting.py).
    """
    key = session.execute(select(Entrant.email_key).where(Entrant.id == entrant_id)).scalar_one_or_none()
    return _leave(session, key, words, source=source, outbox=outbox, now=now)


def unsubscribe_alone(session: Session, subscriber_id: int, words: Words, *, source: str, outbox: Path, now: datetime) -> bool:
    """As `unsubscribe`, for who asked for the newsletter alone."""
    key = session.execute(select(Subscriber.email_key).where(Subscriber.id == subscriber_id)).scalar_one_or_none()
    return _leave(session, key, words, source=source, outbox=outbox, now=now)


def _leave(session: Session, email_key: bytes | None, words: Words, *, source: str, outbox: Path, now: datetime) -> bool:
    if email_key is None:  # erased; so are many others, who are not this person
        return False
    alone = subscriber_ids(session, email_key)
    # It keeps nobody from leaving: the note of that letter then goes with its time.
    with suppress(LetterUnderWay):
        unsubscribe_address(session, email_key, words, source=source, outbox=outbox, now=now)
    return bool(alone)


def unsubscribe_address(session: Session, email_key: bytes, words: Words, *, source: str, outbox: Path, now: datetime) -> int:
    """As `unsubscribe`, by the blind index of the address; returns how many wishes ended. Raises LetterUnderWay."""
    theirs = session.execute(select(Entrant.id).where(Entrant.email_key == email_key)).scalars().all()
    ended = sum(_set(session, entrant_id, words, given=False, source=source, now=now) for entrant_id in theirs)
    alone = subscriber_ids(session, email_key)
    subscriptions.end(session, alone, outbox=outbox, now=now)
    return ended + len(alone)


def subscriber_ids(session: Session, email_key: bytes | None) -> list[int]:
    """Who asked for the newsletter alone with this address: one row at most; none for an address that was erased."""
    return list(session.execute(select(Subscriber.id).where(Subscriber.email_key == email_key)).scalars()) if email_key else []


def gets_it(session: Session, entrant_id: int) -> bool:
    """Whether the newsletter goes to this entrant's address, by whichever wish."""
    mine = select(Entrant.email_key).where(Entrant.id == entrant_id).scalar_subquery()
    by_entry = exists().where(READS, Entrant.email_key == mine)
    alone = exists().where(subscriptions.SUBSCRIBED, Subscriber.email_key == mine)
    return bool(session.execute(select(or_(by_entry, alone))).scalar_one())


def _set(session: Session, entrant_id: int, words: Words, *, given: bool, source: str, now: datetime) -> bool:
    """Change the wish and record the consent; False if it is so already."""
    changes = update(Entrant).where(Entrant.id == entrant_id, Entrant.newsletter.is_(not given), Entrant.state != "erased")
    changed = session.execute(changes.values(newsletter=given).returning(Entrant.id).execution_options(synchronize_session=False))
    if changed.first() is None:
        return False
    record(session, entrant_id, words, given=given, at=now, source=source)
    return True


def readers(session: Session, slug: str | None, *, keys: Keyring) -> Iterator[Reader]:
    """Who gets the newsletter: the entrants of one campaign, or all of them and who asked for it alone; each address once.

    An address with several wishes stands by its newest entry. Nobody whom the mail room suppresses, and nobody who cannot be
    shown to have asked for it.
    """
    agreed = standing(session, "newsletter")
    wanted = select(Entrant.id, Entrant.email_key).where(READS, ~suppressed(Entrant.email_key)).order_by(Entrant.id.desc())
    if slug is not None:
        wanted = wanted.join(Campaign, Entrant.campaign_id == Campaign.id).where(Campaign.slug == slug)
    seen: set[bytes | None] = set()
    for entrant_id, key in session.execute(wanted).all():
        if key in seen or entrant_id not in agreed:
            continue
        seen.add(key)
        person = entrants.by_id(session, entrant_id, keys=keys)
        yield Reader(entrant_id, False, person.email or "", person.name, person.contest.slug, agreed[entrant_id])
    if slug is None:
        yield from _alone(session, seen, keys)


def _alone(session: Session, seen: set[bytes | None], keys: Keyring) -> Iterator[Reader]:
    wanted = select(Subscriber.id, Subscriber.email_key).where(subscriptions.SUBSCRIBED, ~suppressed(Subscriber.email_key))
    for subscriber_id, key in session.execute(wanted.order_by(Subscriber.id.desc())).all():
        if key not in seen:
            reader = subscriptions.by_id(session, subscriber_id, keys=keys)
            assert reader.consent is not None  # noqa: S101 - who is confirmed has one
            yield Reader(subscriber_id, True, reader.email, None, None, reader.consent)
