"""Ending the newsletter as mail programs do it, and who is on the list that publishers take away."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient, FlaskCliRunner
from sqlalchemy import delete, select, update

from tests.statements import statements
from tests.sweepstakes.campaigns import NOW, enter, open_one
from tests.sweepstakes.entering import entrants, letters, link, post
from webapp.database import db, writing
from webapp.site import keyring
from webapp.sweepstakes.models import Consent, Entrant
from webapp.tokens import make_token

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
ELSEWHERE = {"Sec-Fetch-Site": "cross-site", "Origin": "https://mail.example"}


@pytest.fixture(autouse=True)
def clock(run: FlaskCliRunner, tmp_path: Path) -> object:
    with time_machine.travel(NOW, tick=False) as traveller:
        open_one(run, tmp_path)
        yield traveller


@pytest.fixture
def ada(client: FlaskClient, run: FlaskCliRunner) -> dict[str, Any]:
    """Ada, who confirmed that she wants the newsletter, as the publisher's tools get her."""
    post(client)
    client.post(link(letters(run).text()), data={"name": "Ada Reader", "newsletter": "yes"})
    (reader,) = readers(run)
    return reader


def readers(run: FlaskCliRunner, *more: str) -> list[dict[str, Any]]:
    result = run.invoke(args=["entrant", "list", "--newsletter", "--json", *more])
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def path(reader: dict[str, Any]) -> str:
    found = re.fullmatch(r"<http://127\.0\.0\.1:8000(/unsubscribe/[\w=-]+)>", reader["headers"]["List-Unsubscribe"])
    assert found
    return found[1]


def consents() -> list[tuple[bool, str]]:
    db.session.rollback()
    rows = db.session.execute(select(Consent.given, Consent.source).order_by(Consent.id)).all()
    return [(given, source) for given, source in rows][1:]  # the first is to the rules


