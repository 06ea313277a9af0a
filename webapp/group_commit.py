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
from webapp.prepared import Ahead, Plain, faults_of

Result = TypeVar("Result")


def write(group: str, act: Callable[[Plain], Result], *, serial: bool = False, ahead: Ahead | None = None) -> Result:
    """What `act` returns, as soon as what it wrote is on the disk. If it raises, nothing of it is written, and that is raised here.

    Acts of the same `group` share a transaction; on PostgreSQL, which runs transactions side by side and groups their commits by
    itself, only if they are `serial`: if each would wait there for the one before, for a row that all of them lock. `ahead` saves
    a way to PostgreSQL.

    An act may run in another thread, so it asks nothing of Flask, and more than once; only its last run counts. Prepare before it,
    keep it short, and never nest it. Raises Held, Moved and, in a request, Maintenance, as `writing` does.
    """
    refuse_in_maintenance()
    if db.session.registry.has():
        db.session.rollback()  # for the reasons that `writing` has
    if current_app.extensions["write_lock"] is None and not serial:
        return GroupCommit(_transaction).write(act, ahead)
    groups: dict[str, GroupCommit] = current_app.extensions.setdefault("group_commit", {})
    return (groups.get(group) or groups.setdefault(group, GroupCommit(_transaction))).write(act, ahead)


def before_commit(session: Plain, act: Callable[[], object]) -> None:
    """Have `act` called when all acts of this transaction have run, for work that is done once for all of them: the last one first."""
    session.info.setdefault("before_commit", []).append(act)


class _Wish:
    """An act that waits to be written, and then what came of it. Whoever made it sleeps until it is `called`."""

    def __init__(self, act: Callable[[Plain], Any], ahead: Ahead | None = None) -> None:
        self.act, self.ahead, self.since = act, ahead, time.monotonic()
        self.called = threading.Lock()
        self.called.acquire()
        self.group: _Group | None = None
        self.result: Any = None
        self.error: BaseException | None = None


Transaction = Callable[[_Wish], AbstractContextManager[Plain]]
"""A write transaction for those who have waited as long as this one at most: committed at its end or rolled back whole."""


class GroupCommit:
    """While one thread writes, the others queue; then the first of them writes for all who wait.

    Each is woken once, to write or because all is done: an eighth of a confirmation's processor time went into waking threads.
    """

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self.waiting: deque[_Wish] = deque()
        self._changing = threading.Lock()
        self._somebody_writes = False

    def write(self, act: Callable[[Plain], Result], ahead: Ahead | None = None) -> Result:
        """See `write` above."""
        wish = _Wish(act, ahead)
        with self._changing:
            self.waiting.append(wish)
            waits, self._somebody_writes = self._somebody_writes, True
        if waits:
            wish.called.acquire()
        if wish.group is None:
            self._write_for_all(wish)
        if wish.error is not None:
            try:
                raise wish.error
            finally:
                wish.error = None  # whose traceback knows the wish
        return cast(Result, wish.result)

    def _write_for_all(self, own: _Wish) -> None:
        group = _Group()
        try:
            while own.group is None:  # again after a group that failed before our act
                group.commit(self._transaction, self.waiting)
        finally:
            self._call_next()
            group.settle()

    def _call_next(self) -> None:
        with self._changing:
            self._somebody_writes = bool(self.waiting)
            if self.waiting:
                self.waiting[0].called.release()


class _Group:
    """Those who share a transaction. One of them commits for all, and settles the rest while the next group writes."""

    def __init__(self) -> None:
        self._members: list[_Wish] = []
        self._committed: list[tuple[list[_Wish], Plain]] = []

    def commit(self, transaction: Transaction, waiting: deque[_Wish]) -> None:
        """For all who wait, with those who come while an act runs: the first one may have to wait for another process."""
        wishes: list[_Wish] = []
        ready = False
        try:
            with transaction(waiting[0]) as session:
                for wish in self._take(waiting, wishes):
                    wish.result = wish.act(session)
                # They know the session: kept by it, names and addresses would stay until somebody collects garbage.
                for act in reversed(session.info.pop("before_commit", ())):
                    act()
                ready = True
            self._committed.append((wishes, session))
        except BaseException as error:
            if len(wishes) > 1 and not ready and not _is_the_database(error):
                # One of them fails, which is rare: each gets a transaction of its own, and the others lose nothing but time.
                for wish in wishes:
                    self.commit(transaction, deque([wish]))
                return
            if not wishes or (not ready and _is_the_database(error)):
                # All would wait for it again, one after the other.
                deque(self._take(waiting, wishes), maxlen=0)
            for wish in wishes:
                wish.error = error

    def _take(self, waiting: deque[_Wish], wishes: list[_Wish]) -> Iterator[_Wish]:
        while waiting:
            wish = waiting.popleft()
            if wish.group is None:  # else taken once more, alone
                wish.group = self
                self._members.append(wish)
            wishes.append(wish)
            yield wish

    def settle(self) -> None:
        """Do what is done after a commit; then nobody waits any more."""
        for wishes, session in self._committed:
            try:
                for act in session.info.get("after_commit", ()):
                    act()
            except BaseException as error:
                for wish in wishes:
                    wish.error = error
        while self._members:  # and none stays: it and its wishes would keep each other alive
            self._members.pop().called.release()
        self._committed.clear()


def _is_the_database(error: BaseException) -> bool:
    """That it is away or locked, which is the same for all; not a deadlock (40P01), of which each is free alone."""
    return isinstance(error, OperationalError) and getattr(error.orig, "sqlstate", None) != "40P01"


@contextmanager
def _transaction(first: _Wish) -> Iterator[Plain]:
    def begun(session: Plain) -> write_lock.MayWrite:
        return begin(session, time.monotonic() - first.since, first.ahead)

    lock = current_app.extensions["write_lock"]
    with write_lock.queue(lock) if lock else nullcontext(), connected(begun) as (transaction, answer):
        try:
            write_lock.refuse_unless_free(answer)
            yield transaction
            with faults_of(transaction.dialect):
                transaction.driver.commit()
        except BaseException:
            with suppress(Exception):  # what came first is worth more
                transaction.driver.rollback()
            raise
