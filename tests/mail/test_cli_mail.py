"""`flask mail`: without a server letters become files; lists, shows, retries, tests; the loop ends when told to."""

import json
import os
import signal
import stat
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy.orm import Session

from tests.mail.conftest import rows, states
from tests.mail.server import Box
from tests.serving import BIN, LOST, wait_until
from webapp import clock
from webapp.config import ROOT, MailServer
from webapp.database import writing
from webapp.mail import Queue, cli, mail_server_problem, on_round, owe_all, queue_state
from webapp.mail.connecting import Unreachable
from webapp.mail.delivering import Server
from webapp.site import settings

Owed = Callable[..., None]


def invoke(run: FlaskCliRunner, *args: str) -> str:
    result = run.invoke(args=["mail", *args])
    assert result.exit_code == 0, result.output
    return result.stdout


class TestWithoutAServer:
    @pytest.fixture
    def environ(self) -> dict[str, str]:
        return {}

    def test_letters_become_files_that_only_the_owner_reads_with_whole_links(self, run: FlaskCliRunner, owed: Owed) -> None:
        owed(1)
        before = os.umask(0o022)
        try:
            assert "MAIL_URL is not set" in invoke(run, "send")
        finally:
            os.umask(before)
        (file,) = (settings().instance / "outbox").iterdir()
        assert file.name == f"{rows()[0].id:06d}-note.eml"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
        assert "https://news.example/confirm/" + "x" * 90 in file.read_text(encoding="utf-8").splitlines()

    @pytest.mark.parametrize("args", [("mail", "send"), ("mail", "test", "you@example.com"), ("tick",)])
    def test_a_folder_that_cannot_be_written_is_a_sentence_and_no_success(self, run: FlaskCliRunner, owed: Owed, args: list[str]) -> None:
        folder = settings().instance / "outbox"
        folder.write_text("a file where the folder should be")
        owed(1)
        refused = run.invoke(args=[*args])
        assert refused.exit_code == 1
        assert f"The folder {folder}, into which letters go while MAIL_URL is not set, cannot be written: " in refused.output
        assert "Traceback" not in refused.output
        assert "Nothing was due" not in refused.output
        assert mail_server_problem(settings()) is not None
        assert [(row.state, row.attempts) for row in rows()] == [("new", 0)]
        folder.unlink()
        assert mail_server_problem(settings()) is None
        assert "Sent 1" in invoke(run, "send")

    def test_a_folder_that_fails_in_the_middle_keeps_the_letters(self, run: FlaskCliRunner, owed: Owed) -> None:
        owed(1)
        (settings().instance / "outbox" / f"{rows()[0].id:06d}-note.eml").mkdir(parents=True)
        assert "1 to be tried again" in invoke(run, "send")
        assert "The folder cannot be written" in (rows()[0].reason or "")

    def test_a_test_letter_becomes_a_file_too(self, run: FlaskCliRunner) -> None:
        assert "outbox" in invoke(run, "test", "you@example.com")
        (file,) = (settings().instance / "outbox").iterdir()
        assert "To: you@example.com" in file.read_text(encoding="utf-8")


def test_list_shows_states_and_reasons_and_no_address(run: FlaskCliRunner, server: Box, owed: Owed) -> None:
    server.rcpt = "550 no"
    owed(1)
    invoke(run, "send")
    owed(2)
    listed = invoke(run, "list")
    assert "550 no" in listed
    assert "example.com" not in listed
    assert [row["state"] for row in json.loads(invoke(run, "list", "--json"))] == ["new", "dead"]
    assert [row["ref"] for row in json.loads(invoke(run, "list", "--state", "dead", "--json"))] == [1]
    assert invoke(run, "list", "--state", "sent") == "No letters.\n"


def test_show_prints_a_letter_as_it_would_be_sent(run: FlaskCliRunner, owed: Owed) -> None:
    owed(1, 2)
    assert "To: reader2@example.com" in invoke(run, "show", "--last")
    shown = json.loads(invoke(run, "show", str(rows()[0].id), "--json"))
    assert (shown["to"], shown["subject"]) == ("reader1@example.com", "Letter 1 – é")


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["show", "--last"], 1, "no such letter"),
        (["show", "99"], 1, "no such letter"),
        (["show"], 2, "--last"),
        (["retry"], 2, "--all"),
        (["retry", "99"], 1, "0 of 1"),
        (["test", "nobody"], 1, "not an e-mail address"),
        (["test", "a@b.example\nBcc: c@d.example"], 1, "not an e-mail address"),
    ],
)
def test_a_command_that_cannot_says_so_and_fails(run: FlaskCliRunner, args: list[str], code: int, words: str) -> None:
    result = run.invoke(args=["mail", *args])
    assert result.exit_code == code
    assert words in result.stderr


