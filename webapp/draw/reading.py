"""What a log says now, from its head and its milestones; never from its millions of entries."""

from typing import NamedTuple

from webapp.clock import from_stamp
from webapp.draw import leaves
from webapp.draw.course import Course
from webapp.draw.facts import Beacon, LogStatus, Ranked, Result, Sealed
from webapp.draw.leaves import BadLeaf, Data
from webapp.draw.notes import BadNote, parse_checkpoint, parse_note
from webapp.draw.refusals import LogDamaged, LogMissing, NotAllowed
from webapp.draw.rows import Head, head_of, milestones
from webapp.prepared import Writer


class Reading(NamedTuple):
    """A log's `head`, its `course` up to there, and what came of it."""

    head: Head
    course: Course
    sealed: Sealed | None
    result: Result | None


def read(session: Writer, head: Head) -> Reading:
    """Follow the log's few milestones up to `head`. Raises LogDamaged."""
    try:
        return _read(session, head)
    except (BadLeaf, BadNote, NotAllowed, LookupError, TypeError, ValueError, AttributeError) as error:  # SQLite takes any type anywhere
        raise LogDamaged(head.name) from error


def _read(session: Writer, head: Head) -> Reading:
    course = Course(entries=head.entries, removed=head.removed)
    notes = {}
    for milestone in milestones(session, head):
        course.follow(leaves.parse(milestone.data))
        notes[milestone.kind] = milestone.note
    return Reading(
        head=head,
        course=course,
        sealed=sealed_facts(course, notes["seal"]) if course.seal else None,
        result=Result(
            at=from_stamp(course.draw["at"]),
            beacon=beacon_facts(course.draw["beacon"]),
            ranking=ranking_facts(course.draw["ranking"]),
            checkpoint=notes["draw"],
        )
        if course.draw
        else None,
    )


def sealed_facts(course: Course, note: str) -> Sealed:
    """The seal that `course` holds, with the tree of its checkpoint `note`."""
    seal = course.seal or {}
    round = course.beacon.get("round")
    tree = parse_checkpoint(parse_note(note).text)
    return Sealed(
        at=from_stamp(seal["at"]),
        size=tree.size,
        root=tree.root,
        entries=seal["entries"],
        eligible=seal["eligible"],
        late="draws_at" in seal,
        reason=seal.get("reason"),
        draws_at=course.draw_due,
        round=round if isinstance(round, int) else None,
        checkpoint=note,
    )


def beacon_facts(beacon: Data) -> Beacon:
    """The `beacon` of a draw leaf."""
    value = beacon["signature"] if beacon["kind"] == "drand" else beacon["secret"]
    return Beacon(kind=beacon["kind"], round=beacon.get("round"), value=bytes.fromhex(value))


def ranking_facts(ranking: list[Data]) -> tuple[Ranked, ...]:
    """The `ranking` of a draw leaf."""
    return tuple(Ranked(item["rank"], item["index"], bytes.fromhex(item["ticket"])) for item in ranking)


def status(session: Writer, name: str) -> LogStatus | None:
    """All about the log `name`; None if there is none. Some ten rows are read, however long the log is. Raises LogDamaged."""
    try:
        return status_of(read(session, head_of(session, name)))
    except LogMissing:
        return None


def status_of(reading: Reading) -> LogStatus:
    """A reading as other rooms see it."""
    head, course = reading.head, reading.course
    winners = tuple(course.winners())
    return LogStatus(
        name=head.name,
        origin=head.origin,
        vkey=head.vkey,
        size=head.size,
        entries=head.entries,
        removed=head.removed,
        checkpoint=head.checkpoint,
        terms=course.terms,
        beacon=course.beacon,
        sealed=reading.sealed,
        result=reading.result,
        steps=tuple(course.steps),
        void=course.void,
        winners=winners,
        not_awarded=course.terms.winners - len(winners) if course.draw else 0,
    )
