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
    assert [(day["day"], day["confirmed"]) for day in found["days"]] == [
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


def test_the_odds_are_projected_to_the_close_by_the_last_seven_days(
    run: FlaskCliRunner, tmp_path: Path, clock: time_machine.Traveller
) -> None:
    open_one(run, tmp_path)
    assert answer(run, "stats", "win-100")["projected"] is None
    enter(10)  # now: four days less two hours after the opening
    gone, left = NOW - OPENS, CLOSES - NOW
    found = answer(run, "stats", "win-100")
    assert (found["odds"], found["projected"]) == ("1 in 10", round(10 + 10 * (left / gone)))
    assert "days since the opening" in found["projection"]["basis"]
    clock.move_to(NOW + timedelta(days=6, hours=23))
    found = answer(run, "stats", "win-100")
    more = 10 / 7 * ((CLOSES - NOW) / timedelta(days=1) - 6 - 23 / 24)
    assert (found["projected"], found["projected_odds"]) == (round(10 + more), f"1 in {round(10 + more)}")
    assert "the mean of the last 7 days, 1.4 entries a day, goes on until the close" in done(run, "stats", "win-100")
    clock.move_to(NOW + timedelta(days=7, seconds=1))
    assert answer(run, "stats", "win-100")["projected"] == 10  # nobody in the last seven days
    for moment in (OPENS + timedelta(minutes=59), CLOSES):
        clock.move_to(moment)
        assert answer(run, "stats", "win-100")["projected"] is None


def test_nobody_yet_and_no_campaign_are_said_plainly(run: FlaskCliRunner, tmp_path: Path) -> None:
    create(run, tmp_path)
    assert answer(run, "stats", "win-100")["state"] == "draft"
    done(run, "open", "win-100", "--yes")
    words = done(run, "stats", "win-100")
    assert "nobody yet" in words
    assert "no entry yet" in words
    assert "There is no campaign other" in refused(run, "stats", "other")
