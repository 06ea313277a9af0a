"""Whatever the mail server does wrong, at whatever step: when it is repaired the queue drains, and each letter arrives once.

And the sender that is killed: its letter goes out once more, never a third time.
"""

import asyncio
import logging
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from aiosmtpd.smtp import SMTP, Envelope, Session
from flask.testing import FlaskClient, FlaskCliRunner

from tests.mail.conftest import NOW, rows, states
from tests.mail.faulty import STEPS, Faulty, faulty
from tests.mail.server import Box, smtp_server
from tests.mail.test_send import post_to
from tests.serving import BIN, LOST
from tests.sweepstakes.campaigns import open_now, open_one
from tests.sweepstakes.entering import post
from webapp.config import ROOT
from webapp.database import writing
from webapp.mail.connecting import Unreachable, without_addresses
from webapp.mail.delivering import _dotted
from webapp.mail.looking import retry
from webapp.mail.rounds import send_due
from webapp.mail.sending import LEASE, SENDER_DIED, lease
from webapp.site import settings

Owed = Callable[..., None]


@pytest.fixture
def broken() -> Iterator[Faulty]:
    with faulty() as server:
        yield server


class TestRepairs:
    @pytest.fixture(params=["sqlite"])
    def database_url(self) -> None:
        """Nothing here depends on the database."""
        return

    @pytest.fixture(autouse=True)
    def traveller(self) -> Iterator[time_machine.Traveller]:
        with time_machine.travel(NOW, tick=False) as traveller:
            yield traveller

    def drain(self, port: int, traveller: time_machine.Traveller) -> None:
        for _ in range(3):
            traveller.shift(timedelta(minutes=5))
            send_due(post_to(port))

    @pytest.mark.parametrize("what", ["451 later", "421 busy", "554 no service", "drop", "stall"])
    @pytest.mark.parametrize("step", STEPS)
    def test_the_queue_drains_after_the_repair_and_each_letter_arrives_once(
        self, owed: Owed, broken: Faulty, traveller: time_machine.Traveller, step: str, what: str
    ) -> None:
        owed(1, 2)
        broken.fault = (step, what)
        early = step in {"greeting", "EHLO"}
        silence = {} if what != "stall" else {"greeting": 0.3} if early else {"answers": 0.3}
        try:
            send_due(post_to(broken.port, **silence))
            assert not early
        except Unreachable as fault:
            assert early, fault
        assert broken.taken == []
        # Before the first letter nothing is a letter's fault; 554 later on is for good; all else is tried again.
        refused = not early and what.startswith("554")
        assert [(row.state, row.attempts) for row in rows()] == [("dead" if refused else "new", 0 if early else 1)] * 2
        broken.fault = None
        if refused:
            with writing() as session:
                assert retry(session, (), now=NOW) == 2
        self.drain(broken.port, traveller)
        assert states() == ["sent", "sent"]
        assert sorted(str(message["To"]) for message in broken.taken) == ["reader1@example.com", "reader2@example.com"]

    def test_only_a_server_that_takes_a_letter_and_breaks_the_line_gets_it_twice_under_one_id(
        self, owed: Owed, broken: Faulty, traveller: time_machine.Traveller
    ) -> None:
        owed(1)
        broken.fault = ("text", "take and drop")
        send_due(post_to(broken.port))
        broken.fault = None
        self.drain(broken.port, traveller)
        assert states() == ["sent"]
        assert len(broken.taken) == 2
        assert broken.taken[0]["Message-ID"] == broken.taken[1]["Message-ID"]

    def test_lines_that_begin_with_a_dot_arrive_as_they_were(self, owed: Owed, broken: Faulty) -> None:
        assert _dotted(b".\r\na\r\n..b\r\n") == b"..\r\na\r\n...b\r\n.\r\n"
        assert _dotted(b"a") == b"a\r\n.\r\n"
        owed(1)
        send_due(post_to(broken.port))
        assert "Hello <b>é</b>" in broken.taken[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]

    def test_no_log_line_and_no_reason_names_whom_a_letter_was_for(
        self, run: FlaskCliRunner, owed: Owed, broken: Faulty, caplog: pytest.LogCaptureFixture, traveller: time_machine.Traveller
    ) -> None:
        caplog.set_level(logging.INFO)
        owed(1, 13, 14)
        for step in STEPS:
            broken.fault = (step, "450 4.2.1 <reader1@example.com> (Reader One <READER1@example.com>): reader1@example.com is greylisted")
            try:
                send_due(post_to(broken.port))
            except Unreachable as fault:
                assert "example.com" not in str(fault)
            assert all("example.com" not in (row.reason or "") for row in rows())
            assert "example.com" not in run.invoke(args=["mail", "list"]).stdout
            traveller.shift(timedelta(minutes=30))
        assert "cannot be written: KeyError" in caplog.text
        assert "reader1" not in caplog.text.lower()
        assert "example.com" not in caplog.text


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("550 5.1.1 <a@b.example>: Recipient address rejected", "550 5.1.1 <…>: Recipient address rejected"),
        ("550 a@b.example unknown", "550 <…> unknown"),
        ("550 <a@b.example>... User unknown", "550 <…>... User unknown"),
        ("550 no such user", "550 no such user"),
    ],
)
def test_what_servers_repeat_of_an_address_is_left_out(said: str, kept: str) -> None:
    assert without_addresses(said) == kept


