"""Take note of a report: who has no mailbox, or calls our mail unwanted, gets no more; a letter that failed is listed with its reason.

Only a report that comes by a letter's own signed return path is believed; any other could be anybody's.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from flask import current_app
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from webapp.database import db, writing
from webapp.mail.models import Outbox
from webapp.mail.registered import addressee, mailbox_key
from webapp.mail.reports import LARGEST, Report, read_report
from webapp.mail.returning import letter_of
from webapp.mail.suppressing import NotAnAddress, Reason, suppress

Done = Literal["suppressed", "given up", "noted", "not ours", "no report"]
_MESSAGE_ID = re.compile(r"<([0-9a-f]{32})@")
# A copy of our letter names its own id first; a stranger's mail may name as many as it likes.
_IDS = 5


@dataclass(frozen=True, kw_only=True)
class Noted:
    """What a mail was taken for. `letter`, `kind`: which letter it is about, if it is one of ours.

    `done`: its mailbox was suppressed; the letter was given up; nothing but noted; not believed, as it did not come by the
    letter's return path; or the mail is no report at all.
    """

    done: Done
    letter: int | None = None
    kind: str | None = None
    report: str = ""


def note(content: bytes, *, secret: bytes, now: datetime) -> Noted:
    """Read a mail and do what it asks for. Repeating it changes nothing."""
    text = content[:LARGEST].decode("latin-1")
    report = read_report(content)
    if report is None:
        return Noted(done="no report")
    session = db.session()
    try:
        signed = letter_of([text], secret)
        found = _letter(session, signed) if signed is not None else _by_message_id(session, text)
        if found is None:
            return Noted(done="not ours", letter=signed, report=str(report))
        if signed is None:
            return Noted(done="not ours", letter=found[0], kind=found[1], report=str(report))
        key = _mailbox(session, *found[1:]) if _silences(report) else None
    finally:
        db.session.rollback()
    return Noted(done=_take(found[0], report, key, now=now), letter=found[0], kind=found[1], report=str(report))


def _silences(report: Report) -> Reason | None:
    return "complaint" if report.action == "complaint" else "bounce" if report.no_mailbox else None


def _take(letter_id: int, report: Report, key: bytes | None, *, now: datetime) -> Done:
    reason = _silences(report)
    with writing() as session:
        if key is not None and reason is not None:
            suppress(session, key, reason, now=now)
        if report.action == "failed":
            _give_up(session, letter_id, f"It came back: {report}")
    return "suppressed" if key is not None else "given up" if report.action == "failed" else "noted"


def _give_up(session: Session, letter_id: int, reason: str) -> None:
    """Not what is being sent anew at this moment: that will have its own report."""
    changed = update(Outbox).where(Outbox.id == letter_id, Outbox.state.in_(("new", "sent")))
    session.execute(changed.values(state="dead", reason=reason).execution_options(synchronize_session=False))


def _mailbox(session: Session, kind: str, ref: int) -> bytes | None:
    address = addressee(current_app, kind)(session, ref)
    try:
        return mailbox_key(current_app)(address) if address else None
    except NotAnAddress:
        return None


Found = tuple[int, str, int]


def _letter(session: Session, letter_id: int) -> Found | None:
    row = session.execute(select(Outbox.id, Outbox.kind, Outbox.ref).where(Outbox.id == letter_id)).first()
    return None if row is None else (row.id, row.kind, row.ref)


def _by_message_id(session: Session, text: str) -> Found | None:
    ids = [found[1] for found, _ in zip(_MESSAGE_ID.finditer(text), range(_IDS), strict=False)]
    row = session.execute(select(Outbox.id, Outbox.kind, Outbox.ref).where(Outbox.message_id.in_(ids)).limit(1)).first() if ids else None
    return None if row is None else (row.id, row.kind, row.ref)
