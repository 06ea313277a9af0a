"""Mass mail: everybody once, some hundreds at a time, and never before a letter that somebody waits for."""

from collections.abc import Sequence

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.sweepstakes.campaigns import NOW
from webapp import clock
from webapp.database import db, writing
from webapp.mail import Letter, Paragraph, mailing, owe, owe_all, register_letter, register_mailing
from webapp.mail.models import Mailing, Outbox
from webapp.mail.registered import mailings

EVERYBODY = 13


@pytest.fixture(autouse=True)
def stopped_clock() -> object:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def news(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A letter to readers 10, 20, 30 …, of whom five are taken at a time; the list holds who was written to, in order."""
    monkeypatch.setattr(mailing, "AT_ONCE", 5)
    written: list[int] = []

    def render(_session: Session, ref: int) -> Letter:
        written.append(ref)
        return Letter(to=f"reader{ref}@example.com", subject="News", parts=(Paragraph("There is news."),))

    def readers(_session: Session, ref: int, after: int, limit: int) -> Sequence[int]:
        assert ref == 7
        return [number for number in range(10, EVERYBODY * 10 + 1, 10) if number > after][:limit]

    register_letter(app, "news", render)
    register_letter(app, "confirm", render)
    register_mailing(app, "news", readers)
    return written


def send(run: FlaskCliRunner) -> str:
    result = run.invoke(args=["mail", "send"])
    assert result.exit_code == 0, result.output
    return result.output


def owed() -> int:
    db.session.rollback()
    return len(db.session.scalars(select(Outbox.id)).all())


def test_everybody_gets_the_letter_once_however_often_it_is_owed_and_sent(run: FlaskCliRunner, news: list[int]) -> None:
    for expected in (True, False):
        with writing() as session:
            assert owe_all(session, "news", 7, now=clock.now()) is expected
    assert owed() == 0
    assert f"Sent {EVERYBODY}" in send(run)
    assert "Sent 0" in send(run)
    assert news == list(range(10, EVERYBODY * 10 + 1, 10))


def test_rows_are_made_some_at_a_time_and_a_dead_sender_is_taken_over_where_it_stood(app: Flask, run: FlaskCliRunner) -> None:
    with writing() as session:
        owe_all(session, "news", 7, now=clock.now())
    for rows in (5, 10, EVERYBODY, EVERYBODY):
        with writing() as session:
            mailing.expand(session, mailings(app), now=clock.now())
        assert owed() == rows
    (row,) = db.session.scalars(select(Mailing))
    assert (row.done, row.cursor) == (True, EVERYBODY * 10)


def test_a_confirmation_goes_before_mass_mail_that_waited_longer(app: Flask, run: FlaskCliRunner, news: list[int]) -> None:
    with writing() as session:
        owe_all(session, "news", 7, now=clock.now())
    with writing() as session:
        mailing.expand(session, mailings(app), now=clock.now())
    with time_machine.travel(NOW.replace(hour=13), tick=False):
        with writing() as session:
            owe(session, "confirm", 1, dedupe_key="confirm/1", now=clock.now())
        send(run)
    assert news[0] == 1
    assert len(news) == EVERYBODY + 1


def test_a_mailing_to_nobody_is_done_and_the_next_one_is_looked_at(app: Flask, run: FlaskCliRunner, news: list[int]) -> None:
    register_mailing(app, "silence", lambda *_: [])
    with writing() as session:
        owe_all(session, "silence", 7, now=clock.now())
        owe_all(session, "news", 7, now=clock.now())
    send(run)
    assert len(news) == EVERYBODY
    assert all(row.done for row in db.session.scalars(select(Mailing)))
