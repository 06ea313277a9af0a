"""Verifying: all that a log's rows say, recomputed from its leaves; stops at the first row that differs (PROTOCOL §5).

Leaves stream by in stretches. What stays in memory are the tree's frontier, two bits a leaf, and the few events.
"""

from collections.abc import Callable
from hashlib import sha256

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.draw import leaves
from webapp.draw.beacons import check_beacon
from webapp.draw.course import Course
from webapp.draw.drawing import eligible_leaves
from webapp.draw.facts import Ranked, Verified
from webapp.draw.leaves import BadLeaf, Data
from webapp.draw.notes import BadNote, Verifier, open_checkpoint
from webapp.draw.reading import beacon_facts, ranking_facts
from webapp.draw.refusals import Invalid, NotAllowed
from webapp.draw.rows import BATCH, CHECKPOINT, LEAF, LOG, NODE, Head, head_of
from webapp.draw.tickets import best, pseudorandom_key
from webapp.draw.tree import Frontier, leaf_hash

_ENTRY: Data = {"type": "entry"}


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

    `progress` hears how many leaves are done, from the start again for the ranking. Raises Invalid, LogMissing.
    """
    head = head_of(session, name)
    walk = _Walk(session, head, _verifier(head, vkey))
    for start in range(0, head.size, BATCH):
        walk.stretch(start, min(start + BATCH, head.size))
        progress(walk.frontier.size)
    walk.check_head()
    walk.check_nothing_left_over()
    course = walk.course
    if rules is not None and sha256(rules).hexdigest() != course.terms.rules_sha256:
        raise Invalid("draw_leaf", "leaf 0", "its rules_sha256 is not that of the rules.")
    return Verified(
        size=head.size,
        root=walk.frontier.root(),
        entries=course.entries,
        eligible=course.eligible,
        sealed=course.seal is not None,
        late="draws_at" in (course.seal or {}),
        operator_trusted=course.terms.beacon["kind"] == "operator",
        ranking=walk.check_draw(progress) if course.draw else (),
        rules_checked=rules is not None,
    )


def _verifier(head: Head, vkey: str | None) -> Verifier:
    if vkey is not None and vkey != head.vkey:
        raise Invalid("draw_log", head.name, "its vkey is another one than the log's key has.")
    try:
        verifier = Verifier.parse(head.vkey)
    except BadNote as error:
        raise Invalid("draw_log", head.name, str(error)) from error
    if verifier.name != head.origin:
        raise Invalid("draw_log", head.name, "its origin is not the name of its vkey.")
    return verifier


class _Walk:
    """The log recomputed so far, leaf by leaf."""

    def __init__(self, session: Session, head: Head, verifier: Verifier) -> None:
        self.session = session
        self.head = head
        self.verifier = verifier
        self.frontier = Frontier()
        self.course = Course()
        self.roots: dict[str, bytes] = {}  # by the type of the milestone
        self.drawn_at = 0
        self.nodes: list[tuple[int, int, bytes]] = []
        self.is_entry = bytearray((head.size + 7) // 8)
        self.is_removed = bytearray((head.size + 7) // 8)
        where = select(CHECKPOINT.c.size, CHECKPOINT.c.kind, CHECKPOINT.c.note).where(CHECKPOINT.c.log_id == head.id)
        self.checkpoints = {row.size: row for row in session.execute(where)}

    def stretch(self, start: int, end: int) -> None:
        """The leaves from `start` to before `end`, and the nodes that they complete."""
        columns = select(LEAF.c.index, LEAF.c.type, LEAF.c.subject, LEAF.c.data, LEAF.c.hash)
        rows = self.session.execute(
            columns.where(LEAF.c.log_id == self.head.id, LEAF.c.index >= start, LEAF.c.index < end).order_by(LEAF.c.index)
        )
        for index, kind, subject, data, hash in rows:
            if index != self.frontier.size:
                break
            self._leaf(index, kind, subject, data, hash)
        if self.frontier.size != end:
            raise Invalid("draw_leaf", f"leaf {self.frontier.size}", "it is missing.")
        self._check_nodes()

    def _leaf(self, index: int, kind: str, subject: int | None, data: bytes, stored: bytes) -> None:
        leaf = self._parse(index, data)
        hash = leaf_hash(data)
        if hash != stored:
            raise _bad_leaf(index, "its hash is not that of its data.")
        if kind != leaf["type"]:
            raise _bad_leaf(index, f"its type is {kind}, in its data {leaf['type']}.")
        if subject != leaf.get("index"):
            raise _bad_leaf(index, f"its subject is {subject}, in its data {leaf.get('index')}.")
        self._follow(index, leaf)
        self.nodes += [(height // 8, place, root) for height, place, root in self.frontier.append(hash) if height % 8 == 0]
        if kind == "entry":
            _set(self.is_entry, index)
        elif subject is not None:
            self._remove(index, subject)
        else:
            self._check_milestone(index + 1, leaf)

    def _parse(self, index: int, data: bytes) -> Data:
        if leaves.is_entry(data):
            return _ENTRY
        try:
            return leaves.parse(data)
        except BadLeaf as error:
            raise _bad_leaf(index, f"its data {error}.") from error

    def _follow(self, index: int, leaf: Data) -> None:
        try:
            self.course.follow(leaf)
        except NotAllowed as error:
            raise _bad_leaf(index, f"it may not be there. {error}") from error
        if index == 0 and (leaf["campaign"], leaf["origin"]) != (self.head.name, self.head.origin):
            raise Invalid("draw_log", self.head.name, "its name and origin are not those of leaf 0.")

    def _remove(self, index: int, subject: int) -> None:
        if subject >= index or not _get(self.is_entry, subject):
            raise _bad_leaf(index, f"leaf {subject}, which it removes, is no earlier entry.")
        if _get(self.is_removed, subject):
            raise _bad_leaf(index, f"entry {subject} was removed before.")
        _set(self.is_removed, subject)

    def _check_milestone(self, size: int, leaf: Data) -> None:
        self.roots[leaf["type"]] = self.frontier.root()
        if leaf["type"] == "draw":
            self.drawn_at = size - 1
        row = self.checkpoints.pop(size, None)
        if row is None:
            raise Invalid("draw_checkpoint", f"size {size}", "it is missing.")
        if row.kind != leaf["type"]:
            raise Invalid("draw_checkpoint", f"size {size}", f"its kind is {row.kind}, leaf {size - 1} is {leaf['type']}.")
        self._check_note("draw_checkpoint", f"size {size}", row.note)

    def _check_note(self, table: str, row: str, note: str) -> None:
        try:
            checkpoint = open_checkpoint(note, self.verifier)
        except BadNote as error:
            raise Invalid(table, row, str(error)) from error
        if (checkpoint.size, checkpoint.root) != (self.frontier.size, self.frontier.root()):
            raise Invalid(table, row, "its checkpoint is signed, but of another tree than the leaves make.")

    def _check_nodes(self) -> None:
        """Compare the nodes that the stretch completed with the rows that hold them."""
        for level in sorted({level for level, _, _ in self.nodes}):
            expected = {index: root for at, index, root in self.nodes if at == level}
            where = (NODE.c.log_id == self.head.id, NODE.c.level == level, NODE.c.index >= min(expected), NODE.c.index <= max(expected))
            found = {row[0]: row[1] for row in self.session.execute(select(NODE.c.index, NODE.c.hash).where(*where))}
            for index, root in expected.items():
                if found.get(index) != root:
                    raise Invalid("draw_node", f"level {level}, index {index}", "it is missing or not what its leaves make.")
        self.nodes.clear()

    def check_head(self) -> None:
        """The head against the tree and the counts; then equal commitments, which equal hashes betray."""
        head, course = self.head, self.course
        if not head.size:
            raise Invalid("draw_log", head.name, "it has no leaves.")
        if head.frontier != self.frontier.to_bytes():
            raise Invalid("draw_log", head.name, "its frontier is not that of its leaves.")
        if (head.entries, head.removed) != (course.entries, course.removed):
            found = f"{course.entries} entries and {course.removed} removals"
            raise Invalid("draw_log", head.name, f"it counts {head.entries} entries and {head.removed} removals; its leaves are {found}.")
        self._check_note("draw_log", head.name, head.checkpoint)
        entries = (LEAF.c.log_id == head.id, LEAF.c.index < head.size, LEAF.c.type == "entry")
        twice = select(func.max(LEAF.c.index)).where(*entries).group_by(LEAF.c.hash).having(func.count() > 1).limit(1)
        index = self.session.execute(twice).scalar()
        if index is not None:
            raise _bad_leaf(index, "its commitment is in the log already.")

    def check_nothing_left_over(self) -> None:
        """No row lies outside the tree. Each question is one statement, so that a growing log does not look wrong."""
        beyond = select(func.min(LEAF.c.index)).join(LOG, LOG.c.id == LEAF.c.log_id)
        index = self.session.execute(beyond.where(LOG.c.id == self.head.id, (LEAF.c.index >= LOG.c.size) | (LEAF.c.index < 0))).scalar()
        if index is not None:
            raise _bad_leaf(index, "it lies outside the tree.")
        for level, least, most, size in self._levels():
            if level < 1 or least < 0 or (most + 1) << 8 * level > size:
                raise Invalid("draw_node", f"level {level}, indexes {least} to {most}", "they lie in part outside the tree.")
        further = select(func.max(CHECKPOINT.c.size)).join(LOG, LOG.c.id == CHECKPOINT.c.log_id)
        stray = self.session.execute(further.where(LOG.c.id == self.head.id, CHECKPOINT.c.size > LOG.c.size)).scalar()
        stray = min((size for size in self.checkpoints if size <= self.head.size), default=stray)
        if stray is not None:
            raise Invalid("draw_checkpoint", f"size {stray}", "no leaf made it.")

    def _levels(self) -> list[tuple[int, int, int, int]]:
        """Each level of nodes with its least and greatest index, and the size of the log."""
        groups = select(NODE.c.level, func.min(NODE.c.index), func.max(NODE.c.index), LOG.c.size)
        joined = groups.join(LOG, LOG.c.id == NODE.c.log_id).where(LOG.c.id == self.head.id)
        return [(level, least, most, size) for level, least, most, size in self.session.execute(joined.group_by(NODE.c.level, LOG.c.size))]

    def check_draw(self, progress: Callable[[int], None]) -> tuple[Ranked, ...]:
        """The beacon genuine, the ranking the one that seal and beacon give."""
        leaf, terms = self.course.draw or {}, self.course.terms
        beacon = beacon_facts(leaf["beacon"])
        try:
            check_beacon(self.course.beacon, beacon)
        except NotAllowed as error:
            raise _bad_leaf(self.drawn_at, str(error)) from error
        key = pseudorandom_key(self.roots["seal"], beacon.randomness)
        entries = eligible_leaves(self.session, self.head.id, self.drawn_at, progress)
        ranking = best(key, entries, terms.winners + terms.alternates)
        for said, found in zip(ranking_facts(leaf["ranking"]), ranking, strict=True):
            if said != found:
                raise _bad_leaf(self.drawn_at, f"rank {found.rank} is entry {said.index} there, recomputed entry {found.index}.")
        return ranking


def _bad_leaf(index: int, sentence: str) -> Invalid:
    return Invalid("draw_leaf", f"leaf {index}", sentence)


def _get(bits: bytearray, index: int) -> int:
    return bits[index >> 3] >> (index & 7) & 1


def _set(bits: bytearray, index: int) -> None:
    bits[index >> 3] |= 1 << (index & 7)
