"""Mail me my link: a letter to whoever is known, and the same answer to everybody."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.mail import owe
from webapp.sweepstakes.models import Entrant


def send_link(session: Session, email_key: bytes, *, now: datetime, delay: int) -> None:
    """Owe the letter with all links of this address, `delay` seconds from now, if it is anybody's; at most one an hour."""
    theirs = Entrant.email_key == email_key, Entrant.email.is_not(None), Entrant.made_up.is_(False)
    newest = select(Entrant.id).where(*theirs).order_by(Entrant.id.desc()).limit(1)
    entrant_id = session.execute(newest).scalar_one_or_none()
    if entrant_id is not None:
        owe(session, "your_link", entrant_id, dedupe_key=f"your_link/{entrant_id}/{now:%Y-%m-%dT%H}", now=now + timedelta(seconds=delay))
