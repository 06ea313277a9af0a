"""The newsletter's form and link when things are against them: nobody can write, everybody is doubted, all press at once."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from sqlalchemy import select, update

from tests.statements import statements
from tests.sweepstakes.campaigns import NOW
from tests.sweepstakes.entering import letters, link
from webapp.counting import counted
from webapp.database import db, nobody_writes, writing
from webapp.mail.models import Outbox
from webapp.site import settings
from webapp.sweepstakes.models import Subscriber

ADA = "ada@gmail.com"
SPELLINGS = (ADA, "a.d.a@gmail.com", "ADA@gmail.com", "ada+news@gmail.com", "ada@googlemail.com", " ada@gmail.com ")


@pytest.fixture
def environ(request: pytest.FixtureRequest) -> dict[str, str]:
    return {"LIMITS": "off"} | dict(getattr(request, "param", {}))


@pytest.fixture(autouse=True)
def clock() -> object:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def ask(client: FlaskClient, email: str = ADA, **fields: str) -> tuple[int, str]:
    answer = client.post("/newsletter", data={"email": email, **fields})
    return answer.status_code, answer.text


def confirmed() -> list[bool]:
    db.session.rollback()
    return [moment is not None for moment in db.session.scalars(select(Subscriber.confirmed_at).order_by(Subscriber.id))]


def outcomes() -> dict[str, int]:
    return {dict(labels)["outcome"]: count for (name, labels), count in counted().items() if name == "subscriptions"}


def token_in(page: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found
    return found[1]


def test_while_nobody_can_write_the_form_comes_back_filled_and_the_button_stays(client: FlaskClient, run: FlaskCliRunner) -> None:
    before = outcomes().get("away", 0)
    with nobody_writes():
        status, page = ask(client)
    assert (status, f'value="{ADA}"' in page) == (503, True)
    assert ask(client)[0] == 303
    own = link(letters(run).text(), "/newsletter/")
    with nobody_writes():
        away = client.post(own)
    assert (away.status_code, away.headers["Retry-After"], away.headers["Cache-Control"]) == (503, "30", "no-store")
    assert "Please press the button again" in away.text and 'type="submit">Send me the newsletter<' in away.text
    assert confirmed() == [False]
    assert outcomes()["away"] - before == 2


def test_the_page_that_says_so_asks_the_database_nothing_more(client: FlaskClient, run: FlaskCliRunner) -> None:
    ask(client)
    own = link(letters(run).text(), "/newsletter/")
    db.session.rollback()
    with statements() as asked, nobody_writes():
        away = client.post(own)
    assert away.status_code == 503
    assert any("sweepstakes_subscriber" in statement for statement in asked)
    assert [statement for statement in asked if "news_" in statement or "sweepstakes_campaign" in statement] == []


def test_only_the_press_that_confirms_is_counted_so(client: FlaskClient, run: FlaskCliRunner) -> None:
    ask(client)
    own, before = link(letters(run).text(), "/newsletter/"), outcomes()
    for _ in range(3):
        client.post(own)
    after = outcomes()
    assert [after[name] - before.get(name, 0) for name in ("confirmed", "repeated")] == [1, 2]


@pytest.mark.parametrize("environ", [{"FORM_UNDER_ATTACK": "on"}], indirect=True)
def test_under_attack_everybody_is_asked_twice_and_a_fault_costs_no_third_press(client: FlaskClient) -> None:
    status, page = ask(client)
    assert (status, confirmed()) == (403, [])
    assert ask(client, form_token=token_in(page))[0] == 303
    status, page = ask(client, "bob@gmial.com")
    assert status == 422
    assert ask(client, "bob@gmail.com", form_token=token_in(page))[0] == 303
    assert confirmed() == [False, False]


@pytest.fixture
def subscribed(client: FlaskClient, run: FlaskCliRunner) -> str:
    """The path that ends the newsletter of the only reader."""
    ask(client)
    own = link(letters(run).text(), "/newsletter/")
    client.post(own)
    found = re.search(r"/unsubscribe/[^\"]+", client.get(own).text)
    assert found
    return found[0]


def test_what_ended_leaves_no_letter_and_no_copy_of_the_address(client: FlaskClient, subscribed: str) -> None:
    sealed = db.session.scalars(select(Subscriber.email)).one()
    assert sealed is not None
    client.post(subscribed, headers={})
    db.session.rollback()
    assert list(db.session.scalars(select(Outbox.kind))) == []
    assert list((settings().instance / "outbox").glob("*.eml")) == []
    db.session.rollback()
    for file in settings().instance.glob("daily-draw.sqlite3*"):
        assert sealed not in file.read_bytes(), file.name
    assert (settings().instance / "compact.asked").exists()


def test_a_letter_that_is_being_sent_keeps_nobody_from_leaving(client: FlaskClient, subscribed: str) -> None:
    with writing() as session:
        session.execute(update(Outbox).values(state="sending", lease_until=NOW + timedelta(minutes=5)))
    assert client.post(subscribed, headers={}).status_code == 200
    db.session.rollback()
    assert list(db.session.scalars(select(Subscriber.email))) == [None]
    assert list(db.session.scalars(select(Outbox.kind))) == ["subscription"]


def test_thirty_who_ask_at_once_for_one_mailbox_in_many_spellings_make_one_row_and_one_letter(app: Flask) -> None:
    together = Barrier(5)

    def one_of(spelling: str) -> list[int]:
        client = app.test_client()
        together.wait(timeout=60)
        return [ask(client, spelling)[0] for _ in range(6)]

    with ThreadPoolExecutor(5) as threads:
        answers = list(threads.map(one_of, SPELLINGS[:5]))
    assert answers == [[303] * 6] * 5
    assert ask(app.test_client(), SPELLINGS[5])[0] == 303
    assert confirmed() == [False]
    assert list(db.session.scalars(select(Outbox.kind))) == ["subscription"]
