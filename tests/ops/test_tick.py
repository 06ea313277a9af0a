"""`flask tick`: what the clock makes due, once, for each campaign by itself."""

import json
import signal
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.draw.relays import answer as of_relay
from tests.draw.relays import relay
from tests.serving import BIN, LOST, wait_until
from tests.sweepstakes.campaigns import CLOSES, DRAND, DRAWS, NOW, SEALS, answer, changed, create, done, enter, open_one
from tests.sweepstakes.entering import LATER, entrants, letters, link, post
from tests.sweepstakes.test_claim import FORM
from webapp.config import ROOT
from webapp.draw import round_time
from webapp.ops import last_tick
from webapp.ops.ticked import Ticked, remember
from webapp.ops.ticking import every_minute
from webapp.site import settings
from webapp.sweepstakes.models import Audit, Campaign


@pytest.fixture(autouse=True)
def clock() -> "time_machine.Traveller":
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def tick(run: FlaskCliRunner, *, ok: bool = True) -> Any:
    result = run.invoke(args=["tick", "--json"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == (0 if ok else 1), result.output
    return json.loads(result.stdout)


def did(ticked: Any) -> list[tuple[str, str]]:
    return [(one["campaign"], one["what"]) for one in ticked["did"]]


def state(session: Session, slug: str = "win-100") -> str:
    session.rollback()
    return session.scalars(select(Campaign.state).where(Campaign.slug == slug)).one()


def test_before_anything_is_due_nothing_happens(run: FlaskCliRunner, session: Session, tmp_path: Path, clock: Any) -> None:
    create(run, tmp_path, changed("slug", 'slug = "draft"'))
    open_one(run, tmp_path)
    for moment in (NOW, CLOSES, SEALS - timedelta(seconds=1)):
        clock.move_to(moment)
        assert tick(run)["did"] == []
    assert (state(session), state(session, "draft")) == ("open", "draft")
    assert "Nothing was due." in run.invoke(args=["tick"]).output


def test_a_clock_set_back_opens_nothing_that_was_closed(run: FlaskCliRunner, client: FlaskClient, tmp_path: Path, clock: Any) -> None:
    open_one(run, tmp_path)
    clock.move_to(CLOSES - timedelta(seconds=1))
    tick(run)
    assert post(client).status_code == 303
    clock.move_to(CLOSES)
    tick(run)
    clock.move_to(CLOSES - timedelta(hours=1))
    late = post(client, email="late@example.com")
    assert (late.status_code, len(entrants())) == (422, 1)
    assert 'value="late@example.com"' in late.text
    assert 'action="/register"' not in client.get("/").text
    assert answer(run, "show", "win-100")["state"] == "closed"
    clock.move_to(SEALS)
    tick(run)
    clock.move_to(CLOSES - timedelta(hours=1))
    assert tick(run)["did"] == []
    assert post(client, email="late@example.com").status_code == 422


def test_a_campaign_is_sealed_and_drawn_at_its_times_and_all_are_told(
    run: FlaskCliRunner, session: Session, tmp_path: Path, clock: Any
) -> None:
    open_one(run, tmp_path)
    enter(5)
    clock.move_to(SEALS)
    first = tick(run)
    assert did(first) == [("win-100", "sealed")]
    assert first["mail"]["sent"] == 5
    assert state(session) == "sealed"
    clock.move_to(DRAWS - timedelta(seconds=1))
    assert tick(run)["did"] == []
    clock.move_to(DRAWS)
    ticked = tick(run)
    assert did(ticked) == [("win-100", "drawn")]
    assert ticked["mail"]["sent"] == 3  # the winner and two who are neither that nor alternate
    assert tick(run)["did"] == []
    assert {row.actor for row in session.scalars(select(Audit).where(Audit.action.in_(("close", "draw"))))} == {"tick"}


def drand_due(run: FlaskCliRunner, folder: Path, clock: Any, slug: str = "win-100") -> Any:
    """A drand campaign whose round is 42, sealed, at the moment of its draw."""
    draws = round_time(42)
    clock.move_to(draws - timedelta(days=10))
    times = {"opens_at": 20, "closes_at": 9, "seals_at": 2, "draws_at": 0}
    lines = {name: f"{name} = {(draws - timedelta(days=days)).isoformat()}" for name, days in times.items()}
    source = changed("opens_at", lines["opens_at"], changed("closes_at", lines["closes_at"], DRAND))
    source = changed("slug", f'slug = "{slug}"', source)
    open_one(run, folder, changed("claim_days", f"{lines['seals_at']}\n{lines['draws_at']}", source), slug)
    enter(5, slug)
    clock.move_to(draws - timedelta(days=2))
    done(run, "close", slug, "--yes")
    clock.move_to(draws)
    return draws


def test_a_drand_campaign_is_drawn_when_its_round_is_there_and_tried_again_until_then(
    app: Flask, run: FlaskCliRunner, session: Session, tmp_path: Path, clock: Any
) -> None:
    drand_due(run, tmp_path, clock)
    with relay(status=404) as here:
        app.extensions["drand_relays"] = (here.url,)
        ticked = tick(run, ok=False)
        assert "No relay gave the signature of drand round 42" in ticked["problems"][0]["words"]
        assert state(session) == "sealed"
        here.status, here.body = 200, of_relay()
        assert did(tick(run)) == [("win-100", "drawn")]
    assert answer(run, "verify", "win-100")["verdict"] == "verified, seal time unproven"


def test_one_failing_campaign_does_not_stop_the_others(
    app: Flask, run: FlaskCliRunner, session: Session, tmp_path: Path, clock: Any
) -> None:
    for slug in ("a-first", "b-second", "c-third"):
        open_one(run, tmp_path, changed("slug", f'slug = "{slug}"'), slug)
        enter(2, slug)
    (settings().keys / "logs" / "a-first").unlink()
    (settings().keys / "logs" / "b-second").write_text("00" * 32)
    clock.move_to(SEALS)
    ticked = tick(run, ok=False)
    assert did(ticked) == [("c-third", "sealed")]
    assert [one["campaign"] for one in ticked["problems"]] == ["a-first", "b-second"]
    assert "key file a-first is missing" in ticked["problems"][0]["words"]
    assert "not the one that the log b-second was opened with" in ticked["problems"][1]["words"]
    assert (state(session, "a-first"), state(session, "c-third")) == ("open", "sealed")
    left = last_tick(settings().instance)
    assert left is not None
    assert (left.at, len(left.did), len(left.problems)) == (SEALS, 1, 2)


def test_a_seal_that_was_missed_comes_late_and_one_missed_by_a_week_is_left_to_the_admin(
    run: FlaskCliRunner, session: Session, tmp_path: Path, clock: Any
) -> None:
    open_one(run, tmp_path)
    open_one(run, tmp_path, changed("slug", 'slug = "other"'), "other")
    enter(1)
    clock.move_to(DRAWS + timedelta(hours=1))
    done(run, "void", "other", "--reason", "test", "--yes")
    assert "late, so the draw moved" in tick(run)["did"][0]["words"]
    assert state(session) == "sealed"


def test_what_can_only_be_voided_is_told_and_not_voided(run: FlaskCliRunner, session: Session, tmp_path: Path, clock: Any) -> None:
    open_one(run, tmp_path)
    enter(1)
    clock.move_to(DRAWS + timedelta(days=7))
    assert "must be voided" in tick(run, ok=False)["problems"][0]["words"]
    assert state(session) == "open"


def test_with_nobody_eligible_it_says_that_only_void_is_left(run: FlaskCliRunner, session: Session, tmp_path: Path, clock: Any) -> None:
    open_one(run, tmp_path)
    for moment in (SEALS, DRAWS):
        clock.move_to(moment)
        ticked = tick(run, ok=moment == SEALS)
    assert "can only be voided" in ticked["problems"][0]["words"]
    assert state(session) == "sealed"


def test_an_operators_campaign_that_was_closed_early_is_left_to_its_operator_until_the_day_in_its_rules(
    run: FlaskCliRunner, tmp_path: Path, clock: Any
) -> None:
    open_one(run, tmp_path)
    enter(2)
    done(run, "close", "win-100", "--now", "--yes")
    assert tick(run)["did"] == []
    clock.move_to(DRAWS)
    assert did(tick(run)) == [("win-100", "drawn")]


def test_a_winner_is_reminded_once_and_an_overdue_claim_is_told_and_never_forfeited(
    run: FlaskCliRunner, session: Session, tmp_path: Path, clock: Any
) -> None:
    open_one(run, tmp_path)
    enter(3)
    done(run, "close", "win-100", "--now", "--yes")
    done(run, "draw", "win-100")
    until = NOW + timedelta(days=14)
    assert tick(run)["mail"]["sent"] == 3 + 1  # the seals, the prize
    clock.move_to(until - timedelta(days=3, seconds=1))
    assert tick(run)["did"] == []
    clock.move_to(until - timedelta(days=3))
    ticked = tick(run)
    assert (did(ticked), ticked["mail"]["sent"]) == ([("win-100", "reminded")], 1)
    box = letters(run)
    assert box.all()[-1]["Subject"].startswith("Your prize is still unclaimed: Win $100, entry ")
    assert "ends Tuesday 15 December 2026, 07:00 EST" in " ".join(box.text().split())
    assert link(box.text(), "/claim/")
    assert tick(run)["did"] == []
    clock.move_to(until)
    for _ in range(2):
        (one,) = tick(run)["did"]
        assert one["what"] == "overdue"
        assert "forfeit win-100 1 --reason no_answer" in one["words"]
    assert state(session) == "drawn"


def test_who_has_claimed_is_neither_reminded_nor_overdue_but_waits_for_the_admin(
    run: FlaskCliRunner, client: FlaskClient, tmp_path: Path, clock: Any
) -> None:
    open_one(run, tmp_path)
    enter(1)
    done(run, "close", "win-100", "--now", "--yes")
    done(run, "draw", "win-100")
    page = link(letters(run).text(0), "/claim/")  # first: the seal's letter is mass mail
    assert client.post(page, data=FORM).status_code == 303
    for days in (12, 15):
        clock.move_to(NOW + timedelta(days=days))
        assert did(tick(run)) == [("win-100", "claimed")]
    done(run, "award", "win-100", "1", "--yes")
    assert tick(run)["did"] == []


class TestWithPurge:
    @pytest.fixture
    def environ(self) -> dict[str, str]:
        return {"PURGE": "on"}

    def test_what_was_kept_long_enough_goes_at_most_once_an_hour(
        self, run: FlaskCliRunner, client: FlaskClient, tmp_path: Path, clock: Any
    ) -> None:
        open_one(run, tmp_path)
        post(client)
        over = LATER + timedelta(days=7)
        for moment in (over - timedelta(minutes=1), over):
            clock.move_to(moment)
            assert [one for one in did(tick(run)) if one[0] == "personal data"] == []
        assert entrants()[0].email
        clock.move_to(over + timedelta(hours=1))
        ticked = tick(run)
        assert [one for one in did(ticked) if one[0] == "personal data"] == [("personal data", "purged"), ("personal data", "compacted")]
        assert any("1 row, wipe: Registrations that were never confirmed" in one["words"] for one in ticked["did"])
        assert (entrants()[0].state, entrants()[0].email) == ("erased", None)


def test_without_purge_nothing_is_deleted(run: FlaskCliRunner, client: FlaskClient, tmp_path: Path, clock: Any) -> None:
    open_one(run, tmp_path)
    post(client)
    clock.move_to(NOW + timedelta(days=31))
    assert [one for one in did(tick(run)) if one[0] == "personal data"] == []
    assert entrants()[0].network


def test_a_mail_server_that_is_away_fails_the_mail_and_not_the_seal(database_url: str | None, tmp_path: Path) -> None:
    from tests.conftest import make_app
    from webapp.database import db
    from webapp.ops import install

    app = make_app(tmp_path / "away", MAIL_URL="smtp://127.0.0.1:9", **({"DATABASE_URL": database_url} if database_url else {}))
    with app.app_context():
        install(settings())
        run = app.test_cli_runner()
        open_one(run, tmp_path)
        enter(1)
        with time_machine.travel(SEALS, tick=False):
            ticked = tick(run, ok=False)
        assert did(ticked) == [("win-100", "sealed")]
        assert "cannot be used" in ticked["mail_problem"]
        db.session.remove()
        db.engine.dispose()


def test_the_loop_ticks_at_once_and_then_each_minute(run: FlaskCliRunner, tmp_path: Path, clock: Any) -> None:
    def at() -> Any:
        left = last_tick(settings().instance)
        return left and left.at

    loop: Callable[[], None] = every_minute()
    loop()
    assert at() == NOW
    clock.shift(timedelta(seconds=59))
    loop()
    assert at() == NOW
    clock.shift(timedelta(seconds=1))
    loop()
    assert at() == NOW + timedelta(minutes=1)


@pytest.mark.slow
def test_the_mail_loop_ticks(tmp_path: Path) -> None:
    folder = tmp_path / "instance"
    folder.mkdir()
    environ = {"INSTANCE_PATH": str(folder), "PATH": "/usr/bin:/bin"}
    flask = [str(BIN / "flask"), "--app", "wsgi"]
    subprocess.run([*flask, "init"], cwd=ROOT, env=environ, check=True, capture_output=True)
    loop = subprocess.Popen([*flask, "mail", "send", "--loop"], cwd=ROOT, env=environ)
    try:
        wait_until(lambda: last_tick(folder), "a tick")
    finally:
        loop.send_signal(signal.SIGTERM)
        assert loop.wait(timeout=LOST) == 0


@pytest.mark.parametrize("left", ["", "{", "[]", '{"at": "x"}', '{"at": "2026-12-01T12:00:00Z", "did": [{"x": 1}], "problems": []}'])
def test_a_torn_note_of_the_last_tick_counts_as_none(tmp_path: Path, left: str) -> None:
    assert last_tick(tmp_path) is None
    (tmp_path / "tick.json").write_text(left)
    assert last_tick(tmp_path) is None


def test_what_cannot_be_noted_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "tick.json").mkdir()
    remember(Ticked(at=NOW, did=(), problems=()), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["tick.json"]
