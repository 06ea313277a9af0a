"""Verifying: all that a log's rows say, recomputed from its leaves; stops at the first row that differs (PROTOCOL §5)."""

from collections.abc import Callable
from contextlib import ExitStack
from hashlib import sha256

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.draw import leaves
from webapp.draw.beacons import check_beacon
from webapp.draw.distinct import Distinct
from webapp.draw.drawing import lowest, ranking_of
from webapp.draw.facts import Ranked, Verified
from webapp.draw.leaves import BadLeaf
from webapp.draw.lowest import Beside, Lowest, lowest_tickets
from webapp.draw.notes import BadNote, Verifier, parse_checkpoint, parse_note
from webapp.draw.reading import beacon_facts, ranking_facts
from webapp.draw.refusals import Invalid, NotAllowed
from webapp.draw.rows import BATCH, CHECKPOINT, LEAF, LOG, NODE, Head, head_of, leaf_data
from webapp.draw.tickets import pseudorandom_key
from webapp.draw.walking import Walk, bad_leaf


def _silent(_done: int) -> None:
    """Nobody watches."""


def verify(
    session: Session,
    name: str,
    *,
    rules: bytes | None = None,
    vkey: str | None = None,
    progress: Callable[[int], None] = _silent,
) -> Verified:
    """Recompute the log `name`. `rules`: the bytes of rules.txt; `vkey`: from somewhere else than the database, if the caller has it.

    `progress` hears how many leaves are done. Raises Invalid, LogMissing.
    """
    head = head_of(session, name)
    verifier = _verifier(head, vkey)
    with ExitStack() as open_still:
        walk = Walk(session, head, verifier, open_still.enter_context(Distinct()))
        if promised := _promised(walk):
            walk.lowest = open_still.enter_context(lowest_tickets(*promised, head.size))
            if isinstance(walk.lowest, Beside):  # which is handed all hashes anyway
                walk.commitments = walk.lowest
        for start in range(0, head.size, BATCH):
            walk.stretch(start, min(start + BATCH, head.size))
            progress(walk.frontier.size)
        _check_head(walk)
        _check_distinct(walk)
        _check_nothing_left_over(walk)
        if rules is not None and sha256(rules).hexdigest() != walk.course.terms.rules_sha256:
            raise bad_leaf(0, "its rules_sha256 is not that of the rules.")
        ranking = _check_draw(walk, progress) if walk.course.draw else ()
    course = walk.course
    return Verified(
        size=head.size,
        root=walk.frontier.root(),
        entries=course.entries,
        eligible=course.eligible,
        sealed=course.seal is not None,
        late="draws_at" in (course.seal or {}),
        operator_trusted=course.terms.beacon["kind"] == "operator",
        ranking=ranking,
        rules_checked=rules is not None,
    )


def _verifier(head: Head, vkey: str | None) -> Verifier:
    for column, value in head._asdict().items():  # SQLite takes any type in any column
        if not isinstance(value, Head.__annotations__[column]):
            raise Invalid("draw_log", head.name, f"its {column} is not of its type.")
    if vkey is not None and vkey != head.vkey:
        raise Invalid("draw_log", head.name, "its vkey is another one than the log's key has.")
    try:
        verifier = Verifier.parse(head.vkey)
    except BadNote as error:
        raise Invalid("draw_log", head.name, str(error)) from error
    if verifier.name != head.origin:
        raise Invalid("draw_log", head.name, "its origin is not the name of its vkey.")
    return verifier


def _promised(walk: Walk) -> tuple[bytes, int] | None:
    """The key that ranks the entries as they pass, and the number of ranks, if seal and draw are what their rows say.

    `_check_draw` sees whether they are.
    """
    sizes = {row.kind: row.size for row in walk.checkpoints.values()}
    try:
        drawn = sizes["draw"]
        root = parse_checkpoint(parse_note(walk.checkpoints[sizes["seal"]].note).text).root
        (data,) = leaf_data(walk.session, walk.head.id, drawn - 1, drawn)
        leaf = leaves.parse(data)
        key = pseudorandom_key(root, beacon_facts(leaf["beacon"]).randomness)
        return key, len(leaf["ranking"])
    except (KeyError, TypeError, ValueError, AttributeError, BadNote, BadLeaf):
        return None


