"""Whether the letters about the seal are out before the draw: the sentence and its arithmetic."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.sweepstakes.campaigns import DRAWS, SEALS
from webapp.sweepstakes.seal_mail import SealMail, outlook

BEFORE = SEALS - timedelta(days=2)
AHEAD = SealMail(
    owed=10_000,
    projected=False,
    sent=0,
    in_time=0,
    dead=0,
    kept=False,
    first=None,
    last=None,
    rate=100,
    starts_at=SEALS,
    draws_at=DRAWS,
    sealed=False,
    drawn=False,
    ended=False,
)
ZONE = "America/New_York"


def test_letters_that_fit_are_told_with_rate_and_time() -> None:
    found = outlook(AHEAD, zone=ZONE, now=BEFORE)
    assert (found.in_time, found.finishes_at) == (True, SEALS + timedelta(minutes=100))
    assert found.says.startswith("10,000 letters about the seal, at MAIL_RATE=100 a minute, take 1 h 40 min: out by ")
    assert "22 h 20 min before the draw" in found.says


def test_letters_that_do_not_fit_are_a_warning_with_the_rate_that_would_do() -> None:
    found = outlook(replace(AHEAD, owed=200_000, projected=True), zone=ZONE, now=BEFORE)
    assert (found.in_time, found.finishes_at) == (False, SEALS + timedelta(minutes=2000))
    assert "(as projected)" in found.says
    assert "9 h 20 min AFTER the draw" in found.says
    assert "Set MAIL_RATE to 139 or more" in found.says  # 200,000 in 1,440 minutes
    assert outlook(replace(AHEAD, owed=200_000, rate=139), zone=ZONE, now=BEFORE).in_time is True
    assert outlook(replace(AHEAD, owed=200_000, rate=138), zone=ZONE, now=BEFORE).in_time is False


def test_without_a_rate_only_what_is_needed_is_told() -> None:
    found = outlook(replace(AHEAD, rate=0), zone=ZONE, now=BEFORE)
    assert (found.in_time, found.finishes_at) == (None, None)
    assert "must take 7 a minute (10,000 in 24 h)" in found.says


def test_without_a_rate_the_speed_so_far_tells() -> None:
    going = replace(AHEAD, rate=0, sealed=True, kept=True, sent=601, first=SEALS, last=SEALS + timedelta(minutes=10))
    found = outlook(going, zone=ZONE, now=SEALS + timedelta(minutes=10))
    assert found.in_time is True
    assert "9,399 letters about the seal still to go, at 60, the speed so far, a minute, take 2 h 37 min" in found.says
    assert outlook(going, zone=ZONE, now=DRAWS - timedelta(hours=1)).in_time is False


def test_after_the_time_of_the_draw_nothing_left_is_in_time() -> None:
    late = replace(AHEAD, sealed=True, kept=True, sent=10, dead=2)
    found = outlook(late, zone=ZONE, now=DRAWS)
    assert found.in_time is False
    assert "9,988 letters about the seal still to go, and the time of the draw" in found.says
    assert "2 more could not be sent: `flask mail list --state dead`" in found.says


@pytest.mark.parametrize(("in_time", "verdict"), [(10_000, True), (9_999, False)])
def test_a_draw_is_judged_by_what_had_been_sent_before_it(in_time: int, verdict: bool) -> None:
    past = replace(AHEAD, sealed=True, drawn=True, kept=True, sent=10_000, in_time=in_time, first=SEALS, last=DRAWS)
    found = outlook(past, zone=ZONE, now=DRAWS + timedelta(days=1))
    assert found.in_time is verdict
    assert f"{in_time:,} of 10,000 letters" in found.says


def test_when_the_letters_notes_are_purged_that_is_said() -> None:
    found = outlook(replace(AHEAD, sealed=True, drawn=True), zone=ZONE, now=DRAWS)
    assert found.in_time is None
    assert "holds no letter" in found.says


def test_nobody_in_is_no_letter_but_a_room_for_so_many() -> None:
    found = outlook(replace(AHEAD, owed=0), zone=ZONE, now=BEFORE)
    assert found.says.endswith("At MAIL_RATE=100 a minute 144,000 of them fit into the 24 h between seal and draw.")
