"""Verifying: whoever changes a row by hand is found, and told which row it was."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Table, insert, text, update
from sqlalchemy.orm import Session

from tests.draw.logs import DAY, DRAWS, RULES, SEALS, SMALL, THE_BEACON, act, commitments, drawn_log, facts, small_log
from webapp import draw
from webapp.database import db, is_sqlite
from webapp.draw import appending, leaves
from webapp.draw.rows import CHECKPOINT, LEAF, LOG, NODE
from webapp.draw.tree import leaf_hash
from webapp.draw.walking import Walk

ENTRIES = 520


def whole_log() -> None:
    """A log with a leaf of every type but void, and nodes."""
    small_log(ENTRIES)
    act(draw.remove_entry, "withdraw", 7, "entrant_request")
    act(draw.remove_entry, "exclude", 9, "duplicate")
    act(draw.seal, now=SEALS)
    act(draw.draw, THE_BEACON, now=DRAWS)
    act(draw.award, 1, now=DRAWS + DAY)
    act(draw.paid, 1, now=DRAWS + 2 * DAY)
    act(draw.forfeit, 2, "no_answer", now=DRAWS + 14 * DAY)


def unguard(session: Session) -> None:
    """Take the triggers and foreign keys away, for this transaction."""
    session.rollback()
    if is_sqlite(session):
        session.execute(text("PRAGMA defer_foreign_keys=ON"))
        for (name,) in session.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'draw%'")).all():
            session.execute(text(f"DROP TRIGGER {name}"))
    else:
        session.execute(text("SET LOCAL session_replication_role = replica"))


def other(value: Any) -> Any:
    """A value of the same type that stands nowhere else."""
    if value is None:
        return 12
    if isinstance(value, int):
        return value + 1000
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:] if value else b"\x01"
    return value[:-2] + ("x" if value[-2] != "x" else "y") + value[-1]


def rows(session: Session, table: Table) -> Iterator[dict[str, Any]]:
    for row in session.execute(table.select().order_by(*table.primary_key)).mappings().all():
        if table is not LEAF or row["type"] != "entry" or row["index"] in {1, 7, ENTRIES}:
            yield dict(row)


@pytest.mark.parametrize("table", [LOG, LEAF, NODE, CHECKPOINT], ids=str)
def test_every_column_of_every_table_changed_by_hand_is_found(session: Session, table: Table) -> None:
    whole_log()
    changed = 0
    for row in list(rows(session, table)):
        for column in table.columns:
            unguard(session)
            here = [key == row[key.name] for key in table.primary_key]
            session.execute(update(table).where(*here).values({column.name: other(row[column.name])}))
            with pytest.raises((draw.Invalid, draw.LogMissing)):
                draw.verify(session, "small")
            session.rollback()
            changed += 1
        unguard(session)
        session.execute(table.delete().where(*here))
        with pytest.raises((draw.Invalid, draw.LogMissing)):
            draw.verify(session, "small")
        session.rollback()
    assert changed >= 8
    assert draw.verify(session, "small", rules=RULES, vkey=SMALL.vkey).verdict == "verified, seal time unproven"


def test_before_and_after_the_seal_the_verdict_is_that_of_the_verifiers(app: Flask) -> None:
    small_log()
    assert draw.verify(db.session(), "small").verdict == "verified, seal time unproven"
    act(draw.seal, now=SEALS)
    assert draw.verify(db.session(), "small").verdict == "verified, seal time unproven"


def expect(session: Session, words: str) -> None:
    with pytest.raises(draw.Invalid, match=words):
        draw.verify(session, "small")
    session.rollback()


def test_the_first_difference_is_named_by_table_and_row(session: Session) -> None:
    whole_log()
    tampering: list[tuple[Table, dict[str, Any], dict[str, Any], str]] = [
        (LEAF, {"index": 5}, {"data": leaves.make_entry(bytes(32))}, "^draw_leaf, leaf 5: its hash is not that of its data"),
        (LEAF, {"index": 5}, {"data": b"{}"}, "^draw_leaf, leaf 5: its data has no known type"),
        (LEAF, {"index": 5}, {"type": "paid"}, "^draw_leaf, leaf 5: its type is paid, in its data entry"),
        (LEAF, {"index": 5}, {"subject": 3}, "^draw_leaf, leaf 5: its subject is 3, in its data None"),
        (LEAF, {"index": 5}, {"index": 9999}, "^draw_leaf, leaf 5: it is missing"),
        (NODE, {"index": 1}, {"hash": bytes(32)}, "^draw_node, level 1, index 1: it is missing or not what its leaves make"),
        (CHECKPOINT, {"kind": "seal"}, {"kind": "draw"}, "^draw_checkpoint, size 524: its kind is draw, leaf 523 is seal"),
        (
            CHECKPOINT,
            {"kind": "seal"},
            {"note": facts().checkpoint},
            "^draw_checkpoint, size 524: its checkpoint is signed",
        ),
        (LOG, {}, {"entries": 519}, "^draw_log, small: it counts 519 entries and 2 removals; its leaves are 520 entries and 2 removals"),
        (LOG, {}, {"frontier": b""}, "^draw_log, small: its frontier"),
        (LOG, {}, {"size": 500}, "^draw_log, small: |^draw_checkpoint|^draw_node"),
        (LOG, {}, {"size": 0}, "^draw_log, small: it has no leaves"),
        (LOG, {}, {"vkey": "nonsense"}, "^draw_log, small: The vkey"),
        (LOG, {}, {"origin": "elsewhere"}, "^draw_log, small: its origin"),
    ]
    for table, where, values, words in tampering:
        unguard(session)
        session.execute(update(table).where(*(table.c[name] == value for name, value in where.items())).values(values))
        expect(session, words)


def test_a_sound_log_is_not_gone_through_leaf_by_leaf(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which takes three times as long."""
    whole_log()
    monkeypatch.setattr(Walk, "_leaf_by_leaf", pytest.fail)
    assert draw.verify(session, "small").ranking


