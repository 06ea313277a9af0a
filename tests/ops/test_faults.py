"""The running server under faults: nothing acknowledged is lost, nothing is there twice."""

import http.client
import random
import sqlite3
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.ops.faulting import open_campaign, register
from tests.serving import LOST, Site, inbox, installed_site, kill_group, web
from webapp.keys import load_keys

pytestmark = pytest.mark.slow

KILLS = 12


@dataclass
class Readers:
    """Many people who register, each pressing again until there is an answer."""

    here: Site
    stop: threading.Event = field(default_factory=threading.Event)
    acknowledged: list[str] = field(default_factory=list)
    unanswered: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    numbers: "count[int]" = field(default_factory=count)
    patience_ends: float = field(default_factory=lambda: time.monotonic() + 20 * LOST)

    def one(self) -> None:
        while not self.stop.is_set():
            email = f"reader{next(self.numbers)}@example.com"
            while self._press(email) != 303:
                assert time.monotonic() < self.patience_ends, f"no answer for {email}: {self.answers}"
                time.sleep(0.05)
            self.acknowledged.append(email)

    def _press(self, email: str) -> int | None:
        try:
            status = register(self.here, email)
        except (OSError, http.client.HTTPException):
            self.unanswered += 1
            return None
        self.answers[status] += 1
        return status


def test_twelve_kills_under_load_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    here = installed_site(tmp_path / "instance", LIMITS="off")
    open_campaign(here, tmp_path)
    readers, chance = Readers(here), random.Random(4)  # the moments are chance enough: the load has its own
    server = web(here)
    with ThreadPoolExecutor(6) as pool:
        running = [pool.submit(readers.one) for _ in range(6)]
        try:
            for _ in range(KILLS):
                time.sleep(chance.uniform(0.2, 1.2))
                kill_group(server)
                server = web(here)
        finally:
            readers.stop.set()
            for one in running:
                one.result(timeout=2 * LOST)
            kill_group(server)
    index = load_keys(here.instance / "keys")
    with sqlite3.connect(here.instance / "daily-draw.sqlite3") as database:
        keys = [key for (key,) in database.execute("SELECT email_key FROM sweepstakes_entrant")]
        letters = [ref for (ref,) in database.execute("SELECT ref FROM mail_outbox WHERE kind = 'confirm'")]
        ids = [number for (number,) in database.execute("SELECT id FROM sweepstakes_entrant")]
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()
    assert len(readers.acknowledged) > KILLS
    assert readers.unanswered > 0, "no post was under way at any kill"
    assert sorted(keys) == sorted(index.blind("email", email) for email in readers.acknowledged)
    assert sorted(letters) == sorted(ids)
    assert set(readers.answers) <= {303, 503}, readers.answers


def test_fifty_posts_of_one_address_at_once_are_one_row_and_one_mail(database_url: str | None, tmp_path: Path) -> None:
    more = {"DATABASE_URL": database_url} if database_url else {}
    with inbox() as box:
        here = installed_site(tmp_path / "instance", LIMITS="off", MAIL_URL=f"smtp://127.0.0.1:{box.port}", **more)
        open_campaign(here, tmp_path)
        server = web(here)
        start = threading.Barrier(50)

        unavailable: list[int] = []

        def press(number: int) -> int:
            """As people do: again, if told to."""
            start.wait()
            while (status := register(here, ("ada.reader@gmail.com", "AdaReader+draw@googlemail.com")[number % 2])) == 503:
                unavailable.append(number)
                assert len(unavailable) < 50
            return status

        try:
            with ThreadPoolExecutor(50) as pool:
                answers = list(pool.map(press, range(50)))
        finally:
            kill_group(server)
        assert answers == [303] * 50
        for _ in range(2):
            here.flask("mail", "send")
        assert len(box.messages) == 1
    engine = create_engine(database_url or f"sqlite:///{here.instance / 'daily-draw.sqlite3'}")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM sweepstakes_entrant")).scalar_one() == 1
        assert connection.execute(text("SELECT count(*) FROM mail_outbox")).scalar_one() == 1
    engine.dispose()
