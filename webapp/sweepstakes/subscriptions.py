"""The newsletter without a draw: asked for with an address alone, on once the button behind the mailed link is pressed.

A row of its own and no entrant: there is no campaign, no rules and no entry in it. When it ends, nothing of the person stays.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import and_, select, update
from sqlalchemy.orm import Session

from webapp.database import insert_into
from webapp.keys import Keyring
from webapp.mail import forget, owe
from webapp.sweepstakes.addresses import Address
from webapp.sweepstakes.consents import Consented, Words, keep
from webapp.sweepstakes.letter_kinds import SUBSCRIBER_LETTERS
from webapp.sweepstakes.models import ConsentText, Subscriber
from webapp.sweepstakes.sealed import EMAIL_KEY, SUBSCRIBER_EMAIL

THERE = Subscriber.email_key.is_not(None)
SUBSCRIBED = and_(THERE, Subscriber.confirmed_at.is_not(None))
# How a consent of theirs came about, as `Consent.source` says it of entrants.
SOURCE = "newsletter_box"


class Subscription(NamedTuple):
    """Somebody who asked for the newsletter alone. `consent`: None until the address is confirmed."""

    id: int
    email: str
    asked_at: datetime
    consent: Consented | None


class NoSuchSubscription(Exception):
    """Nobody of this id; or it ended."""


def ask(session: Session, address: Address, *, keys: Keyring, now: datetime, delay: int) -> None:
    """Note the wish, and owe the letter behind which it is confirmed, `delay` seconds from now; at most one a day.

    Who is known and who is new cost the same: one row written, at most one letter.
    """
    row = {"email": keys.seal(SUBSCRIBER_EMAIL, address.email), "email_key": keys.blind(EMAIL_KEY, address.canonical), "asked_at": now}
    upsert = insert_into(session, Subscriber).values(row).on_conflict_do_update(index_elements=["email_key"], set_={"asked_at": now})
    subscriber_id = session.execute(upsert.returning(Subscriber.id)).scalar_one()
    key = f"subscription/{subscriber_id}/{now:%Y-%m-%d}"
    owe(session, "subscription", subscriber_id, dedupe_key=key, now=now, not_before=now + timedelta(seconds=delay))


def owe_link(session: Session, email_key: bytes, *, now: datetime, delay: int) -> None:
    """Owe the letter that says what we hold, if this address asked for the newsletter alone; at most one an hour."""
    subscriber_id = session.execute(select(Subscriber.id).where(Subscriber.email_key == email_key)).scalar_one_or_none()
    if subscriber_id is not None:
        key = f"your_subscription/{subscriber_id}/{now:%Y-%m-%dT%H}"
        owe(session, "your_subscription", subscriber_id, dedupe_key=key, now=now, not_before=now + timedelta(seconds=delay))


def confirm(session: Session, subscriber_id: int, words: Words, *, now: datetime) -> bool:
    """The address is theirs, and they want it by these words; False if that is so already, or has ended."""
    keep(session, words, at=now)
    text_id = select(ConsentText.id).where(ConsentText.sha256 == words.digest).scalar_subquery()
    waiting = update(Subscriber).where(Subscriber.id == subscriber_id, THERE, Subscriber.confirmed_at.is_(None))
    confirmed = waiting.values(confirmed_at=now, text_id=text_id).returning(Subscriber.id)
    return session.execute(confirmed.execution_options(synchronize_session=False)).first() is not None


def end(session: Session, ids: Collection[int], *, outbox: Path, now: datetime) -> None:
    """Empty these rows: nobody is left in them, and their links open nothing any more. Then forget the letters to them.

    `outbox`: the folder of .eml files. Raises the mail room's LetterUnderWay.
    """
    ended = update(Subscriber).where(Subscriber.id.in_(ids)).values(email=None, email_key=None)
    session.execute(ended.execution_options(synchronize_session=False))
    forget(session, SUBSCRIBER_LETTERS, ids, folder=outbox, now=now)


def by_id(session: Session, subscriber_id: int, *, keys: Keyring) -> Subscription:
    """Raises NoSuchSubscription."""
    row = session.execute(
        select(Subscriber.email, Subscriber.asked_at, Subscriber.confirmed_at, ConsentText.id.label("text_id"), ConsentText.text)
        .outerjoin(ConsentText, Subscriber.text_id == ConsentText.id)
        .where(Subscriber.id == subscriber_id)
    ).one_or_none()
    if row is None or row.email is None:
        raise NoSuchSubscription
    consent = None
    if row.confirmed_at is not None:
        consent = Consented(kind="newsletter", version=row.text_id, text=row.text, given=True, at=row.confirmed_at, source=SOURCE)
    return Subscription(subscriber_id, keys.unseal(SUBSCRIBER_EMAIL, row.email), row.asked_at, consent)
