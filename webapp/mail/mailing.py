"""Mass mail: one row becomes outbox rows, some hundreds at a time, whenever no other letter is due."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.mail.models import Mailing
from webapp.mail.owing import AFTER_OTHERS, owe
from webapp.mail.registered import Recipients

AT_ONCE = 500


def anything_to_expand(session: Session) -> bool:
    """Whether `expand` would find a mailing; asks without writing."""
    return session.execute(select(Mailing.id).where(Mailing.done.is_(False)).limit(1)).first() is not None


def expand(session: Session, recipients: dict[str, Recipients], *, now: datetime) -> int:
    """Owe the oldest mailing's letter to its next recipients; returns how many were looked at. 0: there is no mailing to expand."""
    oldest = select(Mailing).where(Mailing.done.is_(False)).order_by(Mailing.id).limit(1)
    while (mailing := session.scalars(oldest.with_for_update().execution_options(populate_existing=True)).first()) is not None:
        refs = recipients[mailing.kind](session, mailing.ref, mailing.cursor, AT_ONCE)
        for ref in refs:
            owe(session, mailing.kind, ref, dedupe_key=f"{mailing.kind}/{ref}", now=now, priority=AFTER_OTHERS)
        mailing.cursor = refs[-1] if refs else mailing.cursor
        mailing.done = len(refs) < AT_ONCE
        session.flush()
        if refs:
            return len(refs)
    return 0
