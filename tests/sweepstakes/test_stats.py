"""`flask sweepstakes stats`: figures by the campaign's own days, and none that names anybody."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from flask.testing import FlaskClient, FlaskCliRunner

from tests.sweepstakes.campaigns import CLOSES, NOW, OPENS, answer, changed, create, done, enter, open_one, refused
from tests.sweepstakes.entering import letters, link, post
from webapp.database import writing
from webapp.sweepstakes.cli_record import sparkline
from webapp.sweepstakes.models import Entrant


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def confirmed_at(moments: list[datetime]) -> None:
    """Entrants confirmed at these moments, as rows only."""
    with writing() as session:
        session.add_all(
            Entrant(campaign_id=1, state="confirmed", registered_at=moment, confirmed_at=moment, entry_index=1000 + n)
            for n, moment in enumerate(moments)
        )


def test_days_are_the_campaigns_own_and_none_is_left_out(run: FlaskCliRunner, tmp_path: Path) -> None:
    open_one(run, tmp_path)  # its zone is five hours behind UTC
    confirmed_at(
        [datetime.fromisoformat(text) for text in ("2026-11-28T04:59:59+00:00", "2026-11-28T05:00:00+00:00", "2026-12-01T04:00:00+00:00")]
    )
    found = answer(run, "stats", "win-100")
    assert [(day["day"], day["entries"]) for day in found["days"]] == [
        ("2026-11-27", 1),
        ("2026-11-28", 1),
        ("2026-11-29", 0),
        ("2026-11-30", 1),
    ]
    assert "██▁█  2026-11-27 to 2026-11-30" in done(run, "stats", "win-100")


def test_a_zone_with_a_quarter_of_an_hour_has_its_own_midnight(run: FlaskCliRunner, tmp_path: Path) -> None:
    open_one(run, tmp_path, changed("timezone", 'timezone = "Asia/Kathmandu"'))  # 5:45 ahead
    confirmed_at([datetime.fromisoformat("2026-11-28T18:14:59+00:00"), datetime.fromisoformat("2026-11-28T18:15:00+00:00")])
    assert [day["day"] for day in answer(run, "stats", "win-100")["days"]] == ["2026-11-28", "2026-11-29"]


def test_who_confirms_and_which_letters_are_counted(run: FlaskCliRunner, client: FlaskClient, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    for name in ("ada", "bob", "eve", "joe"):
        post(client, email=f"{name}@example.com")
    path = link(letters(run).text())
    client.post(path, data={"name": "Joe Reader"})
    found = answer(run, "stats", "win-100")
    assert (found["asked"], found["confirmed"], found["confirmation_rate"]) == (4, 1, 0.25)
    assert (found["entrants"]["pending"], found["entrants"]["confirmed"]) == (3, 1)
    assert found["letters"] == {"new": 1, "sent": 4}
    words = done(run, "stats", "win-100")
    assert "1 of 4 who used the form (25%)" in words
    assert "1 new, 4 sent" in words
    assert "example.com" not in words


def test_the_odds_are_projected_to_the_close_while_entry_is_open(
    run: FlaskCliRunner, tmp_path: Path, clock: time_machine.Traveller
) -> None:
    open_one(run, tmp_path)
    assert answer(run, "stats", "win-100")["projected"] is None
    enter(10)
    clock.move_to(OPENS + (CLOSES - OPENS) / 4)
    found = answer(run, "stats", "win-100")
    assert (found["odds"], found["projected"], found["projected_odds"]) == ("1 in 10", 40, "1 in 40")
    assert "1 in 40 at the close, if it goes on like this (40 entries)" in done(run, "stats", "win-100")
    for moment in (OPENS + timedelta(minutes=59), CLOSES):
        clock.move_to(moment)
        assert answer(run, "stats", "win-100")["projected"] is None


def test_nobody_yet_and_no_campaign_are_said_plainly(run: FlaskCliRunner, tmp_path: Path) -> None:
    create(run, tmp_path)
    assert "never opened" in refused(run, "stats", "win-100")
    done(run, "open", "win-100", "--yes")
    words = done(run, "stats", "win-100")
    assert "nobody yet" in words
    assert "no entry yet" in words
    assert "There is no campaign other" in refused(run, "stats", "other")


def test_bars_reach_from_none_to_the_most() -> None:
    assert sparkline([0, 1, 4, 8]) == "▁▁▄█"
    assert sparkline([0, 0]) == "▁▁"
    assert sparkline([]) == ""
