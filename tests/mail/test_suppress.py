"""Who gets no mail: checked when a letter goes out, learnt from the server's answer, kept without a name."""

import json
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import select

from tests.mail.conftest import rows, states
from tests.mail.server import Box
from webapp import clock
from webapp.database import db, writing
from webapp.mail import Letter, Paragraph, owe, register_letter
from webapp.mail.models import Suppression

Owed = Callable[..., None]
NOBODY = {"bounce": 0, "complaint": 0, "unsubscribed": 0}


def invoke(run: FlaskCliRunner, *args: str) -> str:
    result = run.invoke(args=["mail", *args])
    assert result.exit_code == 0, result.output
    return result.stdout


def counts(run: FlaskCliRunner) -> dict[str, int]:
    found: dict[str, int] = json.loads(invoke(run, "suppressed", "--json"))
    return found


@pytest.fixture
def ad(app: Flask) -> Callable[[str], None]:
    """Owes marketing mail to an address."""
    to: list[str] = []

    def render(_session: object, ref: int) -> Letter:
        headers = (("List-Unsubscribe", "<https://news.example/unsubscribe/x>"),)
        return Letter(to=to[ref], subject="Buy", parts=(Paragraph("Buy."),), headers=headers)

    register_letter(app, "ad", render)

    def owed(address: str) -> None:
        to.append(address)
        with writing() as session:
            owe(session, "ad", len(to) - 1, dedupe_key=f"ad/{address}", now=clock.now())

    return owed


@pytest.mark.parametrize("reason", ["bounce", "complaint"])
def test_a_suppressed_mailbox_gets_nothing_in_whatever_spelling(run: FlaskCliRunner, server: Box, owed: Owed, reason: str) -> None:
    invoke(run, "suppress", "Reader1@Example.COM", "--reason", reason)
    owed(1, 2)
    assert "1 no longer owed" in invoke(run, "send")
    assert [(row.state, row.reason) for row in rows()] == [("dropped", f"Suppressed: {reason}"), ("sent", None)]
    assert [message["To"] for message in server.messages] == ["reader2@example.com"]


def test_who_unsubscribed_gets_letters_but_no_marketing(run: FlaskCliRunner, server: Box, owed: Owed, ad: Callable[[str], None]) -> None:
    invoke(run, "suppress", "reader1@example.com", "--reason", "unsubscribed")
    owed(1)
    ad("reader1@example.com")
    ad("reader2@example.com")
    invoke(run, "send")
    assert [(row.state, row.reason) for row in rows()] == [("sent", None), ("dropped", "Suppressed: unsubscribed"), ("sent", None)]
    assert [message["Subject"] for message in server.messages] == ["Letter 1 – é", "Buy"]


@pytest.mark.parametrize(
    "answer",
    ["550 no such user", "550 5.1.1 no such user", "553 5.1.1 <x> unknown", "550 5.1.10 null MX", "550-5.1.1 long\r\n550 5.1.1 so"],
)
def test_a_mailbox_that_does_not_exist_is_written_to_once(run: FlaskCliRunner, server: Box, owed: Owed, answer: str) -> None:
    server.rcpt = answer
    owed(1)
    invoke(run, "send")
    assert states() == ["dead"]
    assert counts(run) == NOBODY | {"bounce": 1}
    server.rcpt = None
    invoke(run, "retry", "--all")
    invoke(run, "send")
    assert [(row.state, row.reason) for row in rows()] == [("dropped", "Suppressed: bounce")]
    assert server.messages == []


@pytest.mark.parametrize(
    ("where", "answer"),
    [
        ("rcpt", "451 4.7.1 later"),
        ("rcpt", "550 relaying denied"),
        ("rcpt", "550 5.7.1 blocked by policy"),
        ("rcpt", "550 5.1.8 bad sender domain"),
        ("rcpt", "554 no"),
        ("rcpt", "552 5.2.2 mailbox full"),
        ("data", "550 5.1.1 looks like spam"),
    ],
)
def test_a_refusal_that_is_not_about_the_mailbox_silences_nobody(
    run: FlaskCliRunner, server: Box, owed: Owed, where: str, answer: str
) -> None:
    setattr(server, where, answer)
    owed(1)
    invoke(run, "send")
    assert counts(run) == NOBODY


def test_the_list_can_be_undone_and_names_nobody(run: FlaskCliRunner, server: Box, owed: Owed) -> None:
    for _ in range(2):
        invoke(run, "suppress", "reader1@example.com", "--reason", "bounce")
    invoke(run, "suppress", "reader1@example.com", "--reason", "unsubscribed")
    assert counts(run) == NOBODY | {"bounce": 1, "unsubscribed": 1}
    assert all(len(row.mailbox) == 32 and b"reader1" not in row.mailbox for row in db.session.scalars(select(Suppression)))
    assert "example.com" not in invoke(run, "suppressed")
    invoke(run, "unsuppress", "READER1@example.com")
    assert counts(run) == NOBODY
    owed(1)
    invoke(run, "send")
    assert states() == ["sent"]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["suppress", "nobody", "--reason", "bounce"], "lacks its @"),
        (["unsuppress", "nobody"], "lacks its @"),
        (["unsuppress", "stranger@example.com"], "not on the list"),
    ],
)
def test_a_command_that_cannot_says_so(run: FlaskCliRunner, args: list[str], words: str) -> None:
    result = run.invoke(args=["mail", *args])
    assert result.exit_code == 1
    assert words in result.stderr
