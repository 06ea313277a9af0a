"""Acts of the same moment share a transaction: all of them are written, or each of them alone, and nobody hears of it too early."""

import gc
import shutil
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from flask import Flask
from sqlalchemy import bindparam, insert, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from tests.conftest import make_app
from tests.kernel.test_database import creative
from tests.serving import LOST, wait_until
from webapp import group_commit
from webapp.ads.models import Creative
from webapp.config import ROOT
from webapp.database import after_commit, db, is_sqlite, nobody_writes, writing
from webapp.group_commit import GroupCommit, before_commit
from webapp.prepared import Plain, Prepared
from webapp.write_lock import Held

TABLE = Creative.__table__
ADD = Prepared(insert(TABLE).values(slug=bindparam("slug"), advertiser="a", alt="a", target="/", house=False, active=True, pictures={}))
POINT = Prepared(update(TABLE).where(TABLE.c.slug == bindparam("of")).values(target=bindparam("at")))


def add(slug: str) -> Callable[[Plain], str]:
    def act(session: Plain) -> str:
        ADD.run(session, slug=slug)
        return slug

    return act


def slugs() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Creative.slug).order_by(Creative.slug)))


class Queue:
    """Those who want to write in a group, and wait until `go`."""

    def __init__(self, app: Flask, group: str) -> None:
        self.go, self._app, self._group = threading.Event(), app, group

    def wait_for(self, number: int) -> None:
        """Until so many are there."""
        waiting = self._app.extensions["group_commit"][self._group].waiting
        wait_until(lambda: len(waiting) >= number, "an act in the queue")


class Waiting(list[Future[Any]]):
    """What will come of acts that wait until `go`."""

    def __init__(self, go: threading.Event) -> None:
        super().__init__()
        self.go = go


def write(app: Flask, act: Callable[[Plain], Any], group: str) -> Any:
    with app.app_context():
        try:
            return group_commit.write(group, act, serial=True)
        finally:
            db.session.remove()


@contextmanager
def queueing(app: Flask, group: str) -> Iterator[Queue]:
    """Who wants to write in `group` while the body runs queues, and shares a transaction afterwards."""
    begun, queue = threading.Event(), Queue(app, group)

    def block(session: Plain) -> None:
        before_commit(session, wait)  # when the group takes nobody any more

    def wait() -> None:
        begun.set()
        assert queue.go.wait(LOST)

    with ThreadPoolExecutor(1) as pool:
        blocker = pool.submit(write, app, block, group)
        assert begun.wait(LOST)
        try:
            yield queue
        finally:
            queue.go.set()
        blocker.result(LOST)


@contextmanager
def at_once(app: Flask, *acts: Callable[[Plain], Any], group: str = "test") -> Iterator[Waiting]:
    """`acts`, all of them waiting in `group` while the body runs, in this order; afterwards they share a transaction."""
    with ThreadPoolExecutor(len(acts)) as pool, queueing(app, group) as queue:
        made = Waiting(queue.go)
        for number, act in enumerate(acts, 1):
            made.append(pool.submit(write, app, act, group))
            queue.wait_for(number)
        yield made


def test_an_act_is_written_and_its_result_returned(session: Session) -> None:
    assert group_commit.write("test", add("one")) == "one"
    assert slugs() == ["one"]


def test_who_wants_to_write_meanwhile_shares_one_transaction(app: Flask, session: Session) -> None:
    with at_once(app, *(add(f"{number}") for number in range(6))) as made:
        time.sleep(0.05)
        assert not any(future.done() for future in made), "answered before it is on the disk"
        assert slugs() == []
    assert [future.result() for future in made] == [f"{number}" for number in range(6)]
    assert slugs() == [f"{number}" for number in range(6)]
    # Each row knows the transaction that wrote it.
    if not is_sqlite(session):
        assert session.scalar(text("SELECT count(DISTINCT xmin::text) FROM ads_creative")) == 1


def test_an_act_that_fails_costs_the_others_nothing(app: Flask, session: Session) -> None:
    def fail(session: Plain) -> None:
        ADD.run(session, slug="never")
        raise LookupError("mine")

    with at_once(app, add("a"), fail, add("a"), add("b")) as made:
        pass
    assert made[0].result() == "a"
    with pytest.raises(LookupError, match="mine"):
        made[1].result()
    with pytest.raises(IntegrityError):
        made[2].result()
    assert made[3].result() == "b"
    assert slugs() == ["a", "b"]


def test_a_database_that_fails_is_waited_for_once_by_all_together(app: Flask, session: Session) -> None:
    asked = []

    def locked(_session: Plain) -> None:
        asked.append("asked")
        raise OperationalError(None, None, Exception("canceling statement due to lock timeout"))

    with at_once(app, add("a"), locked, add("b"), locked) as made:
        pass
    for future in made:
        with pytest.raises(OperationalError, match="lock timeout"):
            future.result()
    assert asked == ["asked"]
    assert slugs() == []


