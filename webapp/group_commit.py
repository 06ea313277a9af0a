"""One transaction for all requests of this process that want to write at the same moment: a group commit.

They share one turn among the writers, one BEGIN and one wait for the disk, and each is answered after that. Alone, a request
gets a transaction of its own, at once. For the few acts that everybody asks for; all others have `writing`.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any, TypeVar, cast

from flask import current_app
from sqlalchemy.exc import OperationalError

from webapp import write_lock
from webapp.database import begin, db, refuse_in_maintenance
from webapp.plain_connections import connected
from webapp.prepared import Plain, faults_of

Result = TypeVar("Result")
Transaction = Callable[[float], AbstractContextManager[Plain]]
"""A write transaction for somebody who has wanted it since a moment of time.monotonic(): committed at its end or rolled back whole."""


def write(group: str, act: Callable[[Plain], Result], *, serial: bool = False) -> Result:
    """What `act` returns, as soon as what it wrote is on the disk. If it raises, nothing of it is written, and that is raised here.

    Acts of the same `group` share a transaction; on PostgreSQL, which runs transactions side by side and groups their commits by
    itself, only if they are `serial`: if each would wait there for the one before, for a row that all of them lock.

    An act may run in another thread, so it asks nothing of Flask, and more than once; only its last run counts. Prepare before it,
    keep it short, and never nest it. Raises Held, Moved and, in a request, Maintenance, as `writing` does.
    """
    refuse_in_maintenance()
    if db.session.registry.has():
        db.session.rollback()  # for the reasons that `writing` has
    if current_app.extensions["write_lock"] is None and not serial:
        return GroupCommit(_transaction).write(act)
    groups: dict[str, GroupCommit] = current_app.extensions.setdefault("group_commit", {})
    return (groups.get(group) or groups.setdefault(group, GroupCommit(_transaction))).write(act)


def before_commit(session: Plain, act: Callable[[], object]) -> None:
    """Have `act` called when all acts of this transaction have run, for work that is done once for all of them: the last one first."""
    session.info.setdefault("before_commit", []).append(act)


class _Wish:
    """An act that waits to be written, and then what came of it."""

    def __init__(self, act: Callable[[Plain], Any]) -> None:
        self.act, self.since = act, time.monotonic()
        self.done = False
        self.result: Any = None
        self.error: BaseException | None = None


class GroupCommit:
    """While one thread writes, the others queue; the next of them to have its turn writes for all who wait."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self.waiting: deque[_Wish] = deque()
        self._turn = threading.Lock()

    def write(self, act: Callable[[Plain], Result]) -> Result:
        """See `write` above."""
        wish = _Wish(act)
        self.waiting.append(wish)
        with self._turn:
            if not wish.done:
                self._serve([self.waiting.popleft() for _ in range(len(self.waiting))])
        if wish.error is not None:
            raise wish.error
        return cast(Result, wish.result)

    def _serve(self, wishes: list[_Wish]) -> None:
        ready = False
        try:
            with self._transaction(wishes[0].since) as session:
                for wish in wishes:
                    wish.result = wish.act(session)
                for act in reversed(session.info.get("before_commit", ())):
                    act()
                ready = True
        except BaseException as error:
            if len(wishes) > 1 and not ready and not _is_the_database(error):
                # One of them fails, which is rare: each gets a transaction of its own, and the others lose nothing but time.
                # Not where the database fails: all would wait for it again, one after the other.
                for wish in wishes:
                    self._serve([wish])
                return
            for wish in wishes:
                wish.error = error
        for wish in wishes:
            wish.done = True


def _is_the_database(error: BaseException) -> bool:
    """That it is away or locked, which is the same for all; not a deadlock (40P01), of which each is free alone."""
    return isinstance(error, OperationalError) and getattr(error.orig, "sqlstate", None) != "40P01"


@contextmanager
def _transaction(since: float) -> Iterator[Plain]:
    lock = current_app.extensions["write_lock"]
    with write_lock.queue(lock) if lock else nullcontext(), connected(lambda plain: begin(plain, time.monotonic() - since)) as begun:
        transaction, answer = begun
        try:
            write_lock.refuse_unless_free(answer)
            yield transaction
            with faults_of(transaction.dialect):
                transaction.driver.commit()
        except BaseException:
            with suppress(Exception):  # what came first is worth more
                transaction.driver.rollback()
            raise
    for act in transaction.info.get("after_commit", ()):
        act()