def _check_head(walk: Walk) -> None:
    """The head against the tree and the counts."""
    head, course = walk.head, walk.course
    if not head.size:
        raise Invalid("draw_log", head.name, "it has no leaves.")
    if head.frontier != walk.frontier.to_bytes():
        raise Invalid("draw_log", head.name, "its frontier is not that of its leaves.")
    if (head.entries, head.removed) != (course.entries, course.removed):
        found = f"{course.entries} entries and {course.removed} removals"
        raise Invalid("draw_log", head.name, f"it counts {head.entries} entries and {head.removed} removals; its leaves are {found}.")
    walk.check_note("draw_log", head.name, head.checkpoint)


def _check_distinct(walk: Walk) -> None:
    """Equal commitments, which equal hashes betray."""
    if walk.commitments.all_differ():
        return
    entries = (LEAF.c.log_id == walk.head.id, LEAF.c.index < walk.head.size, LEAF.c.type == "entry")
    twice = select(func.max(LEAF.c.index)).where(*entries).group_by(LEAF.c.hash).having(func.count() > 1).limit(1)
    raise bad_leaf(walk.session.execute(twice).scalar_one(), "its commitment is in the log already.")


def _check_nothing_left_over(walk: Walk) -> None:
    """No row lies outside the tree. Each question is one statement, so that a growing log does not look wrong."""
    session, head = walk.session, walk.head
    for outside in (LEAF.c.index < 0, LEAF.c.index >= LOG.c.size):  # two questions, for each has its end of the key
        beyond = select(func.min(LEAF.c.index)).join(LOG, LOG.c.id == LEAF.c.log_id).where(LOG.c.id == head.id, outside)
        index = session.execute(beyond).scalar()
        if index is not None:
            raise bad_leaf(index, "it lies outside the tree.")
    for level, least, most, size in _levels(walk):
        if level < 1 or least < 0 or (most + 1) << 8 * level > size:
            raise Invalid("draw_node", f"level {level}, indexes {least} to {most}", "they lie in part outside the tree.")
    further = select(func.max(CHECKPOINT.c.size)).join(LOG, LOG.c.id == CHECKPOINT.c.log_id)
    stray = session.execute(further.where(LOG.c.id == head.id, CHECKPOINT.c.size > LOG.c.size)).scalar()
    stray = min((size for size in walk.checkpoints if size <= head.size), default=stray)
    if stray is not None:
        raise Invalid("draw_checkpoint", f"size {stray}", "no leaf made it.")


def _levels(walk: Walk) -> list[tuple[int, int, int, int]]:
    """Each level of nodes with its least and greatest index, and the size of the log."""
    groups = select(NODE.c.level, func.min(NODE.c.index), func.max(NODE.c.index), LOG.c.size)
    joined = groups.join(LOG, LOG.c.id == NODE.c.log_id).where(LOG.c.id == walk.head.id)
    rows = walk.session.execute(joined.group_by(NODE.c.level, LOG.c.size))
    return [(level, least, most, size) for level, least, most, size in rows]


def _check_draw(walk: Walk, progress: Callable[[int], None]) -> tuple[Ranked, ...]:
    """The beacon genuine, the ranking the one that seal and beacon give."""
    leaf = walk.course.draw or {}
    beacon = beacon_facts(leaf["beacon"])
    try:
        check_beacon(walk.course.beacon, beacon)
    except NotAllowed as error:
        raise bad_leaf(walk.drawn_at, str(error)) from error
    key, count = pseudorandom_key(walk.roots["seal"], beacon.randomness), len(leaf["ranking"])
    if walk.lowest and (walk.lowest.key, walk.lowest.count) == (key, count):
        ranking = ranking_of(walk.lowest)
    else:
        ranking = lowest(walk.session, walk.head.id, walk.drawn_at, Lowest(key, count), progress=progress)
    for said, found in zip(ranking_facts(leaf["ranking"]), ranking, strict=True):
        if said != found:
            raise bad_leaf(walk.drawn_at, f"rank {found.rank} is entry {said.index} there, recomputed entry {found.index}.")
    return ranking
