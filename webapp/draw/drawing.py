"""Drawing: the beacon in, every eligible entry ranked, one leaf out (PROTOCOL §4)."""

from collections.abc import Callable, Iterator
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.clock import stamp
from webapp.draw import leaves
from webapp.draw.appending import append_milestone, locked_head, make_leaf
from webapp.draw.beacons import check_beacon
from webapp.draw.facts import Beacon, Ranked, Result
from webapp.draw.leaves import Data
from webapp.draw.logkeys import LogKey
from webapp.draw.reading import Reading, read
from webapp.draw.refusals import AlreadyDrawn, NobodyEligible, NotDue, NotSealed
from webapp.draw.rows import BATCH, LEAF, head_of
from webapp.draw.tickets import best, pseudorandom_key

Progress = Callable[[int], None]


def _silent(_done: int) -> None:
    """Nobody watches."""


def rank(session: Session, name: str, beacon: Beacon, *, now: datetime, progress: Progress = _silent) -> tuple[Ranked, ...]:
    """The ranking that `beacon` gives, computed without writing. `progress` hears how many leaves are done.

    Handed to `draw`, it keeps the write lock free while millions of tickets are computed. Raises what `draw` raises.
    """
    reading = read(session, head_of(session, name))
    _refuse(reading, beacon, now)
    return _ranking(session, reading, beacon, progress)


def draw(
    session: Session,
    key: LogKey,
    beacon: Beacon,
    *,
    now: datetime,
    progress: Progress = _silent,
    ranking: tuple[Ranked, ...] | None = None,
) -> Result:
    """Append the result. `ranking`: what `rank` returned for this `beacon`, else it is computed here.

    Raises AlreadyDrawn(result), NotSealed, NotDue, BadBeacon, NobodyEligible, LogMissing, WrongKey, LogVoid.
    """
    reading = read(session, locked_head(session, key))
    _refuse(reading, beacon, now)
    if ranking is None:
        ranking = _ranking(session, reading, beacon, progress)
    at = now.replace(microsecond=0)
    items = [{"rank": ranked.rank, "index": ranked.index, "ticket": ranked.ticket.hex()} for ranked in ranking]
    data = make_leaf("draw", at=stamp(at), beacon=_members(beacon), ranking=items)
    reading.course.follow(leaves.parse(data))
    done = append_milestone(session, key, reading.head, data)
    return Result(at=at, beacon=beacon, ranking=ranking, checkpoint=done.checkpoint)


def _refuse(reading: Reading, beacon: Beacon, now: datetime) -> None:
    course = reading.course
    course.refuse_void()
    if reading.result:
        raise AlreadyDrawn(reading.result)
    if reading.sealed is None:
        raise NotSealed
    if not course.eligible:
        raise NobodyEligible
    if now < course.draw_due:
        raise NotDue("The draw", course.draw_due)
    check_beacon(course.beacon, beacon)


def _members(beacon: Beacon) -> Data:
    if beacon.kind == "drand":
        return {"kind": "drand", "round": beacon.round, "signature": beacon.value.hex()}
    return {"kind": "operator", "secret": beacon.value.hex()}


def _ranking(session: Session, reading: Reading, beacon: Beacon, progress: Progress) -> tuple[Ranked, ...]:
    if reading.sealed is None:
        raise NotSealed
    entries = eligible_leaves(session, reading.head.id, reading.sealed.size, progress)
    terms = reading.course.terms
    return best(pseudorandom_key(reading.sealed.root, beacon.randomness), entries, terms.winners + terms.alternates)


def eligible_leaves(session: Session, log_id: int, size: int, progress: Progress) -> Iterator[tuple[int, bytes]]:
    """Index and leaf hash of every entry not removed, read in stretches so that memory does not grow with their number."""
    removed = _removed(session, log_id, size)
    for start in range(0, size, BATCH):
        end = min(start + BATCH, size)
        rows = session.execute(
            select(LEAF.c.index, LEAF.c.hash)
            .where(LEAF.c.log_id == log_id, LEAF.c.index >= start, LEAF.c.index < end, LEAF.c.type == "entry")
            .order_by(LEAF.c.index)
        )
        yield from ((index, hash) for index, hash in rows if not removed[index >> 3] >> (index & 7) & 1)
        progress(end)


def _removed(session: Session, log_id: int, size: int) -> bytearray:
    """A bit for each leaf: whether it is an entry that was withdrawn or excluded."""
    bits = bytearray((size + 7) // 8)
    subjects = select(LEAF.c.subject).where(LEAF.c.log_id == log_id, LEAF.c.subject.is_not(None), LEAF.c.index < size)
    for index in session.execute(subjects.execution_options(yield_per=BATCH)).scalars():
        bits[index >> 3] |= 1 << (index & 7)
    return bits
