"""`flask demo --entrants`: so many made-up people as were asked for, whatever happened before."""

import json
from typing import Any

from flask.testing import FlaskCliRunner

from webapp import clock
from webapp.database import db, writing
from webapp.demo.filling import CAMPAIGN
from webapp.demo.people import made_up
from webapp.draw import LogKey, status
from webapp.site import keyring, settings
from webapp.sweepstakes import make_up_entrants, seal_people


def answer(run: FlaskCliRunner, *args: str) -> Any:
    result = run.invoke(args=[*args, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_repeat_goes_on_where_an_earlier_one_was_broken_off(run: FlaskCliRunner) -> None:
    answer(run, "demo")
    log = status(db.session(), CAMPAIGN)
    assert log is not None
    key = LogKey.load(settings().keys / "logs", CAMPAIGN, log.origin)
    people = seal_people(CAMPAIGN, map(made_up, range(30)), keyring())
    with writing() as session:  # and then it was killed
        make_up_entrants(session, CAMPAIGN, key, people[:10], now=clock.now())
    assert answer(run, "demo", "--entrants", "30")["entered"] == 20
    assert answer(run, "demo", "--entrants", "30")["entered"] == 0
    everybody = answer(run, "entrant", "list", CAMPAIGN, "--limit", "100")
    assert {row["email"] for row in everybody} == {made_up(number).email for number in range(30)}
    assert sorted(row["entry"] for row in everybody) == list(range(1, 31))
