"""Walking a log: its leaves recomputed one after the other, with the rows that hang on them; stops at the first that differs.

Leaves stream by in stretches. What stays in memory are the tree's frontier, two bits a leaf, and the few events.
A stretch is checked as a whole, which takes a third of the time; where that finds anything odd, leaf by leaf, to name the row.
"""

from typing import Any

from sqlalchemy import BigInteger, LargeBinary, Select, and_, bindparam, cast, func, not_, select
from sqlalchemy.orm import Session

from webapp.draw import leaves
from webapp.draw.course import Course
from webapp.draw.distinct import Distinct
from webapp.draw.drawing import removed
from webapp.draw.leaves import BadLeaf, Data
from webapp.draw.lowest import Beside, Tickets
from webapp.draw.notes import BadNote, Verifier, open_checkpoint
from webapp.draw.refusals import Invalid, NotAllowed
from webapp.draw.rows import CHECKPOINT, LEAF, NODE, STRETCH, Head, Joined, scan
from webapp.draw.tree import Frontier, leaf_hash, leaf_hashes

_ENTRY: Data = {"type": "entry"}
_ALL = select(LEAF.c.index, LEAF.c.type, LEAF.c.subject, LEAF.c.data, LEAF.c.hash).where(*STRETCH).order_by(LEAF.c.index)
# A row as that of an entry must be, as far as the database can see. SQLite takes any type in any column; bytes come after all others.
_SOUND = and_(
    LEAF.c.type == "entry",
    LEAF.c.subject.is_(None),
    cast(LEAF.c.index, BigInteger) == LEAF.c.index,
    LEAF.c.data >= b"",
    func.length(LEAF.c.data) == leaves.ENTRY_SIZE,
    LEAF.c.hash >= b"",
    func.length(LEAF.c.hash) == 32,
)
# How many sound rows there are, their data, ready to be hashed but for the first zero byte, and their hashes; and how many rows at all.
_TOGETHER = select(
    func.count(),
    cast(Joined(LEAF.c.data, b"\x00"), LargeBinary),
    cast(Joined(LEAF.c.hash, b""), LargeBinary),
    select(func.count()).where(*STRETCH).select_from(LEAF).correlate(None).scalar_subquery(),
).where(*STRETCH, _SOUND)
_OTHERS = _ALL.where(not_(_SOUND))
_NODES = select(NODE.c.index, NODE.c.hash).where(
    NODE.c.log_id == bindparam("log_id"),
    NODE.c.level == bindparam("level"),
    NODE.c.index >= bindparam("start"),
    NODE.c.index < bindparam("end"),
)


