"""Mail me my link: the same answer for everybody, a letter only for whoever is known."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from flask.testing import FlaskClient, FlaskCliRunner
from werkzeug.test import TestResponse

from tests.sweepstakes.campaigns import changed, open_one
from tests.sweepstakes.entering import letters, link, outbox, post


@pytest.fixture
def environ(request: pytest.FixtureRequest) -> dict[str, str]:
    return dict(getattr(request, "param", {}))


pytestmark = pytest.mark.usefixtures("clock")


def ask(client: FlaskClient, email: str = "ada@example.com", **more: str) -> TestResponse:
    return client.post("/entry", data={"email": email, **more})


def owed() -> list[str]:
    return [kind for kind, _ in outbox() if kind == "your_link"]


def test_known_and_unknown_addresses_get_the_same_answer(client: FlaskClient, run: FlaskCliRunner) -> None:
    post(client)
    answers = [ask(client, email) for email in ("ada@example.com", "nobody@example.com")]
    assert {(answer.status_code, answer.headers["Location"], answer.text) for answer in answers} == {(303, "/entry/sent", answers[0].text)}
    assert "If we hold anything about that address" in client.get("/entry/sent").text
    assert owed() == ["your_link"]


def test_the_letter_leads_to_every_entry_of_the_address(client: FlaskClient, run: FlaskCliRunner, tmp_path: Path) -> None:
    open_one(run, tmp_path, changed("slug", 'slug = "win-200"'), "win-200")
    for campaign in ("win-100", "win-200"):
        post(client, campaign=campaign, name="Buy at evil.example now")
        client.post(link(letters(run).text()), data={"name": "Ada"})
    letters(run)
    ask(client, "ADA@EXAMPLE.com")
    letter = letters(run)
    assert letter.all()[-1]["To"] == "ada@example.com"
    links = re.findall(r"http://[^/]+(/entry/\S+)", letter.text())
    assert len(links) == 2
    for own in links:
        assert "ada@example.com" in client.get(own).text
    assert "evil.example" not in letter.text()


@pytest.mark.parametrize("environ", [{"LIMITS": "off"}], indirect=True, ids=["no-limits"])
def test_the_letter_goes_out_at_most_once_an_hour(client: FlaskClient, clock: time_machine.Traveller) -> None:
    post(client)
    ask(client)
    ask(client)
    assert owed() == ["your_link"]
    clock.shift(timedelta(hours=1))
    ask(client)
    assert owed() == ["your_link", "your_link"]


def test_too_many_asks_for_one_address_wait_with_the_form_filled(client: FlaskClient) -> None:
    for _ in range(3):
        assert ask(client, "nobody@example.com").status_code == 303
    refused = ask(client, "nobody@example.com")
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert 'value="nobody@example.com"' in refused.text
    assert "asked for too often" in refused.text


def test_a_busy_connection_is_asked_twice_and_then_served(client: FlaskClient) -> None:
    for number in range(60):
        assert ask(client, f"reader{number}@example{number}.com").status_code == 303
    first = ask(client, "ada@example.com")
    assert first.status_code == 403
    token = re.search(r'name="form_token" value="([^"]+)"', first.text)
    assert token is not None
    assert ask(client, "ada@example.com", form_token=token.group(1)).status_code == 303


@pytest.mark.parametrize(
    ("headers", "believed"), [({}, True), ({"Sec-Fetch-Site": "cross-site"}, False), ({"Origin": "https://evil.example"}, False)]
)
def test_a_post_that_is_not_from_our_page_gets_the_form_again(client: FlaskClient, headers: dict[str, str], believed: bool) -> None:
    post(client)
    first = client.post("/entry", data={"email": "ada@example.com"}, headers=headers)
    assert first.status_code == 403
    assert 'value="ada@example.com"' in first.text
    token = re.search(r'name="form_token" value="([^"]+)"', first.text)
    assert token is not None
    second = client.post("/entry", data={"email": "ada@example.com", "form_token": token.group(1)}, headers=headers)
    assert second.status_code == (303 if believed else 403)
    assert bool(owed()) is believed


@pytest.mark.parametrize("email", ["", "ada", "ada@", "a\x00da@example.com", "ada@example.com\r\nBcc: x@example.com", '"><b>'])
def test_what_is_no_address_is_said_beside_the_field(client: FlaskClient, email: str) -> None:
    answer = ask(client, email)
    assert answer.status_code == 422
    assert 'href="#entry-email"' in answer.text
    assert '"><b>' not in answer.text
    assert owed() == []


def test_the_form_stands_alone(client: FlaskClient) -> None:
    page = client.get("/entry")
    assert page.status_code == 200
    assert "Mail me my link" in page.text
    assert not page.headers.get("Set-Cookie")