def test_the_queue_in_figures(run: FlaskCliRunner, server: Box, owed: Owed, session: Session) -> None:
    nothing = dict.fromkeys(("new", "sending", "sent", "dead", "dropped"), 0)
    assert queue_state(session, now=clock.now()) == Queue(rows=nothing, oldest_due_seconds=0, mailings=0)
    server.rcpt = "554 no"
    owed(1, 13)
    invoke(run, "send")
    owed(2, 3)
    with writing() as writer:
        owe_all(writer, "note", 7, now=clock.now())
    found = queue_state(session, now=rows()[2].next_at + timedelta(seconds=90))
    assert (found.rows, found.dead, found.oldest_due_seconds, found.mailings) == (nothing | {"new": 2, "dead": 1, "dropped": 1}, 1, 90, 1)
    assert queue_state(session, now=rows()[2].next_at - timedelta(seconds=90)).oldest_due_seconds == 0


def test_a_letter_no_longer_owed_cannot_be_shown(run: FlaskCliRunner, owed: Owed) -> None:
    owed(13)
    assert run.invoke(args=["mail", "show", "--last"]).exit_code == 1


def test_retry_gives_dead_letters_another_chance(run: FlaskCliRunner, server: Box, owed: Owed) -> None:
    server.rcpt = "554 no"
    owed(1, 2)
    invoke(run, "send")
    server.rcpt = None
    assert "1 due now" in invoke(run, "retry", str(rows()[0].id))
    invoke(run, "send")
    assert states() == ["sent", "dead"]
    assert json.loads(invoke(run, "retry", "--all", "--json")) == {"due": 1}
    invoke(run, "send")
    assert states() == ["sent", "sent"]
    assert len(server.messages) == 2


def test_a_test_letter_goes_past_the_outbox_and_says_what_the_server_said(run: FlaskCliRunner, server: Box) -> None:
    assert "Handed to the mail server" in invoke(run, "test", "you@example.com")
    assert server.messages[0]["To"] == "you@example.com"
    server.rcpt = "550 relaying denied"
    result = run.invoke(args=["mail", "test", "you@example.com"])
    assert result.exit_code == 1
    assert "550 relaying denied" in result.stderr


def test_a_password_is_never_in_an_error(server: Box) -> None:
    with pytest.raises(Unreachable) as caught:
        Server(MailServer(host="127.0.0.1", port=server.port, user="u", password="s3cret", tls=False), our_name="localhost")
    assert "s3cret" not in str(caught.value)


def test_the_loop_takes_every_turn_and_survives_what_goes_wrong_in_one(app: Flask, server: Box, owed: Owed) -> None:
    turns: list[int] = []

    def failing() -> None:
        turns.append(len(turns))
        if len(turns) == 1:
            owed(1)
            raise ValueError
        os.kill(os.getpid(), signal.SIGTERM)

    on_round(app, failing)
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        cli._loop()
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
    assert turns == [0, 1]
    assert len(server.messages) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_loop_as_a_process_looks_for_letters_and_ends_cleanly(server: Box, owed: Owed, number: signal.Signals, tmp_path: Path) -> None:
    owed(1)  # of a kind that the process does not know: it tries in vain, and goes on
    environ = {
        "INSTANCE_PATH": str(settings().instance),
        "DATABASE_URL": settings().database_url,
        "MAIL_URL": f"smtp://127.0.0.1:{server.port}",
        "PATH": os.environ["PATH"],
    }
    with (tmp_path / "log").open("w+") as log:
        child = subprocess.Popen([BIN / "flask", "--app", "wsgi", "mail", "send", "--loop"], cwd=ROOT, env=environ, stdout=log, stderr=log)
        try:
            wait_until(lambda: rows()[0].attempts, "an attempt", 2 * LOST)
        finally:
            child.send_signal(number)
            ended = child.wait(2 * LOST)
        assert ended == 0
        log.seek(0)
        assert "Traceback" not in log.read()
