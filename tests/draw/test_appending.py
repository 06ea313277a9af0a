"""Logs grow by whole, signed steps, in one straight line, and nothing in them is ever changed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from tests.draw.logs import DAY, DRAWS, OPENS, SEALS, SMALL, act, commitments, facts, small_log, terms
from tests.serving import LOST, wait_until
from tests.statements import statements
from webapp import draw, group_commit
from webapp.database import db, is_sqlite, writing
from webapp.prepared import Plain


def test_a_log_opens_once_with_a_signed_leaf(app: Flask) -> None:
    done = act(draw.open_log, terms(), now=OPENS)
    assert (done.first, done.count, done.size) == (0, 1, 1)
    assert done.checkpoint == SMALL.sign(1, done.root) == facts().checkpoint
    assert facts().terms == terms()
    with pytest.raises(draw.LogExists, match="opened once"):
        act(draw.open_log, terms(), now=OPENS)
    assert facts().size == 1


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"winners": 0}, "ill-formed member 'winners'"),
        ({"draws_at": SEALS}, "times out of order"),
        ({"beacon": {"kind": "drand", "chain": draw.QUICKNET.chain, "round": 7}}, "another round"),
        ({"campaign": "other"}, "the key of small"),
        ({"closes_at": OPENS, "opens_at": OPENS - DAY}, "over before it opens"),
    ],
)
def test_terms_that_cannot_be_are_refused(app: Flask, changes: dict[str, object], says: str) -> None:
    with pytest.raises(draw.BadTerms, match=says):
        act(draw.open_log, terms(**changes), now=OPENS)
    assert draw.status(db.session(), "small") is None


def test_entries_come_one_by_one_or_many_at_once_to_the_same_tree(app: Flask) -> None:
    small_log(entries=0)
    one = [act(draw.append_entries, [commitment]) for commitment in commitments(3)]
    assert [(done.first, done.size) for done in one] == [(1, 2), (2, 3), (3, 4)]
    many = act(draw.append_entries, commitments(600, start=3))
    assert (many.first, many.count, many.size) == (4, 600, 604)
    assert (facts().entries, facts().eligible) == (603, 603)
    assert draw.verify(db.session(), "small").root == many.root


def test_entries_that_share_a_transaction_are_signed_together(app: Flask) -> None:
    small_log(entries=2)
    places = group_commit.write("test", lambda session: [draw.append_entry(session, SMALL, one) for one in commitments(5, start=2)])
    assert places == [3, 4, 5, 6, 7]
    verified = draw.verify(db.session(), "small")
    assert (verified.size, verified.entries) == (8, 7)
    assert facts().checkpoint == SMALL.sign(8, verified.root)

    def fail(session: Plain) -> None:
        draw.append_entry(session, SMALL, commitments(1, start=7)[0])
        raise LookupError

    with pytest.raises(LookupError):
        group_commit.write("test", fail)
    assert facts().size == 8
    act(draw.seal, now=SEALS)
    with pytest.raises(draw.LogSealed):
        group_commit.write("test", lambda session: draw.append_entry(session, SMALL, commitments(1, start=7)[0]))


AHEAD = draw.LockAhead(SMALL.name)


def test_a_head_locked_ahead_is_not_asked_for_again_and_held_to_the_end(app: Flask) -> None:
    small_log(entries=2)

    def append(session: Plain) -> int:
        if session.dialect.name == "postgresql":
            with db.engine.connect() as another:
                assert another.execute(text("SELECT id FROM draw_log FOR UPDATE SKIP LOCKED")).all() == []
        return draw.append_entry(session, SMALL, commitments(1, start=2)[0])

    with statements() as asked:
        assert group_commit.write("test", append, ahead=AHEAD) == 3
    if not is_sqlite(db.session()):
        assert not any("FROM draw_log WHERE" in statement for statement in asked)
    assert draw.verify(db.session(), "small").entries == 3


def test_a_head_locked_ahead_counts_for_the_first_act_alone(app: Flask) -> None:
    small_log(entries=2)

    def append(session: Plain) -> list[int]:
        return [draw.append_entries(session, SMALL, commitments(2, start=start)).first for start in (2, 4)]

    assert group_commit.write("test", append, ahead=AHEAD) == [3, 5]
    assert draw.verify(db.session(), "small").entries == 6


def test_who_finds_the_head_held_waits_for_it_and_goes_on_from_the_newest(app: Flask) -> None:
    small_log(entries=2)
    with ThreadPoolExecutor(1) as pool, writing() as session:
        draw.append_entries(session, SMALL, commitments(4, start=2))
        waiting = pool.submit(in_thread, app, lambda plain: draw.append_entry(plain, SMALL, commitments(1, start=6)[0]))
        if not is_sqlite(session):
            wait_until(lambda: session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")), "who waits for the head")
        assert not waiting.done()
        session.commit()
    assert waiting.result(LOST) == 7
    assert draw.verify(db.session(), "small").entries == 7


@pytest.mark.parametrize("name", ["no-such-log", "o'brien\\ 100%s; --"])
def test_a_head_that_is_not_there_ahead_is_looked_for_when_it_is_needed(app: Flask, name: str) -> None:
    small_log(entries=2)
    ahead = draw.LockAhead(name)
    assert group_commit.write("test", lambda plain: draw.append_entry(plain, SMALL, commitments(1, start=2)[0]), ahead=ahead) == 3


def in_thread(app: Flask, act: Callable[[Plain], int]) -> int:
    with app.app_context():
        return group_commit.write("test", act, ahead=AHEAD)


def test_an_entry_is_removed_once_and_only_if_it_is_one(app: Flask) -> None:
    small_log(5)
    act(draw.remove_entry, "withdraw", 3, "entrant_request")
    assert (facts().entries, facts().removed, facts().eligible) == (5, 1, 4)
    with pytest.raises(draw.AlreadyRemoved):
        act(draw.remove_entry, "exclude", 3, "duplicate")
    for index in (6, 7, 8):
        with pytest.raises(draw.NotAnEntry):
            act(draw.remove_entry, "exclude", index, "duplicate")
    for index, reason in ((0, "duplicate"), (2, "Free text")):
        with pytest.raises(draw.BadTerms):
            act(draw.remove_entry, "exclude", index, reason)
    assert facts().size == 7


def test_what_goes_wrong_changes_nothing(app: Flask) -> None:
    with pytest.raises(draw.LogMissing, match="never opened"):
        act(draw.append_entries, commitments(1))
    small_log(2)
    before = facts()
    other = draw.LogKey(SMALL.name, SMALL.origin, bytes(32))
    with pytest.raises(draw.WrongKey), writing() as session:
        draw.append_entries(session, other, commitments(1, start=9))
    for wrong in (commitments(1) * 2, [b"short"]):
        with pytest.raises(ValueError, match="32 bytes and are never equal"):
            act(draw.append_entries, wrong)
    assert facts() == before


def test_after_seal_or_void_no_entry_comes_or_goes(app: Flask) -> None:
    small_log(3)
    act(draw.seal, now=SEALS)
    with pytest.raises(draw.LogSealed, match="is sealed"):
        act(draw.append_entries, commitments(1, start=9))
    with pytest.raises(draw.LogSealed):
        act(draw.remove_entry, "withdraw", 1, "entrant_request")
    act(draw.void, "no_beacon", now=DRAWS)
    with pytest.raises(draw.LogVoid, match=r"void \(no_beacon\)"):
        act(draw.append_entries, commitments(1, start=9))


def test_eight_appenders_at_once_make_one_straight_log(app: Flask) -> None:
    small_log(entries=0)
    start, failures = Barrier(8), []

    def append(worker: int) -> None:
        with app.app_context():
            start.wait()
            try:
                for number in range(10):
                    act(draw.append_entries, commitments(3, start=1000 * worker + 3 * number))
            except Exception as error:
                failures.append(error)
            db.session.remove()

    threads = [Thread(target=append, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert (facts().size, facts().entries) == (241, 240)
    assert draw.verify(db.session(), "small").entries == 240


TABLES = {"draw_leaf": "type = 'void'", "draw_node": "level = 2", "draw_checkpoint": "kind = 'void'", "draw_log": "size = 0"}


@pytest.mark.parametrize("table", TABLES)
def test_the_database_itself_refuses_to_change_or_remove_what_was_logged(session: Session, table: str) -> None:
    small_log(300)
    attempts = [f"UPDATE {table} SET {TABLES[table]}", f"DELETE FROM {table}"]
    if is_sqlite(session):
        attempts.append(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
    else:
        attempts.append(f"TRUNCATE {table} CASCADE")
    for attempt in attempts:
        with pytest.raises(DatabaseError, match=r"append-only|only grows"):
            session.execute(text(attempt))
        session.rollback()
    assert draw.verify(session, "small").entries == 300
