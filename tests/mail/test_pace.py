"""MAIL_RATE and BOUNCE_ADDRESS: how fast letters go, and where they come back to."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskCliRunner

from tests.mail.conftest import NOW, rows, states
from tests.mail.server import Box
from webapp import clock
from webapp.config import read_settings
from webapp.mail import cli
from webapp.mail.pacing import Pace
from webapp.mail.rounds import send_due
from webapp.site import settings

Owed = Callable[..., None]


@pytest.fixture(autouse=True)
def traveller() -> object:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def one_letter(pause: Callable[[float], object]) -> None:
    """What a sender does that starts, sends one letter and ends."""
    taken: list[int] = []
    post = cli._post(lambda: bool(taken), pause)
    send_due(replace(post, return_path=lambda letter_id: f"bounces@news.example{taken.append(letter_id) or ''}"))


class TestASlowSender:
    @pytest.fixture
    def environ(self, environ: dict[str, str]) -> dict[str, str]:
        return {**environ, "MAIL_RATE": "20", "BOUNCE_ADDRESS": "bounces@news.example"}

    def test_letters_go_no_faster_than_the_rate(self, app: Flask, owed: Owed, traveller: time_machine.Traveller) -> None:
        owed(1, 2, 3, 4)
        assert send_due(cli._post(lambda: False, traveller.shift)).sent == 4
        gaps = [later.sent_at - sooner.sent_at for sooner, later in pairwise(rows()) if later.sent_at and sooner.sent_at]
        assert gaps == [timedelta(seconds=3)] * 3

    def test_two_senders_together_go_no_faster_than_one(self, app: Flask, owed: Owed, traveller: time_machine.Traveller) -> None:
        owed(*range(100, 130))
        for _ in range(30):  # each sends one letter, and knows of the others by the count alone
            one_letter(traveller.shift)
        sent = sorted(row.sent_at for row in rows() if row.sent_at)
        assert len(sent) == 30
        assert max(sum(1 for later in sent if first <= later < first + timedelta(minutes=1)) for first in sent) <= 20

    def test_a_sender_that_waits_for_others_ends_when_told_to(self, app: Flask, owed: Owed) -> None:
        owed(*range(100, 125))
        told: list[float] = []
        post = cli._post(lambda: len(told) > 30, told.append)
        assert send_due(post).sent == 20  # the clock stands still
        assert len(told) == 31

    def test_where_the_count_is_away_each_sender_keeps_its_own_pace(
        self, app: Flask, owed: Owed, traveller: time_machine.Traveller
    ) -> None:
        (settings().instance / "limits.sqlite3").mkdir()
        owed(1, 2)
        post = cli._post(lambda: False, traveller.shift)
        assert send_due(post).sent == 2
        assert rows()[1].sent_at == NOW + timedelta(seconds=3)

    def test_a_sender_told_to_stop_while_it_waits_takes_no_letter(self, app: Flask, owed: Owed) -> None:
        owed(1, 2)
        told: list[float] = []
        assert send_due(cli._post(lambda: bool(told), told.append)).sent == 1
        assert told == [3]
        assert states() == ["sent", "new"]

    def test_reports_go_to_a_return_path_of_each_letters_own_and_answers_to_the_sender(
        self, run: FlaskCliRunner, server: Box, owed: Owed
    ) -> None:
        owed(1, 2)
        assert run.invoke(args=["mail", "send"]).exit_code == 0
        assert all(re.fullmatch(r"bounces\+\d+\.[0-9a-f]{16}@news\.example", sender or "") for sender in server.senders)
        assert len(set(server.senders)) == 2
        assert server.messages[0]["From"] == "The Daily Draw <no-reply@127.0.0.1>"


def test_without_settings_mail_goes_as_fast_as_it_can_and_bounces_go_to_the_sender(run: FlaskCliRunner, server: Box, owed: Owed) -> None:
    owed(*range(100, 120))
    assert "Sent 20" in run.invoke(args=["mail", "send"]).output
    assert set(server.senders) == {"no-reply@127.0.0.1"}


def test_a_clock_that_is_set_back_holds_up_no_letter(traveller: time_machine.Traveller) -> None:
    waited: list[float] = []
    pace = Pace(per_minute=60, now=clock.now, pause=waited.append, stop=lambda: False)
    pace.wait()
    traveller.shift(timedelta(hours=-1))
    pace.wait()
    assert waited == [1]


@pytest.mark.parametrize(("name", "value"), [("MAIL_RATE", "-1"), ("MAIL_RATE", "fast"), ("BOUNCE_ADDRESS", "Us <a@b.example>")])
def test_what_cannot_be_used_is_a_fault(name: str, value: str) -> None:
    (fault,) = read_settings({name: value})[1]
    assert fault.name == name