class Walk:
    """The log recomputed so far. `roots`: by the type of the milestone; `drawn_at`: the index of the draw.

    `checkpoints`: those that no leaf has claimed yet. `lowest`: who ranks the entries on the way.
    """

    def __init__(self, session: Session, head: Head, verifier: Verifier, commitments: Distinct | Beside) -> None:
        self.session = session
        self.head = head
        self.verifier = verifier
        self.commitments: Distinct | Beside = commitments
        self.frontier = Frontier()
        self.course = Course()
        self.roots: dict[str, bytes] = {}
        self.drawn_at = 0
        self.lowest: Tickets | None = None
        where = select(CHECKPOINT.c.size, CHECKPOINT.c.kind, CHECKPOINT.c.note).where(CHECKPOINT.c.log_id == head.id)
        self.checkpoints = {row.size: row for row in session.execute(where)}
        self._nodes: list[tuple[int, int, bytes]] = []
        self._is_event = bytearray()
        self._is_removed = bytearray()
        self._removed: set[int] = set()  # later, of the stretch at hand, by rows that are checked in their turn

    def stretch(self, start: int, end: int) -> None:
        """The leaves from `start` to before `end`, and the nodes that they complete. Raises Invalid."""
        for bits in (self._is_event, self._is_removed):
            bits.extend(bytes((end + 7) // 8 - len(bits)))
        self._removed = removed(self.session, self.head.id, start, end) if self.lowest else set()
        if not self._whole(start, end):
            self._leaf_by_leaf(start, end)
        self._check_nodes()

    def check_note(self, table: str, row: str, note: str) -> None:
        """Raises Invalid unless `note` is the signed checkpoint of the tree as it is now."""
        try:
            checkpoint = open_checkpoint(note, self.verifier)
        except (BadNote, TypeError, AttributeError) as error:  # SQLite takes any type in any column
            raise Invalid(table, row, str(error) if isinstance(error, BadNote) else "it holds no text.") from error
        if (checkpoint.size, checkpoint.root) != (self.frontier.size, self.frontier.root()):
            raise Invalid(table, row, "its checkpoint is signed, but of another tree than the leaves make.")

    def _scan(self, statement: Select[*tuple[Any, ...]], start: int, end: int, **more: int) -> list[Any]:
        return scan(self.session, statement, log_id=self.head.id, start=start, end=end, **more)

    def _whole(self, start: int, end: int) -> bool:
        """Take the stretch, its entries checked all at once; False, with nothing taken, if anything is odd about them."""
        ((sound, data, stored, total),) = self._scan(_TOGETHER, start, end)
        others = self._scan(_OTHERS, start, end) if sound < total else []
        if total != end - start or not all(isinstance(row[0], int) for row in others):
            return False  # else, as the key is unique, every index is there
        joined = b"\x00" + data if sound else b""
        if not leaves.are_entries(joined, sound):
            return False
        hashes = leaf_hashes(joined, sound)
        if b"".join(hashes) != (stored or b""):
            return False
        position, taken = start, 0
        for row in others:
            ahead = row[0] - position
            self._entries(hashes[taken : taken + ahead])
            self._leaf(*row)
            position, taken = row[0] + 1, taken + ahead
        self._entries(hashes[taken:])
        return True

    def _leaf_by_leaf(self, start: int, end: int) -> None:
        for index, kind, subject, data, hash in self._scan(_ALL, start, end):
            if index > self.frontier.size:
                break
            if index < self.frontier.size:  # SQLite takes any number in any column
                raise bad_leaf(index, "it lies between two leaves.")
            self._leaf(index, kind, subject, data, hash)
        if self.frontier.size != end:
            raise bad_leaf(self.frontier.size, "it is missing.")

    def _entries(self, hashes: list[bytes]) -> None:
        """Take entries in a row, each found in order but for its place."""
        first = self.frontier.size
        if hashes:
            self._follow(first, _ENTRY)
            self.course.entries += len(hashes) - 1
        self._nodes += self.frontier.extend(hashes)
        self._rank(first, hashes)

    def _leaf(self, index: int, kind: str, subject: int | None, data: bytes, stored: bytes) -> None:
        leaf = _parse(index, data)
        hash = leaf_hash(data)
        if hash != stored:
            raise bad_leaf(index, "its hash is not that of its data.")
        if kind != leaf["type"]:
            raise bad_leaf(index, f"its type is {kind}, in its data {leaf['type']}.")
        if subject != leaf.get("index"):
            raise bad_leaf(index, f"its subject is {subject}, in its data {leaf.get('index')}.")
        self._follow(index, leaf)
        self._nodes += self.frontier.extend([hash])
        if kind == "entry":
            self._rank(index, [hash])
            return
        _set(self._is_event, index)
        if subject is not None:
            self._remove(index, subject)
        else:
            self._check_milestone(index + 1, leaf)

    def _follow(self, index: int, leaf: Data) -> None:
        try:
            self.course.follow(leaf)
        except NotAllowed as error:
            raise bad_leaf(index, f"it may not be there. {error}") from error
        if index == 0 and (leaf["campaign"], leaf["origin"]) != (self.head.name, self.head.origin):
            raise Invalid("draw_log", self.head.name, "its name and origin are not those of leaf 0.")

    def _rank(self, first: int, hashes: list[bytes]) -> None:
        self.commitments.add(hashes)
        if self.lowest:
            self.lowest.take(range(first, first + len(hashes)), hashes, self._removed)

    def _remove(self, index: int, subject: int) -> None:
        if subject >= index or _get(self._is_event, subject):
            raise bad_leaf(index, f"leaf {subject}, which it removes, is no earlier entry.")
        if _get(self._is_removed, subject):
            raise bad_leaf(index, f"entry {subject} was removed before.")
        _set(self._is_removed, subject)

    def _check_milestone(self, size: int, leaf: Data) -> None:
        self.roots[leaf["type"]] = self.frontier.root()
        if leaf["type"] == "draw":
            self.drawn_at = size - 1
        row = self.checkpoints.pop(size, None)
        if row is None:
            raise Invalid("draw_checkpoint", f"size {size}", "it is missing.")
        if row.kind != leaf["type"]:
            raise Invalid("draw_checkpoint", f"size {size}", f"its kind is {row.kind}, leaf {size - 1} is {leaf['type']}.")
        self.check_note("draw_checkpoint", f"size {size}", row.note)

    def _check_nodes(self) -> None:
        """Compare the nodes that the stretch completed with the rows that hold them."""
        levels: dict[int, dict[int, bytes]] = {}
        for height, index, root in self._nodes:
            levels.setdefault(height // 8, {})[index] = root
        for level, expected in levels.items():
            found = dict(self._scan(_NODES, min(expected), max(expected) + 1, level=level))
            for index, root in expected.items():
                if found.get(index) != root:
                    raise Invalid("draw_node", f"level {level}, index {index}", "it is missing or not what its leaves make.")
        self._nodes.clear()


def bad_leaf(index: int, sentence: str) -> Invalid:
    return Invalid("draw_leaf", f"leaf {index}", sentence)


def _parse(index: int, data: bytes) -> Data:
    if not isinstance(data, bytes):  # SQLite takes any type in any column
        raise bad_leaf(index, "its data is not bytes.")
    if leaves.is_entry(data):
        return _ENTRY
    try:
        return leaves.parse(data)
    except BadLeaf as error:
        raise bad_leaf(index, f"its data {error}.") from error


def _get(bits: bytearray, index: int) -> int:
    return bits[index >> 3] >> (index & 7) & 1


def _set(bits: bytearray, index: int) -> None:
    bits[index >> 3] |= 1 << (index & 7)