def test_a_letter_whose_sender_died_twice_is_given_up_and_listed(owed: Owed) -> None:
    owed(1)
    for died in range(2):
        with writing() as session:
            taken = lease(session, now=NOW + died * LEASE)
        assert taken is not None
        assert taken.reason == (SENDER_DIED if died else None)
    with writing() as session:
        assert lease(session, now=NOW + 2 * LEASE) is None
    assert [(row.state, row.reason, row.lease_until) for row in rows()] == [("dead", SENDER_DIED, None)]


class Killer(Box):
    """Takes a letter, and kills the sender before it hears of that."""

    armed = False
    victim: subprocess.Popen[bytes] | None = None

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        answer = await super().handle_DATA(server, session, envelope)
        while self.armed:
            if self.victim is not None:
                os.kill(self.victim.pid, signal.SIGKILL)
                break
            await asyncio.sleep(0.01)  # it was begun a moment ago
        return answer


class TestAKilledSender:
    @pytest.fixture
    def server(self) -> Iterator[Box]:
        with smtp_server(box=Killer(0)) as box:
            yield box

    def test_it_sends_that_letter_once_more_under_one_id_and_no_other_twice(
        self, run: FlaskCliRunner, client: FlaskClient, server: Killer, tmp_path: Path
    ) -> None:
        open_one(run, tmp_path, open_now())
        for number in range(2):
            post(client, email=f"reader{number}@example.com")
        environ = {"INSTANCE_PATH": str(settings().instance), "DATABASE_URL": settings().database_url, "PATH": os.environ["PATH"]}
        environ["MAIL_URL"] = f"smtp://127.0.0.1:{server.port}"
        command = [BIN / "flask", "--app", "wsgi", "mail", "send"]
        server.armed = True
        server.victim = subprocess.Popen(command, cwd=ROOT, env=environ)
        assert server.victim.wait(2 * LOST) == -signal.SIGKILL
        server.armed = False
        assert (len(server.messages), states()) == (1, ["sending", "new"])
        assert "Sent 1" in run.invoke(args=["mail", "send"]).stdout  # the other one; the first is held until its lease ends
        with time_machine.travel(datetime.now(UTC) + LEASE, tick=False):
            assert "Sent 1" in run.invoke(args=["mail", "send"]).stdout
        copies = Counter(str(message["Message-ID"]) for message in server.messages)
        assert sorted(copies.values()) == [1, 2]
        assert copies[str(server.messages[0]["Message-ID"])] == 2
        assert states() == ["sent", "sent"]
