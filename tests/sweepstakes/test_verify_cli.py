"""`flask sweepstakes verify`: whatever was changed by hand is named by table and row, also where nothing can be read any more."""

import json
import os
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient, FlaskCliRunner
from sqlalchemy import Table, delete, update
from sqlalchemy.orm import Session

from tests.draw.test_verifying import unguard
from tests.sweepstakes.campaigns import NOW, done, enter, open_one, refused
from webapp.draw.rows import CHECKPOINT, LEAF
from webapp.sweepstakes.models import Campaign, Entrant


@pytest.fixture(autouse=True)
def drawn(run: FlaskCliRunner, tmp_path: Path) -> object:
    """A drawn campaign of three: open, three entries, seal, draw."""
    with time_machine.travel(NOW, tick=False) as traveller:
        open_one(run, tmp_path)
        enter(3)
        done(run, "close", "win-100", "--now", "--yes")
        done(run, "draw", "win-100")
        yield traveller


def doctor(run: FlaskCliRunner) -> dict[str, str]:
    """What it says of each check."""
    result = run.invoke(args=["doctor", "--json"])
    assert isinstance(result.exception, SystemExit), result.exception
    return {one["check"]: one["what"] for one in json.loads(result.stdout)["checks"]}


@pytest.mark.parametrize(
    ("table", "where", "values", "named"),
    [
        (LEAF, {"index": 0}, {"data": b"{}"}, "draw_leaf, leaf 0: its data has no known type"),
        (LEAF, {"index": 4}, {"data": b"\xff"}, "draw_leaf, leaf 4: its data is not JSON"),
        (LEAF, {"index": 5}, {"data": b'{"type":"draw"}'}, "draw_leaf, leaf 5: its data lacks its member"),
        (LEAF, {"index": 0}, None, "draw_leaf, leaf 0: it is missing"),
        (CHECKPOINT, {"kind": "seal"}, {"kind": "paid"}, "draw_checkpoint, size 5: its kind is paid, leaf 4 is seal"),
        (CHECKPOINT, {"kind": "seal"}, {"note": "nonsense"}, "draw_checkpoint, size 5: That is no signed note"),
        (CHECKPOINT, {"kind": "seal"}, None, "draw_checkpoint, size 5: it is missing"),
        (CHECKPOINT, {"kind": "open"}, None, "draw_checkpoint, size 1: it is missing"),
    ],
)
def test_a_log_that_cannot_even_be_read_is_told_row_by_row(
    run: FlaskCliRunner,
    client: FlaskClient,
    session: Session,
    table: Table,
    where: dict[str, Any],
    values: dict[str, Any] | None,
    named: str,
) -> None:
    unguard(session)
    here = [table.c[name] == value for name, value in where.items()]
    session.execute(delete(table).where(*here) if values is None else update(table).where(*here).values(values))
    session.commit()
    assert f"invalid: {named}" in refused(run, "verify", "win-100")
    for command in (["show"], ["close", "--now", "--yes"], ["draw"], ["award", "1", "--yes"], ["winners"], ["bundle", "/dev/null/x"]):
        refused(run, command[0], "win-100", *command[1:])
    for command in (["sweepstakes", "list"], ["sweepstakes", "stats", "win-100"]):
        result = run.invoke(args=command)
        assert (result.exit_code, "`flask sweepstakes verify win-100` names the first" in result.stderr) == (1, True)
    told = doctor(run)
    assert named in told["logs"]
    for path in ("", "/sealed", "/result.json", "/bundle.zip"):
        response = client.get(f"/draws/win-100{path}")
        assert (response.status_code, response.headers["Retry-After"]) == (503, "30"), path


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *((name, timedelta(hours=1)) for name in ("opens_at", "closes_at", "confirm_until", "seals_at", "draws_at")),
        *((name, 7) for name in ("winners", "alternates", "claim_days", "minimum_age", "prize_minor")),
        *((name, "Something else") for name in ("title", "prize", "sponsor", "sponsor_address", "eligibility")),
        ("beacon", {"kind": "operator", "commitment": "00" * 32}),
        ("currency", "EUR"),
        ("state", "open"),
    ],
)
def test_a_campaign_changed_by_hand_after_its_opening_is_found(run: FlaskCliRunner, session: Session, column: str, value: Any) -> None:
    done(run, "verify", "win-100")
    campaign = session.query(Campaign).one()
    setattr(campaign, column, getattr(campaign, column) + value if isinstance(value, timedelta) else value)
    session.commit()
    said = refused(run, "verify", "win-100")
    assert "invalid: sweepstakes_campaign, win-100: its " in said
    assert column in said


@pytest.mark.skipif(os.cpu_count() == 1, reason="there is no process beside on one core")
def test_a_process_beside_that_fails_ends_verifying_in_a_sentence(run: FlaskCliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.draw.lowest.MANY", 1)
    done(run, "verify", "win-100")
    monkeypatch.setattr("sys.executable", shutil.which("false"))
    assert "has failed, or was killed" in refused(run, "verify", "win-100")


def test_an_entry_whose_row_is_gone_is_missed(run: FlaskCliRunner, session: Session) -> None:
    assert run.invoke(args=["entrant", "erase", "win-100", "--entry", "2", "--yes"]).exit_code == 0
    done(run, "verify", "win-100")  # who was erased has a row without a person
    session.execute(delete(Entrant).where(Entrant.entry_index == 1))
    session.commit()
    assert "invalid: sweepstakes_entrant, win-100: 1 entry of the log without a row." in refused(run, "verify", "win-100")
