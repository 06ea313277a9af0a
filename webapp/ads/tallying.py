"""Events wait in memory for less than a second, then are written together: counting costs no page anything.

kill -9 loses at most what came within that second; a database that is away loses nothing, up to what is kept in memory.
"""

import threading
from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from webapp import clock
from webapp.ads.recording import Event, record
from webapp.counting import tally
from webapp.database import db, writing

EVERY = 0.5  # seconds
IDLE = 60  # times that there was nothing, then the thread ends
MOST_KEPT = 50_000
_AT_ONCE = 5_000


class Tally:
    """A process's events on their way to the database. Its thread starts with the first event, so after gunicorn's fork."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._events: list[Event] = []
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.dropped = 0

    def add(self, *events: Event) -> None:
        """Take note of `events`; never waits for the database. Beyond MOST_KEPT they are dropped, and `dropped` says how many."""
        with self._lock:
            room = MOST_KEPT - len(self._events)
            self._events += events[: max(0, room)]
            self.dropped += max(0, len(events) - room)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._write_now_and_then, name="ad counts", daemon=True)
                self._thread.start()
        for event in events:
            tally("ads", event=event.kind, outcome=event.reason or "counted")

    def write(self) -> None:
        """Write what has come. Raises what the database raises; the events are kept then."""
        with self._app.app_context():
            while True:
                with self._lock:
                    taken, self._events = self._events[:_AT_ONCE], self._events[_AT_ONCE:]
                if not taken:
                    return
                try:
                    with writing() as session:
                        record(session, taken, now=clock.now())
                except BaseException:
                    with self._lock:
                        self._events[:0] = taken
                    raise
                finally:
                    db.session.remove()

    def _write_now_and_then(self) -> None:
        idle = 0
        pause = threading.Event()
        while True:
            pause.wait(EVERY)
            with self._lock:
                idle = 0 if self._events else idle + 1
                if idle > IDLE:
                    self._thread = None  # said under the lock: whoever adds from now on starts another
                    return
            try:
                self.write()
            except (SQLAlchemyError, OSError):
                pause.wait(EVERY)


def at_exit(tally: Tally, register: Callable[[Callable[[], Any]], Any]) -> None:
    """Write the rest when the process ends in peace (`register` is atexit.register)."""

    def last() -> None:
        try:
            tally.write()
        except (SQLAlchemyError, OSError):
            return

    register(last)