def test_the_tickets_of_many_entries_are_computed_beside(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    whole_log()
    here = draw.verify(session, "small")
    monkeypatch.setattr("webapp.draw.lowest.MANY", 1)
    assert draw.verify(session, "small") == here
    unguard(session)
    session.execute(update(LEAF).where(LEAF.c.index == 300).values(hash=bytes(32)))
    expect(session, "^draw_leaf, leaf 300: its hash is not that of its data")


@pytest.mark.parametrize("many", [1, 200_000])
def test_an_entry_that_was_drawn_from_twice_is_named_also_where_tickets_are_computed_beside(
    session: Session, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr("webapp.draw.lowest.MANY", many)
    small_log(100)
    forge("entry", commitment=commitments(1)[0].hex())
    act(draw.seal, now=SEALS)
    act(draw.draw, THE_BEACON, now=DRAWS)
    expect(session, "^draw_leaf, leaf 101: its commitment is in the log already")


def test_a_removal_whose_subject_is_no_whole_number_is_named_also_where_tickets_are_computed_beside(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole_log()
    if not is_sqlite(session):
        return  # which takes whole numbers only
    for many in (1, 200_000):
        monkeypatch.setattr("webapp.draw.lowest.MANY", many)
        unguard(session)
        session.execute(text("UPDATE draw_leaf SET subject = 5.5 WHERE \"type\" = 'withdraw'"))
        expect(session, "^draw_leaf, leaf 521: its subject is 5.5, in its data 7")


def test_rows_outside_the_tree_are_found(session: Session) -> None:
    whole_log()
    size = facts().size
    note = {"log_id": 1, "kind": "seal", "note": "x"}
    for table, values, words in [
        (LEAF, {"log_id": 1, "index": size, "type": "entry", "data": b"x", "hash": bytes(32)}, "outside the tree"),
        (LEAF, {"log_id": 1, "index": -1, "type": "entry", "data": b"x", "hash": bytes(32)}, "outside the tree"),
        (NODE, {"log_id": 1, "level": 1, "index": 2, "hash": bytes(32)}, "outside the tree"),
        (NODE, {"log_id": 1, "level": 2, "index": 0, "hash": bytes(32)}, "outside the tree"),
        (NODE, {"log_id": 1, "level": 0, "index": 0, "hash": bytes(32)}, "outside the tree"),
        (CHECKPOINT, note | {"size": 100}, "no leaf made it"),
        (CHECKPOINT, note | {"size": size + 5}, "no leaf made it"),
    ]:
        unguard(session)
        session.execute(insert(table).values(**values))
        expect(session, words)


def forge(kind: str, subject: int | None = None, **members: Any) -> None:
    """Append a leaf, properly hashed and signed by a publisher who skips our rules."""
    data = leaves.make(kind, **members)

    def append(session: Session, key: draw.LogKey) -> None:
        head = appending.locked_head(session, key)
        if kind in {"withdraw", "exclude", "entry"}:
            appending._append(session, key, head, kind, [data], subject=subject)
        else:
            appending.append_milestone(session, key, head, data)

    act(append)


NOW = "2026-01-12T00:00:00Z"
RANKED = {"rank": 1, "index": 3, "ticket": "00" * 32}
BEACON = {"kind": "operator", "secret": THE_BEACON.value.hex()}


@pytest.mark.parametrize(
    ("state", "leaf", "words"),
    [
        ("open", {"kind": "entry", "commitment": commitments(1)[0].hex()}, "its commitment is in the log already"),
        ("open", {"kind": "withdraw", "index": 99, "subject": 99, "reason": "a"}, "is no earlier entry"),
        ("open", {"kind": "seal", "at": "2026-01-10T00:00:00Z", "entries": 11, "eligible": 10}, "entries is 11, not 10"),
        ("open", {"kind": "seal", "at": "2026-01-10T00:00:00Z", "entries": 10, "eligible": 9}, "eligible is 9, not 10"),
        ("open", {"kind": "seal", "at": NOW, "entries": 10, "eligible": 10}, "draws_at is None"),
        (
            "open",
            {"kind": "seal", "at": NOW, "entries": 10, "eligible": 10, "reason": "a", "draws_at": "2026-01-14T00:00:00Z"},
            "draws_at is 2026-01-14T00:00:00Z, not 2026-01-13T00:00:00Z",
        ),
        ("open", {"kind": "draw", "at": NOW, "beacon": BEACON, "ranking": [RANKED]}, "not sealed"),
        ("open", {"kind": "award", "at": NOW, "rank": 1}, "no result yet"),
        ("sealed", {"kind": "entry", "commitment": "ab" * 32}, "is sealed"),
        ("sealed", {"kind": "withdraw", "index": 1, "subject": 1, "reason": "a"}, "is sealed"),
        ("sealed", {"kind": "seal", "at": NOW, "entries": 10, "eligible": 10}, "sealed once"),
        ("sealed", {"kind": "draw", "at": NOW, "beacon": BEACON, "ranking": [RANKED]}, "ranking is too long or too short"),
        ("sealed", {"kind": "draw", "at": "2026-01-10T12:00:00Z", "beacon": BEACON, "ranking": [RANKED]}, "not due"),
        ("sealed", {"kind": "draw", "at": NOW, "beacon": {**BEACON, "secret": "00" * 32}, "ranking": [RANKED]}, "not the one"),
        (
            "sealed",
            {"kind": "draw", "at": NOW, "beacon": {"kind": "drand", "round": 1, "signature": "00" * 48}, "ranking": [RANKED]},
            "by another beacon",
        ),
        (
            "sealed",
            {"kind": "draw", "at": NOW, "beacon": BEACON, "ranking": [{"rank": n, "index": n, "ticket": f"{n:064}"} for n in (1, 2, 3, 4)]},
            "rank 1 is entry 1 there, recomputed entry",
        ),
        ("drawn", {"kind": "draw", "at": NOW, "beacon": BEACON, "ranking": [RANKED]}, "drawn once"),
        ("drawn", {"kind": "void", "at": NOW, "reason": "regret"}, "before the draw or never"),
        ("drawn", {"kind": "forfeit", "at": NOW, "rank": 1, "reason": "no_answer"}, "has until 2026-01-25"),
        ("drawn", {"kind": "forfeit", "at": NOW, "rank": 3, "reason": "erasure"}, "holds no prize"),
        ("drawn", {"kind": "paid", "at": NOW, "rank": 1}, "not awarded"),
        ("drawn", {"kind": "award", "at": "2026-01-10T23:59:59Z", "rank": 1}, "clock is behind"),
        ("void", {"kind": "entry", "commitment": "ab" * 32}, "void"),
    ],
)
def test_a_publisher_who_breaks_the_rules_with_a_true_key_is_found(app: Flask, state: str, leaf: dict[str, Any], words: str) -> None:
    if state == "drawn":
        drawn_log()
    else:
        small_log()
    if state == "sealed":
        act(draw.seal, now=SEALS)
    if state == "void":
        act(draw.void, "regret", now=SEALS)
    forge(**leaf)
    with pytest.raises(draw.Invalid, match=words):
        draw.verify(db.session(), "small")


def test_a_history_rewritten_without_the_key_does_not_verify(session: Session) -> None:
    """All hashes made to fit, the signatures cannot be."""
    whole_log()
    unguard(session)
    data = leaves.make_entry(commitments(1, start=5000)[0])
    session.execute(update(LEAF).where(LEAF.c.index == ENTRIES).values(data=data, hash=leaf_hash(data)))
    expect(session, "draw_checkpoint, size 524: its checkpoint is signed, but of another tree")


def test_a_row_changed_anywhere_in_a_stretch_is_named(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    whole_log()
    monkeypatch.setattr("webapp.draw.verifying.BATCH", 300)
    assert draw.verify(session, "small").ranking
    for index in (1, 255, 256, 300, ENTRIES):
        for values, words in [
            ({"data": b"{}"}, "no known type"),
            ({"hash": bytes(32)}, "its hash is not that of its data"),
            ({"type": "withdraw"}, "its type is withdraw"),
            ({"subject": 700}, "its subject is 700"),
            ({"index": 100_000}, "it is missing"),
            ({"index": -1}, "it is missing"),
        ]:
            unguard(session)
            session.execute(update(LEAF).where(LEAF.c.index == index).values(values))
            expect(session, f"^draw_leaf, leaf {index}: .*{words}")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # PostgreSQL has whole numbers only
@pytest.mark.parametrize(("kind", "subject"), [("entry", None), ("entry", 77), ("withdraw", 77), ("entrx", None)])
@pytest.mark.parametrize("index", [5.5, 255.5, 300.5, 511.5], ids=["events around", "last of a stretch", "entries alone", "last of those"])
def test_a_row_between_two_leaves_is_found(
    session: Session, kind: str, subject: int | None, index: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.draw.verifying.BATCH", 256)
    whole_log()
    unguard(session)
    row = {"data": leaves.make_entry(bytes(32)), "kind": kind, "subject": subject}
    insert_row = text(
        'INSERT INTO draw_leaf (log_id, "index", type, subject, data, hash) VALUES (1, :index, :kind, :subject, :data, :hash)'
    )
    session.execute(insert_row, row | {"index": index, "hash": leaf_hash(leaves.make_entry(bytes(32)))})
    expect(session, f"^draw_leaf, leaf {index}: it lies between two leaves")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ('"index" = 5.5', "it is missing"),
        ("data = CAST(data AS TEXT)", "its data is not bytes"),
        ("type = CAST(type AS BLOB)", "its type is b"),
    ],
)
def test_the_right_value_as_another_type_is_found(session: Session, change: str, words: str) -> None:
    whole_log()
    unguard(session)
    session.execute(text(f'UPDATE draw_leaf SET {change} WHERE "index" = 5'))
    expect(session, f"^draw_leaf, leaf 5: {words}")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("into", [1, 2])
def test_bytes_moved_from_one_leaf_to_the_next_are_found(session: Session, into: int) -> None:
    """Though rows are read together: the first two entries as one value, and as none."""
    whole_log()
    first, second = (leaves.make_entry(one) for one in commitments(2))
    unguard(session)
    moved = first + b"\0" + second
    for index in (1, 2):
        session.execute(update(LEAF).where(LEAF.c.index == index).values(data=moved if index == into else b""))
    expect(session, "^draw_leaf, leaf 1: its data")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # PostgreSQL keeps to the types of its columns
def test_a_value_of_another_type_is_found_where_the_database_lets_it_in(session: Session) -> None:
    whole_log()
    for table in (LOG, LEAF, NODE, CHECKPOINT):
        key = list(table.primary_key)[-1].name
        last = session.execute(text(f'SELECT max("{key}") FROM {table.name}')).scalar()
        for column in [column for column in table.columns if column is not LOG.c.id]:  # a rowid, which is strict
            for value in ("text", 5.5, 100_007, b"bytes"):
                unguard(session)
                here = text(f'UPDATE {table.name} SET "{column.name}" = :value WHERE "{key}" = :last')
                session.execute(here, {"value": value, "last": last})
                with pytest.raises((draw.Invalid, draw.LogMissing)):
                    draw.verify(session, "small")
                session.rollback()
