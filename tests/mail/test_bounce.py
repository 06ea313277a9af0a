"""`flask mail bounce`: what mail servers report of our letters; believed only by a letter's own return path."""

import json
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.mail.conftest import rows, states
from tests.mail.server import Box
from tests.sweepstakes.campaigns import open_now, open_one
from tests.sweepstakes.entering import post
from webapp.mail import register_addressee
from webapp.mail.reports import read_report
from webapp.mail.returning import letter_of, return_path

Owed = Callable[..., None]
NO_SUCH_USER = "smtp; 550 5.1.1 <reader1@example.com>: Recipient address rejected: User unknown"


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    return {**environ, "BOUNCE_ADDRESS": "bounces@news.example"}


@pytest.fixture(autouse=True)
def sent(app: Flask, run: FlaskCliRunner, server: Box, owed: Owed) -> Box:
    """Letters 1 and 2 went out."""
    register_addressee(app, {"note"}, lambda _session, ref: f"reader{ref}@example.com")
    owed(1, 2)
    assert run.invoke(args=["mail", "send"]).exit_code == 0
    return server


def report(
    to: str | None,
    message_id: str = "<none@elsewhere.example>",
    *,
    action: str = "failed",
    status: str = "5.1.1",
    diagnostic: str = NO_SUCH_USER,
) -> bytes:
    """A report as Postfix writes it (RFC 3464)."""
    return (
        f"Return-Path: <>\r\nTo: {to}\r\nFrom: MAILER-DAEMON@mx.example\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nI'm sorry to have to inform you that your message could not be delivered.\r\n\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example\r\nArrival-Date: Tue, 1 Dec 2026 12:00:00 +0000\r\n\r\n"
        f"Final-Recipient: rfc822; reader1@example.com\r\nAction: {action}\r\nStatus: {status}\r\nDiagnostic-Code: {diagnostic}\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {message_id}\r\nSubject: Letter 1\r\n\r\n--b--\r\n"
    ).encode()


def bounce(run: FlaskCliRunner, content: bytes) -> dict[str, Any]:
    """What one mail, piped in, was taken for."""
    done = run.invoke(args=["mail", "bounce", "--json"], input=content)
    assert done.exit_code == 0, done.output
    (found,) = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def suppressed(run: FlaskCliRunner) -> dict[str, int]:
    found: dict[str, int] = json.loads(run.invoke(args=["mail", "suppressed", "--json"]).stdout)
    return {reason: number for reason, number in found.items() if number}


def test_who_has_no_mailbox_is_suppressed_and_the_letter_is_listed_with_the_reason(run: FlaskCliRunner, sent: Box, owed: Owed) -> None:
    first = rows()[0]
    for _ in range(2):  # a mail program may hand it over twice
        found = bounce(run, report(sent.senders[0]))
        assert (found["done"], found["letter"], found["kind"]) == ("suppressed", first.id, "note")
        assert suppressed(run) == {"bounce": 1}
    assert [(row.state, row.reason) for row in rows()] == [
        ("dead", "It came back: failed 550 5.1.1 <…>: Recipient address rejected: User unknown"),
        ("sent", None),
    ]
    assert "reader1" not in run.invoke(args=["mail", "list"]).stdout
    run.invoke(args=["mail", "retry", "--all"])
    run.invoke(args=["mail", "send"])
    assert rows()[0].reason == "Suppressed: bounce"
    assert len(sent.messages) == 2


@pytest.mark.parametrize(
    ("status", "diagnostic"),
    [
        ("5.7.1", "smtp; 550 5.7.1 blocked by policy"),
        ("5.2.2", "smtp; 552 5.2.2 mailbox full"),
        ("4.4.7", "smtp; 451 4.4.1 no answer for five days"),
        ("5.0.0", "smtp; 554 looks like spam"),
    ],
)
def test_a_failure_that_is_not_about_the_mailbox_silences_nobody_but_is_listed(
    run: FlaskCliRunner, sent: Box, status: str, diagnostic: str
) -> None:
    assert bounce(run, report(sent.senders[0], status=status, diagnostic=diagnostic))["done"] == "given up"
    assert suppressed(run) == {}
    assert states() == ["dead", "sent"]


