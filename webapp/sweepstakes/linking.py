"""Mail me my link: a letter to whoever is known, and the same answer to everybody."""

from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from webapp.mail import owe
from webapp.sweepstakes.models import Entrant, Subscriber
from webapp.sweepstakes.subscriptions import owe_link


def send_link(session: Session, email_key: bytes, *, now: datetime, delay: int) -> None:
    """Owe the letter with all links of this address, and that of the newsletter alone, `delay` seconds from now, if it is anybody's;
    at most one of each an hour.
    """
    _write(session, now)
    theirs = Entrant.email_key == email_key, Entrant.email.is_not(None), Entrant.made_up.is_(False)
    newest = select(Entrant.id).where(*theirs).order_by(Entrant.id.desc()).limit(1)
    entrant_id = session.execute(newest).scalar_one_or_none()
    if entrant_id is not None:
        owe(session, "your_link", entrant_id, dedupe_key=f"your_link/{entrant_id}/{now:%Y-%m-%dT%H}", now=now + timedelta(seconds=delay))
    owe_link(session, email_key, now=now, delay=delay)


def _write(session: Session, now: datetime) -> None:
    """Write a row and leave nothing of it: the wait for the disk must not tell whether there was a letter to owe."""
    nobody = session.execute(insert(Subscriber).values(asked_at=now).returning(Subscriber.id)).scalar_one()
    session.execute(delete(Subscriber).where(Subscriber.id == nobody))