def test_while_the_data_is_copied_all_of_them_hear_so_at_once(app: Flask, session: Session) -> None:
    with nobody_writes(), ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(in_context, app, add(f"{number}")) for number in range(4)]
        # At once: it is still being copied.
        assert {type(future.exception(LOST)) for future in futures} == {Held}
    assert slugs() == []
    assert group_commit.write("test", add("after")) == "after"


def in_context(app: Flask, act: Callable[[Plain], Any]) -> Any:
    with app.app_context():
        try:
            return group_commit.write("test", act)
        finally:
            db.session.remove()


def test_what_is_done_once_for_all_is_done_before_the_commit_or_after_it_and_never_after_a_rollback(app: Flask, session: Session) -> None:
    done: list[str] = []

    def first(session: Plain) -> None:
        ADD.run(session, slug="first")
        before_commit(session, lambda: (ADD.run(session, slug="last"), done.append("before")))
        after_commit(session, lambda: done.append(f"after {slugs()}"))

    def fail(session: Plain) -> None:
        before_commit(session, lambda: done.append("never"))
        after_commit(session, lambda: done.append("never"))
        raise LookupError

    with pytest.raises(LookupError):
        group_commit.write("test", fail)
    with at_once(app, first, add("second")):
        assert done == []
    assert done == ["before", "after ['first', 'last', 'second']"]


def test_of_what_is_done_once_for_all_the_last_comes_first(app: Flask, session: Session) -> None:
    done: list[str] = []
    group_commit.write("test", lambda session: [before_commit(session, lambda name=name: done.append(name)) for name in "ab"])  # type: ignore[misc]
    assert done == ["b", "a"]


def test_an_act_of_a_group_that_fails_at_the_end_costs_the_others_nothing(app: Flask, session: Session) -> None:
    def fail(session: Plain) -> None:
        before_commit(session, lambda: ADD.run(session, slug="a"))

    with at_once(app, add("a"), fail, add("b")) as made:
        pass
    with pytest.raises(IntegrityError):
        made[1].result()
    assert [made[0].result(), made[2].result(), *slugs()] == ["a", "b", "a", "b"]


def test_what_fails_after_the_commit_is_told_to_all_and_nothing_is_written_twice(app: Flask, session: Session) -> None:
    ran: list[str] = []

    def act(session: Plain) -> None:
        ran.append("ran")
        ADD.run(session, slug=f"{len(ran)}")
        after_commit(session, fail)

    def fail() -> None:
        raise LookupError("the mark")

    with at_once(app, act, act) as made:
        pass
    for future in made:
        with pytest.raises(LookupError, match="the mark"):
            future.result()
    assert (len(ran), slugs()) == (2, ["1", "2"])


def test_a_fault_of_the_transaction_is_told_to_all_and_the_next_one_begins_anew() -> None:
    faults = [OperationalError(None, None, Exception("away"))]

    @contextmanager
    def transaction(_first: object) -> Iterator[Plain]:
        yield Plain(cast(Any, None), None)
        if faults:
            raise faults.pop()

    group = GroupCommit(transaction)
    with pytest.raises(OperationalError):
        group.write(lambda _: 1)
    assert group.write(lambda _: 7) == 7


class Transactions:
    """Ones that touch no database, counted; what they wrote is known when they end."""

    def __init__(self) -> None:
        self.ended = 0

    @contextmanager
    def __call__(self, _first: object) -> Iterator[Plain]:
        yield Plain(cast(Any, None), None)
        self.ended += 1


def test_who_comes_while_an_act_runs_shares_its_transaction() -> None:
    transactions = Transactions()
    group = GroupCommit(transactions)

    def wait(_session: Plain) -> int:
        wait_until(lambda: group.waiting, "somebody else")
        return transactions.ended

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(group.write, wait)
        assert group.write(lambda _: transactions.ended) == 0
        assert first.result(LOST) == 0
    assert transactions.ended == 1


def test_who_comes_while_the_next_in_line_writes_does_not_write_beside_it() -> None:
    open_now: list[int] = []
    most: list[int] = []
    leaving = threading.Event()

    @contextmanager
    def transaction(_first: object) -> Iterator[Plain]:
        open_now.append(1)
        most.append(len(open_now))
        yield Plain(cast(Any, None), None)
        if len(most) == 1:
            leaving.set()
            wait_until(lambda: group.waiting, "the next in line")
        open_now.pop()

    def linger(_session: Plain) -> int:
        later.append(pool.submit(group.write, lambda _: 3))
        wait_until(lambda: group.waiting or len(most) > 2, "somebody who comes later")
        return 2

    group = GroupCommit(transaction)
    later: list[Future[int]] = []
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(group.write, lambda _: 1)
        assert leaving.wait(LOST)
        second = pool.submit(group.write, linger)
        assert (first.result(LOST), second.result(LOST), later[0].result(LOST)) == (1, 2, 3)
    assert most == [1, 1]


