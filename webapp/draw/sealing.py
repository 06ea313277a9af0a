"""Sealing: the list is fixed and signed before anybody can know what will decide (PROTOCOL §3)."""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.draw import leaves
from webapp.draw.appending import append_milestone, locked_head, make_leaf
from webapp.draw.facts import Sealed
from webapp.draw.logkeys import LogKey
from webapp.draw.reading import read, sealed_facts
from webapp.draw.refusals import AlreadySealed, NotDue


def seal(session: Session, key: LogKey, *, now: datetime, allow_early: bool = False, late_reason: str = "not_sealed_in_time") -> Sealed:
    """Append the seal. Within an hour of the draw or after it, it comes late, moves the draw and says `late_reason`.

    `allow_early` lets an operator-trusted log seal before its time; no other ever does.
    Raises AlreadySealed(sealed), NotDue, TooLate, BadTerms, LogMissing, WrongKey, LogVoid.
    """
    reading = read(session, locked_head(session, key))
    course, at = reading.course, now.replace(microsecond=0)
    course.refuse_void()
    if reading.sealed:
        raise AlreadySealed(reading.sealed)
    if at < course.terms.seals_at and not allow_early:
        raise NotDue("The seal", course.terms.seals_at)
    data = make_leaf("seal", **course.seal_members(at, late_reason))
    course.follow(leaves.parse(data))
    done = append_milestone(session, key, reading.head, data)
    return sealed_facts(course, done.checkpoint)