def test_a_status_that_says_nothing_is_judged_by_the_servers_words(run: FlaskCliRunner, sent: Box) -> None:
    assert bounce(run, report(sent.senders[0], status="5.0.0", diagnostic="smtp; 550 no such user here"))["done"] == "suppressed"


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded", "FAILED?", ""])
def test_what_is_no_failure_is_noted_alone(run: FlaskCliRunner, sent: Box, action: str) -> None:
    content = report(sent.senders[0], action=action, status="4.4.1")
    expected = "given up" if action.startswith("FAILED") else "noted"
    assert bounce(run, content)["done"] == expected
    assert suppressed(run) == {}


def _forged(name: str, path: str) -> str:
    local, _, domain = path.rpartition("@")
    letter, _, mac = local.partition("+")[2].partition(".")
    return {
        "no path": "bounces@news.example",
        "another letter": f"bounces+{int(letter) + 1}.{mac}@{domain}",
        "a guess": f"bounces+{letter}.{'0' * 16}@{domain}",
        "cut": f"bounces+{letter}.{mac[:-1]}@{domain}",
        "a letter that is gone": return_path("bounces@news.example", 999, b"another site's secret"),
    }[name]


@pytest.mark.parametrize("name", ["no path", "another letter", "a guess", "cut", "a letter that is gone"])
def test_a_report_that_anybody_could_have_written_changes_nothing_and_is_listed(run: FlaskCliRunner, sent: Box, name: str) -> None:
    assert sent.senders[0] is not None
    known = str(sent.messages[0]["Message-ID"])
    found = bounce(run, report(_forged(name, sent.senders[0]), known))
    assert (found["done"], found["letter"]) == ("not ours", rows()[0].id)
    assert bounce(run, report(_forged(name, sent.senders[0])))["letter"] is None
    assert suppressed(run) == {}
    assert states() == ["sent", "sent"]


def test_who_got_a_letter_can_end_our_mail_to_nobody_else(run: FlaskCliRunner, sent: Box) -> None:
    assert bounce(run, report(sent.senders[1], str(sent.messages[0]["Message-ID"])))["letter"] == rows()[1].id
    assert [json.loads(run.invoke(args=["mail", "unsuppress", f"reader{n}@example.com", "--json"]).stdout or "0") for n in (1, 2)] == [
        0,
        {"removed": True},
    ]


def test_a_complaint_silences_and_leaves_the_letter_sent(run: FlaskCliRunner, sent: Box) -> None:
    complaint = (
        "From: feedback@provider.example\nTo: abuse@news.example\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nThis is an e-mail abuse report.\n"
        "--b\nContent-Type: message/feedback-report\n\nFeedback-Type: {kind}\nUser-Agent: X/1\nVersion: 1\n"
        f"Original-Mail-From: <{sent.senders[0]}>\n\n"
        "--b\nContent-Type: message/rfc822\n\nSubject: Letter 1\n\nHello\n--b--\n"
    )
    assert bounce(run, complaint.replace("{kind}", "not-spam").encode())["done"] == "no report"
    assert bounce(run, complaint.replace("{kind}", "abuse").encode())["done"] == "suppressed"
    assert suppressed(run) == {"complaint": 1}
    assert states() == ["sent", "sent"]


def test_an_answer_by_a_person_or_a_program_is_no_report(run: FlaskCliRunner, sent: Box) -> None:
    answer = EmailMessage()
    answer["To"] = sent.senders[0]
    answer["Subject"] = "Out of office"
    answer.set_content("Action: failed\nStatus: 5.1.1\n")
    assert bounce(run, answer.as_bytes())["done"] == "no report"
    assert suppressed(run) == {}