def test_who_has_the_turn_is_written_too_if_somebody_before_it_fails() -> None:
    group = GroupCommit(Transactions())

    def fail(_session: Plain) -> None:
        raise LookupError

    group.waiting.append(before := group_commit._Wish(fail))
    assert group.write(lambda _: 7) == 7
    assert isinstance(before.error, LookupError)


def test_the_next_group_writes_while_the_one_before_does_what_comes_after_its_commit() -> None:
    group = GroupCommit(Transactions())
    reached, go = threading.Event(), threading.Event()

    def linger(session: Plain) -> int:
        after_commit(session, lambda: (reached.set(), go.wait(LOST)))
        return 1

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(group.write, linger)
        assert reached.wait(LOST)
        assert group.write(lambda _: 2) == 2
        assert not first.done(), "answered before what comes after its commit"
        go.set()
        assert first.result(LOST) == 1


def test_nobody_of_a_group_is_answered_before_what_comes_after_its_commit() -> None:
    group = GroupCommit(Transactions())
    reached, go = threading.Event(), threading.Event()

    def linger(session: Plain) -> None:
        wait_until(lambda: group.waiting, "somebody else")
        after_commit(session, lambda: (reached.set(), go.wait(LOST)))

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(group.write, linger)
        other = pool.submit(group.write, lambda _: 2)
        assert reached.wait(LOST)
        time.sleep(0.1)
        assert not other.done()
        go.set()
        assert (first.result(LOST), other.result(LOST)) == (None, 2)


class Act:
    def __call__(self, _session: Plain) -> int:
        return 1


class Together(Act):
    """As those who confirm together."""

    def __call__(self, session: Plain) -> int:
        before_commit(session, partial(isinstance, session, Together))
        session.info[Together] = self
        return 1


class Failing(Act):
    def __call__(self, _session: Plain) -> int:
        raise LookupError


@pytest.mark.parametrize("kind", [Act, Together, Failing])
def test_what_was_written_is_not_kept_alive(kind: type[Act]) -> None:
    """In it are somebody's name and address."""
    act = kind()
    kept = weakref.ref(act)
    gc.disable()
    try:
        with suppress(LookupError):
            assert GroupCommit(Transactions()).write(act) == 1
        del act
        assert kept() is None
    finally:
        gc.enable()


def test_two_groups_that_lock_the_same_rows_in_another_order_both_get_through(app: Flask, session: Session) -> None:
    """PostgreSQL ends one of two transactions that wait for each other; on SQLite there is one writer."""
    with writing() as writer:
        writer.add_all([creative("x"), creative("y")])
    has_x, has_y = threading.Event(), threading.Event()

    def point(slug: str, target: str, mine: threading.Event | None = None, theirs: threading.Event | None = None) -> Callable[[Plain], int]:
        def act(session: Plain) -> int:
            if session.dialect.name == "postgresql":  # how long one is stopped before the other goes on is the machine's affair
                session.driver.patience = LOST
                session.execute(f"SET LOCAL lock_timeout = '{LOST}s'; SET LOCAL statement_timeout = '{LOST}s'")
            changed = POINT.run(session, of=slug, at=target)
            if mine and theirs and session.dialect.name == "postgresql":
                mine.set()
                assert theirs.wait(LOST)
            return changed

        return act

    one = at_once(app, point("x", "/1", has_x, has_y), point("y", "/1"), group="one")
    other = at_once(app, point("y", "/2", has_y, has_x), point("x", "/2"), group="other")
    if is_sqlite(session):
        with one as made:
            pass
        with other as more:
            pass
    else:
        with one as made, other as more:
            made.go.set()
            more.go.set()
    assert [future.result() for future in [*made, *more]] == [1, 1, 1, 1]


PROCESS = """
import sys, threading
from webapp import create_app, group_commit
from webapp.database import db, writing
from tests.kernel.test_database import creative
from tests.kernel.test_group_commit import add
app, name = create_app({"INSTANCE_PATH": sys.argv[1]}), sys.argv[2]
faults = []
def write(thread):
    with app.app_context():
        for number in range(10):
            try:
                slug = f"{name}-{thread}-{number}"
                if (thread + number) % 2:
                    group_commit.write("test", add(slug))
                else:
                    with writing() as session:
                        session.add(creative(slug))
            except Exception as fault:
                faults.append(repr(fault))
        db.session.remove()
threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(faults, end="")
"""


def test_sixteen_writers_in_four_processes_never_find_the_database_locked(installed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "instance"
    shutil.copytree(installed, folder)
    processes = [
        subprocess.Popen([sys.executable, "-c", PROCESS, folder, str(number)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for number in range(4)
    ]
    assert [process.communicate(timeout=4 * LOST)[0] for process in processes] == ["[]"] * 4
    app = make_app(folder)
    with app.app_context():
        assert len(slugs()) == 160
        db.session.remove()
        db.engine.dispose()
