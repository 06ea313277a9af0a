"""Forget letters: when somebody's data is erased, nothing in the outbox may lead to them any more."""

from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from sqlalchemy import ColumnElement, Select, and_, delete, select
from sqlalchemy.orm import Session

from webapp.mail.models import Outbox


class LetterUnderWay(Exception):
    """One of the letters is being sent at this very moment; in a minute at most it is not."""

    def __init__(self) -> None:
        super().__init__("A letter to this person is being sent at this moment. Please try again in a minute.")


def forget(
    session: Session, kinds: Collection[str], refs: Collection[int], *, folder: Path, now: datetime, before: datetime | None = None
) -> int:
    """Remove the letters of `kinds` about the rows `refs`, and their .eml files in `folder`; returns how many there were.

    Sent or not; with `before` only those that are done with and were asked for until then.
    Raises LetterUnderWay: a sender that holds a letter would write it after we have forgotten it.
    """
    theirs = and_(Outbox.kind.in_(kinds), Outbox.ref.in_(refs))
    if before is not None:
        theirs = and_(theirs, _done_before(before))
    held = select(Outbox.id, Outbox.kind, Outbox.state, Outbox.lease_until).where(theirs).with_for_update()
    rows = session.execute(held).all()
    if any(row.state == "sending" and row.lease_until > now for row in rows):
        raise LetterUnderWay
    session.execute(delete(Outbox).where(theirs).execution_options(synchronize_session=False))
    # Before the commit: who dies between the two must not leave a file that no row names.
    for row in rows:
        (folder / letter_file(row.id, row.kind)).unlink(missing_ok=True)
    return len(rows)


def written_about(kinds: Collection[str], *, before: datetime) -> Select[int]:
    """The rows about which there are letters of `kinds` that are done with and were asked for until `before`."""
    return select(Outbox.ref).where(Outbox.kind.in_(kinds), _done_before(before))


def _done_before(moment: datetime) -> ColumnElement[bool]:
    return and_(Outbox.state.in_(("sent", "dead", "dropped")), Outbox.created_at <= moment)


def letter_file(letter_id: int, kind: str) -> str:
    """The name of the file that a letter becomes where no mail server is set."""
    return f"{letter_id:06d}-{kind}.eml"
