"""Owe a letter: a row in the same transaction as its cause. Who registers never waits for mail."""

from datetime import datetime
from secrets import token_hex
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import ColumnElement, Table, Text, bindparam, func, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import Session

from webapp.database import insert_into
from webapp.mail.models import Mailing, Outbox
from webapp.prepared import Prepared, Writer, insert_on

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

FIRST, AFTER_OTHERS = 0, 1


def owe(
    session: Writer, kind: str, ref: int, *, dedupe_key: str, now: datetime, not_before: datetime | None = None, priority: int = FIRST
) -> bool:
    """Put the letter `kind` about row `ref` into the outbox; False if one with this `dedupe_key` is or was owed already.

    `not_before`: when it may go out at the earliest, if that is not `now`.
    """
    row = {"kind": kind, "ref": ref, "dedupe_key": dedupe_key, "message_id": token_hex(16), **_row(now, not_before, priority)}
    return _OWE.first(session, **row) is not None


def insert_letter(kind: ColumnElement[str], ref: ColumnElement[int], dedupe_key: ColumnElement[str]) -> "postgresql.Insert":
    """What `owe` does as a part of another statement, on PostgreSQL: the letters that `kind`, `ref` and `dedupe_key` select.

    It takes the values of `letter_values`.
    """
    given = {column: bindparam(f"letter_{column}", type_=_OUTBOX.c[column].type) for column in _GIVEN}
    message_id = func.replace(sql_cast(func.gen_random_uuid(), Text), "-", "")
    row: dict[str, ColumnElement[Any]] = {"kind": kind, "ref": ref, "dedupe_key": dedupe_key, "message_id": message_id, **given}
    letters = select(*(value.label(name) for name, value in row.items())).where(kind.is_not(None))
    insert = insert_on("postgresql", _OUTBOX).from_select(list(row), letters)
    return cast("postgresql.Insert", insert).on_conflict_do_nothing(index_elements=["dedupe_key"])


def letter_values(*, now: datetime, not_before: datetime | None = None, priority: int = FIRST) -> dict[str, object]:
    """What all letters of a statement with `insert_letter` have in common."""
    return {f"letter_{column}": value for column, value in _row(now, not_before, priority).items()}


def _row(now: datetime, not_before: datetime | None, priority: int) -> dict[str, object]:
    return {
        "state": "new",
        "priority": priority,
        "attempts": 0,
        "next_at": not_before or now,
        "created_at": now,
    }


# Built once: for a single row, building a statement costs more than running it.
_OUTBOX = cast(Table, Outbox.__table__)
_OWN = ("kind", "ref", "dedupe_key", "message_id")
_GIVEN = ("state", "priority", "attempts", "next_at", "created_at")
_OWE = Prepared(
    lambda dialect: (
        insert_on(dialect, _OUTBOX)
        .values({column: bindparam(column, type_=_OUTBOX.c[column].type) for column in (*_OWN, *_GIVEN)})
        .on_conflict_do_nothing(index_elements=["dedupe_key"])
        .returning(_OUTBOX.c.id)
    )
)


def owe_all(session: Session, kind: str, ref: int, *, now: datetime) -> bool:
    """Owe the letter `kind` to everybody whom `register_mailing` names for `ref`: one row, however many they are.

    It goes out behind all other letters, to those who are there when it does. False if it was owed before.
    """
    row = {"kind": kind, "ref": ref, "cursor": 0, "created_at": now, "done": False}
    statement = insert_into(session, Mailing).values(row).on_conflict_do_nothing(index_elements=["kind", "ref"]).returning(Mailing.id)
    return session.execute(statement).first() is not None
