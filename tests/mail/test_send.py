"""`flask mail send` against a real SMTP server, good and bad: every letter once, whatever the server does."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskCliRunner

from tests.mail.conftest import NOW, rows, states
from tests.mail.server import Box, saying, smtp_server
from tests.serving import LOST
from webapp import clock
from webapp.database import writing
from webapp.mail.composing import Sender
from webapp.mail.connecting import Unreachable
from webapp.mail.delivering import Server
from webapp.mail.pacing import Pace
from webapp.mail.rounds import Post, send_due
from webapp.mail.sending import ATTEMPTS, LEASE, lease, wait
from webapp.site import settings

Owed = Callable[..., None]


@pytest.fixture(autouse=True)
def traveller() -> object:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def send(run: FlaskCliRunner) -> str:
    result = run.invoke(args=["mail", "send"])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_letter_is_sent_once_with_all_its_headers_and_both_parts(run: FlaskCliRunner, server: Box, owed: Owed) -> None:
    owed(1)
    assert "Sent 1" in send(run)
    assert "Sent 0" in send(run)
    (message,) = server.messages
    assert message["To"] == "reader1@example.com"
    assert message["From"] == "The Daily Draw <no-reply@127.0.0.1>"
    assert message["Subject"] == "Letter 1 – é"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == NOW
    assert message["Message-ID"] == f"<{rows()[0].message_id}@127.0.0.1>"
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert "Hello <b>é</b> & all." in text.get_content()
    assert "Hello &lt;b&gt;é&lt;/b&gt; &amp; all." in html.get_content()
    for part in (text, html):
        for words in ("https://news.example/confirm/" + "x" * 90, "1 Main Street", "Springfield", "help@example.com"):
            assert words in part.get_content()
    assert states() == ["sent"]


def test_no_line_of_a_message_is_longer_than_smtp_allows(run: FlaskCliRunner, server: Box, owed: Owed) -> None:
    owed(1)
    send(run)
    assert max(len(line) for line in server.messages[0].as_bytes().splitlines()) <= 998


def test_a_letter_no_longer_owed_is_dropped(run: FlaskCliRunner, server: Box, owed: Owed) -> None:
    owed(13)
    assert "1 no longer owed" in send(run)
    assert server.messages == []
    assert states() == ["dropped"]


def test_a_letter_that_cannot_be_written_waits_and_holds_up_no_other(run: FlaskCliRunner, server: Box, owed: Owed) -> None:
    owed(14, 1)
    send(run)
    assert len(server.messages) == 1
    bad, _ = rows()
    assert (bad.state, bad.reason, bad.next_at > NOW) == ("new", "It could not be written: KeyError", True)


def test_owing_twice_is_owing_once(owed: Owed) -> None:
    owed(1, 1)
    owed(1)
    assert states() == ["new"]


@pytest.mark.parametrize("where", ["rcpt", "data"])
def test_a_refusal_for_now_is_retried_and_then_sent_once_under_the_same_id(
    run: FlaskCliRunner, server: Box, owed: Owed, traveller: time_machine.Traveller, where: str
) -> None:
    setattr(server, where, "451 try later")
    owed(1, 2)
    assert "2 to be tried again" in send(run)
    assert [(row.state, row.attempts, row.reason) for row in rows()] == [("new", 1, "451 try later")] * 2
    ids = {row.message_id for row in rows()}
    setattr(server, where, None)
    assert "Sent 0" in send(run)
    traveller.shift(timedelta(minutes=2))
    assert "Sent 2" in send(run)
    assert len(server.messages) == 2
    assert {str(message["Message-ID"]).split("@")[0][1:] for message in server.messages} == ids


@pytest.mark.parametrize("where", ["rcpt", "data"])
def test_a_refusal_for_good_ends_the_letter_with_its_reason_and_stops_no_other(
    run: FlaskCliRunner, server: Box, owed: Owed, where: str
) -> None:
    setattr(server, where, "550 no such user")
    owed(1)
    assert "1 given up" in send(run)
    setattr(server, where, None)
    owed(2)
    assert "Sent 1" in send(run)
    assert [(row.state, row.reason) for row in rows()] == [("dead", "550 no such user"), ("sent", None)]


def test_a_line_that_breaks_after_the_text_is_tried_once_more(
    run: FlaskCliRunner, server: Box, owed: Owed, traveller: time_machine.Traveller
) -> None:
    server.drop = True
    owed(1)
    send(run)
    assert "may have arrived" in (rows()[0].reason or "")
    traveller.shift(timedelta(minutes=2))
    send(run)
    assert states() == ["dead"]
    first, second = server.messages
    assert first["Message-ID"] == second["Message-ID"]  # so that mail programs show one


def test_a_server_that_answers_after_a_broken_line_ends_it_well(
    run: FlaskCliRunner, server: Box, owed: Owed, traveller: time_machine.Traveller
) -> None:
    server.drop = True
    owed(1, 2)
    send(run)
    server.drop = False
    traveller.shift(timedelta(minutes=2))
    send(run)
    assert states() == ["sent", "sent"]


def post_to(port: int, *, greeting: float = LOST, answers: float = LOST) -> Post:
    """A sender to the server on `port`; in seconds, how long it waits for the beginning and for each answer after that.

    Short only for what never comes: on a busy machine all else takes its time.
    """
    server = settings().mail_server
    assert server is not None
    there = type(server)(host="127.0.0.1", port=port, user=None, password=None, tls=False)

    def connect() -> Server:
        connected = Server(there, our_name="localhost", timeout=greeting)
        assert connected._smtp.sock is not None
        connected._smtp.sock.settimeout(answers)
        return connected

    return Post(
        sender=Sender.of(settings()),
        return_path=lambda letter_id: f"bounces+{letter_id}@news.example",
        connect=connect,
        now=clock.now,
        chance=lambda: 0.5,
        stop=lambda: False,
        pace=Pace(per_minute=0, now=clock.now, pause=lambda _seconds: None, stop=lambda: False),
    )


@pytest.mark.parametrize("greeting", [b"", b"554 no service\r\n", b"421 busy\r\n", b"220-never ends", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_a_server_that_cannot_be_used_is_no_letters_fault(run: FlaskCliRunner, server: Box, owed: Owed, greeting: bytes) -> None:
    owed(1, 2)
    with saying(greeting) as port, pytest.raises(Unreachable, match="cannot be used"):
        send_due(post_to(port, greeting=0.3))
    assert [(row.state, row.attempts) for row in rows()] == [("new", 0)] * 2
    assert "Sent 2" in send(run)  # at once when it is repaired


def test_a_server_that_falls_silent_in_the_middle_is_tried_later(
    owed: Owed, traveller: time_machine.Traveller, run: FlaskCliRunner
) -> None:
    owed(1)
    with saying(b"220 hello\r\n250 hello\r\n") as port:  # greeting and EHLO are answered, MAIL is not
        assert send_due(post_to(port, answers=0.3)).new == 1
    (row,) = rows()
    assert (row.state, row.attempts) == ("new", 1)
    traveller.shift(timedelta(minutes=2))
    assert "Sent 1" in send(run)


def test_the_command_says_in_a_line_that_the_server_is_away(run: FlaskCliRunner, owed: Owed, app: Flask) -> None:
    owed(1)
    with smtp_server() as gone:
        pass
    app.extensions["settings"] = _with_port(gone.port)
    result = run.invoke(args=["mail", "send"])
    assert result.exit_code == 1
    assert f"The mail server 127.0.0.1:{gone.port} cannot be used" in result.stderr
    assert "Traceback" not in result.stderr


def _with_port(port: int) -> object:
    from dataclasses import replace

    here = settings()
    assert here.mail_server is not None
    return replace(here, mail_server=here.mail_server._replace(port=port))


def test_four_senders_at_once_send_each_letter_once(app: Flask, server: Box, owed: Owed) -> None:
    owed(*range(100, 140))

    def one(_number: int) -> int:
        with app.app_context():
            return send_due(post_to(server.port)).sent

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(one, range(4))) == 40
    assert sorted(str(message["To"]) for message in server.messages) == [f"reader{number}@example.com" for number in range(100, 140)]


def test_a_letter_whose_sender_died_is_sent_when_its_lease_ends(
    run: FlaskCliRunner, owed: Owed, server: Box, traveller: time_machine.Traveller
) -> None:
    owed(1)
    with writing() as session:
        assert lease(session, now=NOW) is not None
    assert "Sent 0" in send(run)
    traveller.shift(LEASE)
    assert "Sent 1" in send(run)


def test_retries_wait_longer_and_longer_and_end_after_three_days(
    run: FlaskCliRunner, server: Box, owed: Owed, traveller: time_machine.Traveller
) -> None:
    server.rcpt = "450 greylisted"
    owed(1)
    waits = []
    while states() == ["new"]:
        traveller.move_to(rows()[0].next_at)
        before = clock.now()
        send(run)
        waits.append(rows()[0].next_at - before)
    assert len(waits) == ATTEMPTS
    assert timedelta(seconds=50) < waits[0] < timedelta(seconds=70)
    assert max(waits) < timedelta(hours=7)
    assert timedelta(hours=65) < clock.now() - NOW < timedelta(hours=85)
    assert (rows()[0].state, rows()[0].reason) == ("dead", f"Given up after {ATTEMPTS} attempts in three days: 450 greylisted")


def test_waits_are_spread_so_that_retries_do_not_arrive_together() -> None:
    assert wait(1, 0.0) == timedelta(seconds=54)
    assert wait(1, 0.99) > timedelta(seconds=65)
    assert sum((wait(n, 0.5) for n in range(1, ATTEMPTS)), timedelta()) > timedelta(hours=70)
