"""Who is new, known, in, or wants no mail: the same page, the same headers, and the same work but for a mail's row."""

from pathlib import Path

import pytest
import time_machine
from flask.testing import FlaskClient, FlaskCliRunner

from tests.statements import statements
from tests.sweepstakes.campaigns import NOW, open_one
from tests.sweepstakes.entering import letters, link, outbox, post
from webapp.database import db

KINDS = ("pending", "confirmed", "suppressed", "excluded")


@pytest.fixture
def environ() -> dict[str, str]:
    return {"LIMIT_ADDRESS": "100 per hour"}


@pytest.fixture(autouse=True)
def clock(run: FlaskCliRunner, tmp_path: Path) -> object:
    with time_machine.travel(NOW, tick=False) as traveller:
        open_one(run, tmp_path)
        yield traveller


def known(client: FlaskClient, run: FlaskCliRunner, kind: str) -> str:
    """An address of this kind, to which a letter went yesterday."""
    email = f"{kind}@example.com"
    post(client, email=email)
    if kind in {"confirmed", "excluded"}:
        client.post(link(letters(run).text()), data={"name": "Ada Reader"})
    if kind == "excluded":
        result = run.invoke(args=["entrant", "exclude", "win-100", "--entry", "1", "--reason", "automated", "--yes"])
        assert result.exit_code == 0, result.output
    if kind == "suppressed":
        result = run.invoke(args=["mail", "suppress", email, "--reason", "complaint"])
        assert result.exit_code == 0, result.output
    letters(run)
    return email


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("again", ["the same day", "a day later"])
def test_the_answer_and_the_work_are_those_for_somebody_new(
    client: FlaskClient, run: FlaskCliRunner, clock: time_machine.Traveller, kind: str, again: str
) -> None:
    email = known(client, run, kind)
    if again == "a day later":
        clock.shift(86_400)
    post(client, email="warm@example.com")  # what is looked up once a second has been
    answers, work, mails = [], [], []
    for who in ("new@example.com", email):
        before = len(outbox())
        db.session.remove()
        with statements() as said:
            response = post(client, email=who)
        answers.append((response.status_code, response.text, [pair for pair in response.headers if pair[0] != "X-Request-ID"]))
        work.append([statement for statement in said if "mail_outbox" not in statement])
        mails.append(len(outbox()) - before)
    assert answers[0] == answers[1]
    assert work[0] == work[1]
    assert work[0] != []
    assert mails[0] == 1
    assert mails[1] <= 1
