"""The public log of each draw. Leaves, nodes and checkpoints are append-only: triggers refuse UPDATE and DELETE."""

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import Base, BigInt

_NO_ENTRY = text("type <> 'entry'")
_REMOVAL = text("subject IS NOT NULL")


class Log(Base):
    """The head of one log: what grows with every leaf. Appending locks this row.

    `frontier`: the roots of the complete subtrees of the tree of `size`, largest first, 32 bytes each.
    `entries`, `removed`: how many `entry` leaves there are, and how many of them were withdrawn or excluded.
    `checkpoint`: the signed note (C2SP tlog-checkpoint) of `size`.
    """

    __tablename__ = "draw_log"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    origin: Mapped[str] = mapped_column(String(300), unique=True)
    vkey: Mapped[str] = mapped_column(String(400))
    size: Mapped[int] = mapped_column(BigInt, default=0)
    entries: Mapped[int] = mapped_column(BigInt, default=0)
    removed: Mapped[int] = mapped_column(BigInt, default=0)
    frontier: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    checkpoint: Mapped[str] = mapped_column(Text, default="")


class Leaf(Base):
    """Leaf `index` (0-based) of a log: its canonical JSON and RFC 6962 hash. `subject`: the entry that a removal names."""

    __tablename__ = "draw_leaf"
    __table_args__ = (
        # The few leaves that are no entries, found without reading millions that are.
        Index("ix_draw_leaf_events", "log_id", "index", sqlite_where=_NO_ENTRY),
        # Nobody is removed twice, whoever races.
        Index("uq_draw_leaf_subject", "log_id", "subject", unique=True, sqlite_where=_REMOVAL),
        {"sqlite_with_rowid": False},
    )

    log_id: Mapped[int] = mapped_column(ForeignKey("draw_log.id"), primary_key=True)
    index: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=False)
    type: Mapped[str] = mapped_column(String(16))
    subject: Mapped[int | None] = mapped_column(BigInt)
    data: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class Node(Base):
    """Root of the complete subtree of 256**level leaves at `index`: what tiles of that level are made of (level ≥ 1)."""

    __tablename__ = "draw_node"
    __table_args__ = ({"sqlite_with_rowid": False},)

    log_id: Mapped[int] = mapped_column(ForeignKey("draw_log.id"), primary_key=True)
    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    index: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class Checkpoint(Base):
    """A checkpoint that must stay: of the opening, the seal, the draw, each step after it, or the void.

    `kind` is the type of the leaf that made it, leaf `size` - 1; that leaf holds the time.
    """

    __tablename__ = "draw_checkpoint"

    log_id: Mapped[int] = mapped_column(ForeignKey("draw_log.id"), primary_key=True)
    size: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(Text)
