"""Writes the letters to who asked for the newsletter alone, when the mail room sends them: from the row as it is then, or not at all."""

from flask import Flask
from sqlalchemy.orm import Session

from webapp.mail import Letter, register_addressee, register_letter
from webapp.site import keyring, settings
from webapp.sweepstakes.entry_mail import often_enough
from webapp.sweepstakes.letter_kinds import SUBSCRIBER_LETTERS
from webapp.sweepstakes.letters import subscription_letter
from webapp.sweepstakes.newsletter_views import own_link
from webapp.sweepstakes.subscriptions import NoSuchSubscription, Subscription, by_id
from webapp.sweepstakes.wording import when


def register(app: Flask) -> None:
    """Register the letters."""
    register_letter(app, "subscription", _asked_for)
    register_letter(app, "your_subscription", _your_link)
    register_addressee(app, SUBSCRIBER_LETTERS, _address)


def _asked_for(session: Session, subscriber_id: int) -> Letter | None:
    asked = _find(session, subscriber_id)
    return None if asked is None or often_enough(session, "subscription", subscriber_id) else _letter(asked)


def _your_link(session: Session, subscriber_id: int) -> Letter | None:
    asked = _find(session, subscriber_id)
    # Who never confirmed it has perhaps never been here.
    if asked is None or (asked.consent is None and often_enough(session, "your_subscription", subscriber_id)):
        return None
    return _letter(asked)


def _letter(asked: Subscription) -> Letter:
    since = None if asked.consent is None else when(asked.consent.at, settings().timezone.key)
    return subscription_letter(asked.email, own_link(asked.id), since=since, site_name=settings().site_name)


def _find(session: Session, subscriber_id: int) -> Subscription | None:
    try:
        return by_id(session, subscriber_id, keys=keyring())
    except NoSuchSubscription:
        return None


def _address(session: Session, subscriber_id: int) -> str | None:
    asked = _find(session, subscriber_id)
    return None if asked is None else asked.email