def test_each_reader_comes_with_the_headers_that_one_click_needs(ada: dict[str, Any]) -> None:
    assert ada["email"] == "ada@example.com"
    assert ada["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert path(ada)


def test_a_publisher_takes_the_list_away_as_csv_with_each_readers_own_address(
    client: FlaskClient, run: FlaskCliRunner, ada: dict[str, Any]
) -> None:
    result = run.invoke(args=["entrant", "list", "--newsletter", "--csv"])
    assert result.exit_code == 0, result.output
    (row,) = csv.DictReader(io.StringIO(result.stdout))
    assert row == {
        "email": "ada@example.com",
        "name": "Ada Reader",
        "campaign": "win-100",
        "unsubscribe": ada["headers"]["List-Unsubscribe"].strip("<>"),
        "consented_at": "2026-12-01T12:00:00Z",
        "consent_source": "form",
        "consent_version": str(ada["consent"]["version"]),
        "consent_text": ada["consent"]["text"],
    }
    client.post(path(ada), data=ONE_CLICK, headers=ELSEWHERE)
    assert run.invoke(args=["entrant", "list", "--newsletter", "--csv"]).stdout.splitlines() == [
        "email,name,campaign,unsubscribe,consented_at,consent_source,consent_version,consent_text"
    ]


def test_each_readers_consent_can_be_shown_with_words_version_time_and_source(
    client: FlaskClient, run: FlaskCliRunner, ada: dict[str, Any], clock: time_machine.Traveller
) -> None:
    box = "Send me the newsletter of The Daily Draw as well. I can end it at any time. (Optional; no effect on the draw.)"
    first = {"kind": "newsletter", "text": box, "given": True, "at": "2026-12-01T12:00:00Z", "source": "form"}
    assert ada["consent"] == first | {"version": ada["consent"]["version"]}
    clock.shift(3600)
    client.post(path(ada), data=ONE_CLICK, headers=ELSEWHERE)
    own = link(letters(run).text(), "/entry/")
    clock.shift(3600)
    client.post(f"{own}/newsletter", data={"newsletter": "yes"})
    (again,) = readers(run)
    assert (again["consent"]["at"], again["consent"]["source"]) == ("2026-12-01T14:00:00Z", "entry_page")
    assert again["consent"]["version"] == ada["consent"]["version"]
    shown = json.loads(run.invoke(args=["entrant", "show", "win-100", "1", "--json"]).stdout)["consents"]
    assert [(consent["kind"], consent["given"], consent["source"]) for consent in shown] == [
        ("rules", True, "form"),
        ("newsletter", True, "form"),
        ("newsletter", False, "unsubscribe"),
        ("newsletter", True, "entry_page"),
    ]
    assert shown == json.loads(client.get(f"{own}/data.json").text)["consents"]
    said = run.invoke(args=["entrant", "show", "win-100", "1"]).stdout
    assert f"2026-12-01T13:00:00Z taken back by unsubscribe, wording {ada['consent']['version']}: {box}" in said


def test_csv_without_newsletter_names_the_command_for_that(run: FlaskCliRunner) -> None:
    refused = run.invoke(args=["entrant", "list", "win-100", "--csv"])
    assert (refused.exit_code, "flask entrant export" in refused.stderr) == (2, True)


@pytest.mark.parametrize("how", [{"data": ONE_CLICK}, {"data": ONE_CLICK, "content_type": "multipart/form-data"}, {}])
def test_one_post_from_anywhere_ends_it_on_record(client: FlaskClient, run: FlaskCliRunner, ada: dict[str, Any], how: Any) -> None:
    response = client.post(path(ada), headers=ELSEWHERE, **how)
    assert response.status_code == 200
    assert "Set-Cookie" not in response.headers
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Robots-Tag"] == "noindex"
    assert readers(run) == []
    assert consents() == [(True, "form"), (False, "unsubscribe")]
    assert entrants()[0].state == "confirmed"
    again = client.post(path(ada), headers=ELSEWHERE)
    assert (again.status_code, again.text) == (200, response.text)
    assert len(consents()) == 2


def test_opening_the_link_changes_nothing_and_shows_a_button(client: FlaskClient, run: FlaskCliRunner, ada: dict[str, Any]) -> None:
    for _ in range(2):
        page = client.get(path(ada))
        assert page.status_code == 200
        assert page.headers["Referrer-Policy"] == "same-origin"
    assert '<button class="button" type="submit">End the newsletter</button>' in page.text
    assert len(readers(run)) == 1


def test_the_link_outlives_the_other_links_of_the_person(client: FlaskClient, run: FlaskCliRunner, ada: dict[str, Any]) -> None:
    with writing() as session:
        session.execute(update(Entrant).values(token_counter=5))
    client.post(path(ada))
    assert readers(run) == []


@pytest.mark.parametrize("purpose", ["entry", "confirm", None])
def test_a_link_that_is_not_ours_ends_nothing(client: FlaskClient, run: FlaskCliRunner, ada: dict[str, Any], purpose: str | None) -> None:
    token = make_token(keyring().secret, purpose, entrants()[0].id) if purpose else "x"
    assert client.get(f"/unsubscribe/{token}").status_code == 404
    assert client.post(f"/unsubscribe/{token}", data=ONE_CLICK).status_code == 404
    assert len(readers(run)) == 1


def test_whoever_is_no_longer_known_gets_the_same_page(client: FlaskClient, ada: dict[str, Any]) -> None:
    gone = client.post("/unsubscribe/" + make_token(keyring().secret, "unsubscribe", 99), data=ONE_CLICK)
    assert (gone.status_code, gone.text) == (200, client.post(path(ada), data=ONE_CLICK).text)


@pytest.mark.parametrize("reason", ["bounce", "complaint", "unsubscribed"])
def test_who_is_suppressed_is_not_on_the_publishers_list(run: FlaskCliRunner, ada: dict[str, Any], reason: str) -> None:
    assert run.invoke(args=["mail", "suppress", "ADA@example.com", "--reason", reason]).exit_code == 0
    assert readers(run) == []


def test_the_link_of_somebody_erased_touches_none_of_the_others_who_were(
    client: FlaskClient, run: FlaskCliRunner, ada: dict[str, Any]
) -> None:
    enter(5)
    for email in ("ada@example.com", *(f"reader{n}@example.com" for n in range(5))):
        assert run.invoke(args=["entrant", "erase", "win-100", "--email", email, "--yes"]).exit_code == 0
    with statements() as asked:
        gone = client.post(path(ada), data=ONE_CLICK, headers=ELSEWHERE)
    assert gone.status_code == 200
    assert [statement for statement in asked if statement.startswith("UPDATE sweepstakes_entrant")] == []


def test_who_cannot_be_shown_to_have_asked_is_not_on_the_list(run: FlaskCliRunner, ada: dict[str, Any]) -> None:
    with writing() as session:
        session.execute(delete(Consent))
    assert readers(run) == []
    assert run.invoke(args=["entrant", "list", "--newsletter", "--csv"]).stdout.count("\n") == 1


def test_who_cannot_be_shown_to_have_asked_takes_no_place_on_a_list_that_is_cut(
    client: FlaskClient, run: FlaskCliRunner, ada: dict[str, Any]
) -> None:
    post(client, email="newer@example.com")
    client.post(link(letters(run).text()), data={"name": "Newer Reader", "newsletter": "yes"})
    assert [reader["email"] for reader in readers(run)] == ["newer@example.com", "ada@example.com"]
    with writing() as session:
        session.execute(delete(Consent).where(Consent.entrant_id == max(row.id for row in entrants())))
    assert [reader["email"] for reader in readers(run, "--limit", "1")] == ["ada@example.com"]
