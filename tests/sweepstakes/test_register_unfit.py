"""Posts that no form of ours sends: what can be read of them comes back in the form, with what is wrong, in words."""

from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
import time_machine
from flask.testing import FlaskClient, FlaskCliRunner
from werkzeug.test import TestResponse

from tests.sweepstakes.campaigns import NOW, open_one
from tests.sweepstakes.entering import entrants, letters, link, parsed, post, ticked, typed
from webapp.database import db

URLENCODED = "application/x-www-form-urlencoded"
ZOE = {"campaign": "win-100", "name": "Zoë Müller", "email": "zoe@example.com", "agree": "yes", "newsletter": "yes"}


@pytest.fixture
def database_url() -> None:
    """SQLite alone: nothing here reaches a database but to be shown the form."""


@pytest.fixture(autouse=True)
def clock(run: FlaskCliRunner, tmp_path: Path) -> object:
    with time_machine.travel(NOW, tick=False) as traveller:
        open_one(run, tmp_path)
        yield traveller


def shown_again(response: TestResponse, status: int) -> None:
    """The form with all that was typed, and a summary with links to fields."""
    assert response.status_code == status
    assert response.headers["Cache-Control"] == "no-store"
    assert 'class="error-summary" role="alert"' in response.text
    assert '<li><a href="#register-' in response.text
    assert 'value="Zoë Müller"' in response.text
    assert 'value="zoe@example.com"' in response.text
    assert ticked(response.text) == ["agree", "newsletter"]
    assert entrants() == []


MULTIPART = "".join(f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in ZOE.items())
FILE = '--b\r\nContent-Disposition: form-data; name="x"; filename="x"\r\n\r\nAda\r\n--b--\r\n'


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (urlencode(ZOE), "application/octet-stream", 415),
        (urlencode(ZOE), "", 415),
        ("".join(f"{name}={value}\r\n" for name, value in ZOE.items()), "text/plain", 415),
        (urlencode(ZOE) + "&note=1&note=2", URLENCODED, 400),
        (MULTIPART + FILE, "multipart/form-data; boundary=b", 400),
    ],
)
def test_what_can_be_read_is_shown_again(client: FlaskClient, body: str, kind: str, status: int) -> None:
    response = client.post("/register", data=body.encode(), content_type=kind)
    shown_again(response, status)
    assert client.post("/register", data=parsed(response.text)).status_code == 303


@pytest.mark.parametrize(
    ("more", "words"),
    [("&email=zoe%40example.com", "This came twice. Please check it."), ("%20%ff", "Some signs did not arrive whole.")],
)
def test_a_field_that_came_twice_or_garbled_is_named(client: FlaskClient, more: str, words: str) -> None:
    body = urlencode({name: ZOE[name] for name in ("campaign", "agree", "newsletter")}) + f"&name={quote(ZOE['name'])}"
    response = client.post("/register", data=f"{body}&email=zoe%40example.com{more}".encode(), content_type=URLENCODED)
    assert response.status_code == 400
    assert f'<a href="#register-email">{words}' in response.text
    assert 'id="register-email-error"' in response.text
    assert 'value="Zoë Müller"' in response.text
    assert ticked(response.text) == ["agree", "newsletter"]


def test_what_is_too_long_to_be_read_leads_to_an_empty_form_and_says_so(client: FlaskClient) -> None:
    response = client.post("/register", data=urlencode(ZOE).encode() + b"&note=" + b"x" * 40_000, content_type=URLENCODED)
    assert response.status_code == 413
    assert "more text than the form can take" in response.text
    assert parsed(response.text) == {"campaign": "win-100", "name": "", "email": "", "leave_empty": ""}


def test_from_a_foreign_page_it_is_shown_again_without_its_consents(client: FlaskClient) -> None:
    response = client.post("/register", data=urlencode(ZOE).encode(), content_type="text/plain", headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403
    assert 'value="Zoë Müller"' in response.text
    assert ticked(response.text) == []


def test_the_other_forms_keep_what_was_typed_as_well(client: FlaskClient, run: FlaskCliRunner) -> None:
    asked = client.post("/entry", data=b"email=zoe%40example.com", content_type="application/octet-stream")
    assert asked.status_code == 415
    assert 'value="zoe@example.com"' in asked.text
    post(client)
    page = link(letters(run).text())
    confirmed = client.post(page, data=b"name=Ada+Other&newsletter=yes&newsletter=yes", content_type=URLENCODED)
    assert confirmed.status_code == 400
    assert 'value="Ada Other"' in confirmed.text
    assert ticked(confirmed.text) == ["newsletter"]
    assert entrants()[0].state == "pending"
    assert client.post(page, data={"name": "Ada Other"}).status_code == 303


def test_a_form_with_a_fault_is_shown_again_while_the_database_is_away(client: FlaskClient, tmp_path: Path) -> None:
    for path in (tmp_path / "instance").glob("daily-draw.sqlite3*"):
        path.rename(path.with_suffix(".moved"))
    db.session.remove()
    db.engine.dispose()
    response = client.post("/register", data=typed(email="no", name="Zoë Müller"))
    assert response.status_code == 503
    assert 'value="Zoë Müller"' in response.text
