"""The suppression list: mailboxes that get no mail, known by a blind index alone, so that the list names nobody.

A mailbox that does not exist, or whose owner calls our mail unwanted, gets nothing at all: whoever writes on loses the
good name that all other mail needs. `unsubscribed` keeps back marketing only.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Literal, get_args

from sqlalchemy import ColumnElement, CursorResult, delete, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from webapp.database import insert_into
from webapp.mail.models import Suppression
from webapp.mail.registered import MailboxKey

if TYPE_CHECKING:
    from webapp.mail.letters import Letter

Reason = Literal["bounce", "complaint", "unsubscribed"]
REASONS: tuple[Reason, ...] = get_args(Reason)
MARKETING_ONLY: Reason = "unsubscribed"


class NotAnAddress(Exception):
    """No mailbox can be known by this; its words say why."""


def suppress(session: Session, key: bytes, reason: Reason, *, now: datetime) -> bool:
    """Put a mailbox on the list; False if it is there for this reason already."""
    row = {"mailbox": key, "reason": reason, "at": now}
    statement = insert_into(session, Suppression).values(row).on_conflict_do_nothing(index_elements=["mailbox", "reason"])
    return session.execute(statement.returning(Suppression.reason)).first() is not None


def unsuppress(session: Session, key: bytes) -> bool:
    """Take a mailbox off the list; False if it was not there."""
    done = session.execute(delete(Suppression).where(Suppression.mailbox == key).execution_options(synchronize_session=False))
    assert isinstance(done, CursorResult)  # noqa: S101 - what a DELETE returns
    return done.rowcount > 0


def why_kept_back(session: Session, letter: "Letter", key_of: MailboxKey) -> Reason | None:
    """Why this letter must not go to its mailbox; None if it may."""
    try:
        key = key_of(letter.to)
    except NotAnAddress:
        return None  # then nobody could put it on the list; the server will say what it thinks of it
    found = set(session.scalars(select(Suppression.reason).where(Suppression.mailbox == key)))
    return next((reason for reason in REASONS if reason in found and (reason != MARKETING_ONLY or letter.marketing)), None)


def suppressed(key: InstrumentedAttribute[bytes | None]) -> ColumnElement[bool]:
    """For other rooms' queries: that the mailbox of the column `key` is on the list, for whatever reason."""
    return select(Suppression.mailbox).where(Suppression.mailbox == key).exists()


def count_suppressed(session: Session) -> dict[str, int]:
    """How many mailboxes are on the list for each reason."""
    found = dict(session.execute(select(Suppression.reason, func.count()).group_by(Suppression.reason)).all())
    return {reason: found.get(reason, 0) for reason in REASONS}