def test_a_letter_of_an_erased_person_is_noted_without_a_mailbox(app: Flask, run: FlaskCliRunner, sent: Box) -> None:
    register_addressee(app, {"note"}, lambda _session, _ref: None)
    assert bounce(run, report(sent.senders[0]))["done"] == "given up"
    assert suppressed(run) == {}


def test_an_entrants_letter_that_comes_back_silences_the_entrants_mailbox(
    run: FlaskCliRunner, client: FlaskClient, sent: Box, tmp_path: Path
) -> None:
    open_one(run, tmp_path, open_now())
    post(client, email="Ada.Reader@gmail.com")
    run.invoke(args=["mail", "send"])
    assert bounce(run, report(sent.senders[-1]))["kind"] == "confirm"
    gone = run.invoke(args=["mail", "unsuppress", "adareader@googlemail.com"])
    assert gone.exit_code == 0, gone.output


def test_a_maildir_is_read_once_and_an_mbox_and_a_file_as_often_as_one_likes(run: FlaskCliRunner, sent: Box, tmp_path: Path) -> None:
    maildir = tmp_path / "bounces"
    for name in ("new", "cur", "tmp"):
        (maildir / name).mkdir(parents=True)
    for number, path in enumerate(sent.senders, 1):
        (maildir / "new" / f"{number}.host").write_bytes(report(path))
    told = run.invoke(args=["mail", "bounce", str(maildir)])
    assert "2 suppressed." in told.stdout
    assert sorted(path.name for path in (maildir / "cur").iterdir()) == ["1.host:2,S", "2.host:2,S"]
    assert run.invoke(args=["mail", "bounce", str(maildir)]).stdout == "No new mail.\n"
    box = tmp_path / "mbox"
    box.write_bytes(b"".join(b"From MAILER-DAEMON Tue Dec  1 12:00:00 2026\n" + report(path) + b"\n" for path in sent.senders))
    one = tmp_path / "one.eml"
    one.write_bytes(report(sent.senders[0]))
    for _ in range(2):
        assert "2 suppressed." in run.invoke(args=["mail", "bounce", str(box)]).stdout
        assert "1 suppressed." in run.invoke(args=["mail", "bounce", str(one)]).stdout
    assert suppressed(run) == {"bounce": 2}


@pytest.mark.parametrize(("source", "words"), [("{folder}", "is no Maildir"), ("{folder}/nothing", "does not exist")])
def test_what_cannot_be_read_is_a_sentence(run: FlaskCliRunner, tmp_path: Path, source: str, words: str) -> None:
    refused = run.invoke(args=["mail", "bounce", source.format(folder=tmp_path)])
    assert refused.exit_code != 0
    assert words in refused.stderr


WORDS = st.sampled_from(
    [b"--b\r\n", b"Content-Type: message/delivery-status\r\n\r\n", b"Action: failed\r\n", b"Status: 5.1.1\r\n", b"\r\n"]
)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@given(st.lists(st.one_of(WORDS, st.binary(max_size=40)), max_size=20))
def test_whatever_comes_in_is_a_report_or_none(pieces: list[bytes]) -> None:
    for content in (b"".join(pieces), report("x")[:400] + b"".join(pieces)):
        found = read_report(content)
        assert found is None or str(found).isprintable()


def test_a_mail_of_a_thousand_parts_within_parts_is_no_report() -> None:
    nested = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (level, level) for level in range(3000))
    assert read_report(nested) is None


def test_a_return_path_survives_servers_that_change_case_and_fits_into_an_address() -> None:
    path = return_path("bounces@news.example", 123_456, b"secret")
    assert letter_of([path.upper()], b"secret") == 123_456
    assert letter_of([path], b"other") is None
    long = f"{'x' * 60}@news.example"
    assert return_path(long, 1, b"secret") == long
