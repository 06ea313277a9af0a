"""Drawing: the beacon in, every eligible entry ranked, one leaf out (PROTOCOL §4)."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from webapp.clock import stamp
from webapp.draw import leaves
from webapp.draw.appending import append_milestone, locked_head, make_leaf
from webapp.draw.beacons import check_beacon
from webapp.draw.facts import Beacon, Ranked, Result
from webapp.draw.leaves import Data
from webapp.draw.logkeys import LogKey
from webapp.draw.lowest import Lowest, Tickets
from webapp.draw.reading import Reading, read
from webapp.draw.refusals import AlreadyDrawn, NobodyEligible, NotDue, NotSealed
from webapp.draw.rows import BATCH, LEAF, STRETCH, head_of, scan
from webapp.draw.tickets import pseudorandom_key

Progress = Callable[[int], None]

_ENTRIES = select(LEAF.c.index, LEAF.c.hash).where(*STRETCH, LEAF.c.type == "entry").order_by(LEAF.c.index)
_REMOVED = select(LEAF.c.subject).where(
    LEAF.c.log_id == bindparam("log_id"), LEAF.c.subject >= bindparam("start"), LEAF.c.subject < bindparam("end")
)


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
    terms, size = reading.course.terms, reading.sealed.size
    key = pseudorandom_key(reading.sealed.root, beacon.randomness)
    return lowest(session, reading.head.id, size, Lowest(key, terms.winners + terms.alternates), progress=progress)


def lowest(session: Session, log_id: int, size: int, found: Lowest, *, progress: Progress) -> tuple[Ranked, ...]:
    """The ranks that `found` makes of the eligible entries among the first `size` leaves, in memory that does not grow with them."""
    for start in range(0, size, BATCH):
        end = min(start + BATCH, size)
        entries = scan(session, _ENTRIES, log_id=log_id, start=start, end=end)
        found.take([row[0] for row in entries], [row[1] for row in entries], removed(session, log_id, start, end))
        progress(end)
    return ranking_of(found)


def ranking_of(tickets: Tickets) -> tuple[Ranked, ...]:
    return tuple(Ranked(rank, index, ticket) for rank, (index, ticket) in enumerate(tickets.found(), 1))


def removed(session: Session, log_id: int, start: int, end: int) -> set[int]:
    """The entries from `start` to before `end` that were withdrawn or excluded, which the seal has put an end to."""
    subjects = (subject for (subject,) in scan(session, _REMOVED, log_id=log_id, start=start, end=end))
    return {subject for subject in subjects if isinstance(subject, int)}  # SQLite takes any type in any column; walking names the row
