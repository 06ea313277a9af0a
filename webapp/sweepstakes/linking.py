"""Mail me my link: a letter to whoever is known, and the same answer to everybody."""

from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from webapp.mail import owe
from webapp.sweepstakes.models import Entrant
from webapp.sweepstakes.subscriptions import owe_link


def send_link(session: Session, email_key: bytes, *, now: datetime, delay: int) -> None:
    """Owe the letter with all links of this address, and that of the newsletter alone, `delay` seconds from now, if it is anybody's;
    at most one of each an hour.
    """
    _write(session)
    theirs = Entrant.email_key == email_key, Entrant.email.is_not(None), Entrant.made_up.is_(False)
    newest = select(Entrant.id).where(*theirs).order_by(Entrant.id.desc()).limit(1)
    entrant_id = session.execute(newest).scalar_one_or_none()
    if entrant_id is not None:
        owe(session, "your_link", entrant_id, dedupe_key=f"your_link/{entrant_id}/{now:%Y-%m-%dT%H}", now=now + timedelta(seconds=delay))
    owe_link(session, email_key, now=now, delay=delay)


def _write(session: Session) -> None:
    """Write a row, anybody's, and leave it as it was: the wait for the disk must not tell whether there was a letter to owe."""
    anybody = session.execute(select(func.max(Entrant.id))).scalar_one()
    for step in (1, -1):
        there_and_back = update(Entrant).where(Entrant.id == anybody).values(token_counter=Entrant.token_counter + step)
        session.execute(there_and_back.execution_options(synchronize_session=False))
