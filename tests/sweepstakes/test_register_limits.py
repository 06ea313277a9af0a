"""Registering too often: asked twice, then to wait, never sent away empty-handed; and the switch that asks everybody twice."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from flask.testing import FlaskClient, FlaskCliRunner

from tests.sweepstakes.campaigns import CLOSES, NOW, open_one
from tests.sweepstakes.entering import entrants, letters, link, post, ticked
from webapp.counting import counted
from webapp.database import db
from webapp.mail.models import Outbox


@pytest.fixture
def environ(request: pytest.FixtureRequest) -> dict[str, str]:
    return dict(getattr(request, "param", {}))


@pytest.fixture(autouse=True)
def clock(run: FlaskCliRunner, tmp_path: Path) -> object:
    with time_machine.travel(NOW, tick=False) as traveller:
        open_one(run, tmp_path)
        yield traveller


def given(**settings: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("environ", [settings], indirect=True, ids=[""])


def token_in(page: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found
    return found.group(1)


@given(LIMIT_IPV4_REFUSED="2 per hour")
def test_too_many_from_one_connection_wait_with_their_form(client: FlaskClient, clock: time_machine.Traveller) -> None:
    assert [post(client, email=f"a{n}@example.com").status_code for n in range(2)] == [303, 303]
    response = post(client, email="bea@example.com", name="Bea Waits", newsletter="yes")
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) > 0
    assert response.headers["Cache-Control"] == "no-store"
    assert "came from your connection" in response.text
    assert 'value="Bea Waits"' in response.text
    assert 'value="bea@example.com"' in response.text
    assert ticked(response.text) == ["agree", "newsletter"]
    assert len(entrants()) == 2
    clock.shift(timedelta(seconds=int(response.headers["Retry-After"])))
    assert post(client, email="bea@example.com").status_code == 303


@given(LIMIT_IPV4="1 per hour")
def test_many_from_one_connection_are_asked_twice(client: FlaskClient) -> None:
    assert post(client).status_code == 303
    asked = post(client, email="bea@example.com", newsletter="yes")
    assert asked.status_code == 403
    assert "press Register once more" in asked.text
    assert ticked(asked.text) == ["agree", "newsletter"]
    assert len(entrants()) == 1
    assert post(client, email="bea@example.com", form_token="made-up").status_code == 403
    assert post(client, email="bea@example.com", form_token=token_in(asked.text)).status_code == 303
    assert len(entrants()) == 2


@given(LIMIT_ADDRESS="2 per hour")
def test_an_address_written_to_often_waits_whether_it_is_known_or_not(client: FlaskClient, run: FlaskCliRunner) -> None:
    post(client, email="in@example.com")
    client.post(link(letters(run).text()), data={"name": "Ada Reader"})
    post(client, email="in@example.com")
    for _ in range(2):
        post(client, email="pending@example.com")
    answers = [post(client, email=f"{who}@example.com") for who in ("in", "pending")]
    assert [answer.status_code for answer in answers] == [429, 429]
    texts = {re.sub("in@|pending@", "", answer.text) for answer in answers}
    assert len(texts) == 1
    assert "look into its inbox" in texts.pop()


@given(LIMIT_MAILS="1 per hour")
def test_letters_beyond_their_limit_wait_and_entries_do_not(client: FlaskClient) -> None:
    for who in ("ada", "bea", "cem"):
        assert post(client, email=f"{who}@example.com").status_code == 303
    waits = [row.next_at - NOW for row in db.session.query(Outbox).order_by(Outbox.id)]
    assert waits == [timedelta(0), timedelta(hours=1), timedelta(hours=2)]


@given(LIMIT_ADDRESS="1 per hour")
def test_what_a_closed_campaign_cannot_take_uses_up_no_letters(client: FlaskClient, clock: time_machine.Traveller) -> None:
    clock.move_to(CLOSES)
    assert [post(client).status_code for _ in range(3)] == [422] * 3


@given(LIMIT_IPV4_REFUSED="1 per hour")
def test_a_form_with_a_fault_is_not_counted(client: FlaskClient) -> None:
    for _ in range(3):
        assert post(client, email="no").status_code == 422
    assert post(client).status_code == 303


@given(FORM_UNDER_ATTACK="on")
def test_under_attack_everybody_is_asked_twice(client: FlaskClient) -> None:
    asked = post(client)
    assert asked.status_code == 403
    assert ticked(asked.text) == ["agree"]
    assert entrants() == []
    assert post(client, form_token=token_in(asked.text)).status_code == 303


@given(FORM_UNDER_ATTACK="on")
def test_under_attack_a_form_with_a_fault_needs_only_one_more_press(client: FlaskClient) -> None:
    asked = post(client, email="no")
    assert asked.status_code == 422
    assert post(client, form_token=token_in(asked.text)).status_code == 303


def test_where_posts_come_from_is_counted_and_logged_without_a_person(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="webapp.counting")
    before = counted()
    post(client)
    asked = client.post("/register", data={"email": "zoe@example.com"}, headers={"Accept": "*/*"})
    client.post("/register", data={"form_token": token_in(asked.text)}, headers={"Accept": "*/*"})
    client.post("/register", data={"email": "zoe@example.com"}, headers={"Sec-Fetch-Site": "cross-site"})
    post(client, leave_empty="x")
    ours = {key: value for key, value in counted().items() if key[0] in {"form_posts", "registrations"}}
    new = {key: value - before.get(key, 0) for key, value in ours.items() if value != before.get(key, 0)}
    assert new == {
        **{("form_posts", (("form", "register"), ("verdict", verdict))): 1 for verdict in ("unknown", "second_try", "cross")},
        ("form_posts", (("form", "register"), ("verdict", "ours"))): 2,
        **{("registrations", (("outcome", outcome),)): 1 for outcome in ("new", "unknown", "invalid", "cross", "hidden_field")},
    }
    assert "example.com" not in caplog.text
