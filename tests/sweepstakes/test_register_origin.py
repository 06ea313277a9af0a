"""Where a post comes from: ours are taken, others get the form again, and what cannot be told gets it with a token."""

import re
from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.sweepstakes.entering import entrants, parsed, ticked, typed


@pytest.fixture
def database_url() -> None:
    """SQLite alone: who is let in is decided before any database is asked."""


pytestmark = pytest.mark.usefixtures("clock")
OWN = "http://127.0.0.1:8000"


def send(client: FlaskClient, headers: dict[str, str], **fields: str) -> TestResponse:
    return client.post("/register", data=typed(**fields), headers=headers)


def token_in(page: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found
    return found.group(1)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": OWN},
        {"Referer": f"{OWN}/news/a-week-old-copy"},
        {"Origin": "null", "Referer": f"{OWN}/"},
        {"Origin": "http://localhost", "Host": "localhost"},
    ],
)
def test_a_post_from_our_own_page_is_taken_without_token_or_cookie(client: FlaskClient, headers: dict[str, str]) -> None:
    response = send(client, headers)
    assert response.status_code == 303
    assert "Set-Cookie" not in response.headers


def test_a_copy_of_the_page_that_is_a_week_old_still_registers(client: FlaskClient, clock: time_machine.Traveller) -> None:
    kept = client.get("/")
    assert "Set-Cookie" not in kept.headers
    form = parsed(kept.text) | {"name": "Ada Reader", "email": "ada@example.com", "agree": "yes"}
    clock.shift(timedelta(days=7))
    with client.application.test_client() as later:
        response = later.post("/register", data=form, headers={"Sec-Fetch-Site": "same-origin"})
    assert response.status_code == 303
    assert [row.state for row in entrants()] == ["pending"]


CROSS = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "same-origin, cross-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": OWN},
    {"Origin": "https://evil.example"},
    {"Origin": "http://127.0.0.1:8001"},
    {"Origin": "https://127.0.0.1:8000"},
    {"Referer": "http://127.0.0.1:8000@evil.example/"},
    {"Referer": "http://127.0.0.1:8000.evil.example/"},
]


@pytest.mark.parametrize("headers", CROSS)
def test_a_post_from_elsewhere_gets_the_form_again_without_its_consents(client: FlaskClient, headers: dict[str, str]) -> None:
    response = send(client, headers, newsletter="yes")
    assert response.status_code == 403
    assert response.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    assert 'value="Ada Reader"' in response.text
    assert 'value="ada@example.com"' in response.text
    assert ticked(response.text) == []
    assert entrants() == []


@pytest.mark.parametrize("headers", CROSS)
def test_a_token_never_makes_a_foreign_post_ours(client: FlaskClient, headers: dict[str, str]) -> None:
    token = token_in(send(client, headers).text)
    assert send(client, headers, form_token=token).status_code == 403
    assert entrants() == []


@pytest.mark.parametrize("headers", [{}, {"Origin": "null"}])
def test_a_browser_that_does_not_tell_registers_at_the_second_press(client: FlaskClient, headers: dict[str, str]) -> None:
    first = send(client, headers, newsletter="yes")
    assert first.status_code == 403
    assert first.headers["Cache-Control"] == "no-store"
    assert "press Register once more" in first.text
    assert ticked(first.text) == ["agree", "newsletter"]  # consents given on our own form stay
    assert re.match(r"fc=\S+; HttpOnly; Path=/; SameSite=Lax$", first.headers["Set-Cookie"])
    assert entrants() == []
    assert send(client, headers, form_token=token_in(first.text)).status_code == 303
    assert len(entrants()) == 1


def test_the_second_press_may_have_an_error_and_still_goes_through_in_the_end(client: FlaskClient) -> None:
    first = send(client, {}, email="no")
    second = send(client, {}, email="no", form_token=token_in(first.text))
    assert second.status_code == 422
    assert send(client, {}, form_token=token_in(second.text)).status_code == 303


def test_a_token_without_its_cookie_is_worth_nothing(client: FlaskClient) -> None:
    token = token_in(send(client, {}).text)
    client.delete_cookie("fc")
    assert send(client, {}, form_token=token).status_code == 403
    assert entrants() == []


def test_somebody_elses_token_is_worth_nothing(client: FlaskClient) -> None:
    other = client.application.test_client()
    token = token_in(send(other, {}).text)
    send(client, {})
    assert send(client, {}, form_token=token).status_code == 403
    assert send(client, {}, form_token="").status_code == 403
    assert send(client, {}, form_token="ä\udcff".encode("utf-8", "replace").decode()).status_code == 403
    assert entrants() == []


def test_a_token_is_good_for_two_hours(client: FlaskClient, clock: time_machine.Traveller) -> None:
    token = token_in(send(client, {}).text)
    clock.shift(timedelta(hours=2, seconds=1))
    late = send(client, {}, form_token=token)
    assert late.status_code == 403
    clock.shift(timedelta(hours=1))
    assert send(client, {}, form_token=token_in(late.text)).status_code == 303


def test_a_forged_cookie_is_no_error(client: FlaskClient) -> None:
    client.set_cookie("fc", "forged.cookie")
    assert send(client, {}).status_code == 403


class TestOnHttps:
    @pytest.fixture
    def environ(self) -> dict[str, str]:
        return {"SITE_URL": "https://news.example.com", "MAIL_URL": "smtp://127.0.0.1:1", "POSTAL_ADDRESS": "1 Main Street"}

    def test_the_cookie_is_bound_to_the_host_and_to_https(self, client: FlaskClient) -> None:
        response = client.post("/register", data=typed(), headers={}, base_url="https://news.example.com")
        assert response.status_code == 403
        assert re.match(r"__Host-fc=\S+; Secure; HttpOnly; Path=/; SameSite=Lax$", response.headers["Set-Cookie"])
        again = typed(form_token=token_in(response.text))
        assert client.post("/register", data=again, headers={}, base_url="https://news.example.com").status_code == 303

    def test_another_host_is_not_ours_whatever_host_was_asked_for(self, client: FlaskClient) -> None:
        headers = {"Origin": "http://localhost", "Host": "localhost"}
        assert client.post("/register", data=typed(), headers=headers).status_code == 403
