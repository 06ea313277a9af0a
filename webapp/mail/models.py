"""The outbox: which letter is owed to whom. It holds no text, no address and no token; letters are rendered at send."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import Base, BigInt, Moment


class Outbox(Base):
    """A letter owed. `kind` names the renderer that a room registered, `ref` the row of that room it is about.

    `state`: new, sending (leased until `lease_until`), sent, dead (given up, with `reason`) or dropped (no longer owed).
    `dedupe_key`: what makes two requests for one letter the same request. `priority`: 0 goes before 1, whatever came first.
    """

    __tablename__ = "mail_outbox"
    __table_args__ = (Index("ix_mail_outbox_state_next_at", "state", "next_at"),)

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    ref: Mapped[int] = mapped_column(BigInt, index=True)
    dedupe_key: Mapped[str] = mapped_column(String(120), unique=True)
    message_id: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(8), default="new")
    priority: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime] = mapped_column(Moment)
    lease_until: Mapped[datetime | None] = mapped_column(Moment)
    reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Moment)
    sent_at: Mapped[datetime | None] = mapped_column(Moment)


class Mailing(Base):
    """A letter owed to many: the sender makes outbox rows of it, some at a time.

    `kind` names the letter and who gets it, `ref` what it is about (a campaign). `cursor`: up to which recipient rows were made.
    """

    __tablename__ = "mail_mailing"
    __table_args__ = (UniqueConstraint("kind", "ref"),)

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    ref: Mapped[int] = mapped_column(BigInt)
    cursor: Mapped[int] = mapped_column(BigInt, default=0)
    created_at: Mapped[datetime] = mapped_column(Moment)
    done: Mapped[bool] = mapped_column(default=False)


class Suppression(Base):
    """A mailbox that gets no mail, or no marketing; see suppressing.py. `mailbox`: a blind index, by which nobody can be named."""

    __tablename__ = "mail_suppression"

    mailbox: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    reason: Mapped[str] = mapped_column(String(12), primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment)
