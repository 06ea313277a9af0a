"""The draw room's rows, by plain statements on selected columns: a log can hold millions of them."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, Dialect, Insert, LargeBinary, Select, Table, bindparam, literal, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from webapp.draw.models import Checkpoint, Leaf, Log, Node
from webapp.draw.refusals import LogMissing
from webapp.draw.tree import HashAt, node_hash
from webapp.prepared import Prepared, Writer, faults_of, plain

LOG = cast(Table, Log.__table__)
LEAF = cast(Table, Leaf.__table__)
NODE = cast(Table, Node.__table__)
CHECKPOINT = cast(Table, Checkpoint.__table__)

BATCH = 2048  # what fits a processor's own cache is read, hashed and let go fastest


class Head(NamedTuple):
    """A row of `draw_log`; see the model."""

    id: int
    name: str
    origin: str
    vkey: str
    size: int
    entries: int
    removed: int
    frontier: bytes
    checkpoint: str


class Milestone(NamedTuple):
    """A checkpoint that stays, and the leaf that made it."""

    size: int
    kind: str
    note: str
    data: bytes


# Built once: for a single row, building a statement costs more than running it.
_HEAD = select(*(LOG.c[name] for name in Head._fields)).where(LOG.c.name == bindparam("name"))
_FIND = Prepared(_HEAD)
# SQLite knows no FOR UPDATE and needs none: there is one writer.
_LOCK = Prepared(_HEAD.with_for_update())
_LOCK_IF_FREE = _HEAD.with_for_update(skip_locked=True)
_MILESTONES = Prepared(
    select(CHECKPOINT.c.size, CHECKPOINT.c.kind, CHECKPOINT.c.note, LEAF.c.data)
    .join(LEAF, (LEAF.c.log_id == CHECKPOINT.c.log_id) & (LEAF.c.index == CHECKPOINT.c.size - 1))
    .where(CHECKPOINT.c.log_id == bindparam("log_id"), CHECKPOINT.c.size <= bindparam("size"))
    .order_by(CHECKPOINT.c.size)
)


@dataclass(frozen=True)
class LockAhead:
    """An Ahead (prepared.py) that locks the head of the log `name` unless somebody holds it, so that `head_of` need not."""

    name: str

    def __call__(self, dialect: Dialect) -> str:
        return _lock_if_free(self.name, dialect)


@lru_cache(maxsize=64)
def _lock_if_free(name: str, dialect: Dialect) -> str:
    return str(_LOCK_IF_FREE.params(name=name).compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def head_of(session: Writer, name: str, *, lock: bool = False) -> Head:
    """The head of the log `name`; with `lock` nobody else appends before this transaction ends. Raises LogMissing."""
    row = session.info.pop(LockAhead(name), None) if lock else None
    row = row or (_LOCK if lock else _FIND).first(session, name=name)
    if row is None:
        raise LogMissing(name)
    return Head(*row)


def milestones(session: Writer, head: Head) -> list[Milestone]:
    """In order, up to `head` (a log that grows meanwhile does not confuse who reads it)."""
    return [Milestone(*row) for row in _MILESTONES.all(session, log_id=head.id, size=head.size)]


def scan(session: Session, statement: Select[*tuple[Any, ...]], **values: Any) -> list[Any]:
    """Plain tuples as the driver makes them, for statements that are run over millions of rows: half the time.

    Text, whole numbers and bytes only: nothing converts a value here. `values` are those of its bindparams.
    """
    compiled = _compiled(statement, session.get_bind().dialect)
    parameters = compiled.construct_params(values)
    cursor = session.connection().connection.cursor()
    try:
        cursor.execute(str(compiled), [parameters[name] for name in compiled.positiontup or ()] if compiled.positional else parameters)
        return list(cursor.fetchall())
    finally:
        cursor.close()


def add(session: Writer, statement: Insert, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert `rows`, each with a value for every column, at once as `scan` reads them."""
    on = plain(session)
    compiled = _compiled(statement, on.dialect)
    values = [[row[name] for name in compiled.positiontup or ()] for row in rows] if compiled.positional else rows
    with faults_of(on.dialect), closing(on.driver.cursor()) as cursor:
        if len(values) == 1:
            cursor.execute(str(compiled), values[0])
        else:
            cursor.executemany(str(compiled), values)


@lru_cache(maxsize=64)
def _compiled(statement: Select[*tuple[Any, ...]] | Insert, dialect: Dialect) -> SQLCompiler:
    return statement.compile(dialect=dialect)


class Joined(FunctionElement[bytes]):
    """An aggregate: all values of a column of bytes, in the order of their index, with `between` between each two.

    Millions of rows cost a third less when the database hands them over together. SQLite promises no order and makes text of
    them, which a cast turns back: for readers who see whether they got what they expect.
    """

    type = LargeBinary()
    inherit_cache = True

    def __init__(self, column: ColumnElement[bytes], between: bytes) -> None:
        super().__init__(column, literal(between, LargeBinary()), LEAF.c.index)


@compiles(Joined)
def _string_agg(element: Joined, compiler: SQLCompiler, **how: Any) -> str:
    column, between, index = (compiler.process(part, **how) for part in element.clauses)
    return f"string_agg({column}, {between} ORDER BY {index})"


@compiles(Joined, "sqlite")
def _group_concat(element: Joined, compiler: SQLCompiler, **how: Any) -> str:
    """In the order in which the rows are read: that of their key."""
    column, between, _ = (compiler.process(part, **how) for part in element.clauses)
    return f"group_concat({column}, {between})"


# A stretch of a log, by its key.
STRETCH = (LEAF.c.log_id == bindparam("log_id"), LEAF.c.index >= bindparam("start"), LEAF.c.index < bindparam("end"))
_DATA = select(LEAF.c.data).where(*STRETCH).order_by(LEAF.c.index)


def hashes(session: Session, log_id: int, level: int, start: int, end: int) -> list[bytes]:
    """What tiles of `level` hold from `start` to before `end`: leaf hashes at level 0, roots of 256**level leaves above."""
    table = NODE if level else LEAF
    where = [table.c.log_id == log_id, table.c.index >= start, table.c.index < end]
    if level:
        where.append(NODE.c.level == level)
    return list(session.execute(select(table.c.hash).where(*where).order_by(table.c.index)).scalars())


def leaf_data(session: Session, log_id: int, start: int, end: int) -> list[bytes]:
    return [data for (data,) in scan(session, _DATA, log_id=log_id, start=start, end=end)]


def hash_reader(session: Session, log_id: int) -> HashAt:
    """The root of any complete subtree, from the tile it lies in (C2SP tlog-tiles: 8 heights to a tile). Reads a tile once."""
    tiles: dict[tuple[int, int], list[bytes]] = {}

    def hash_at(height: int, index: int) -> bytes:
        level, above = divmod(height, 8)
        start = index << above
        tile = start >> 8
        if (level, tile) not in tiles:
            tiles[level, tile] = hashes(session, log_id, level, tile << 8, (tile + 1) << 8)
        offset = start & 255
        return _root_of(tiles[level, tile][offset : offset + (1 << above)])

    return hash_at


def _root_of(peaks: list[bytes]) -> bytes:
    """The root above hashes of one height; their number is a power of two."""
    while len(peaks) > 1:
        peaks = [node_hash(*pair) for pair in zip(peaks[::2], peaks[1::2], strict=True)]
    return peaks[0]
