"""The newsletter without a draw: asked for with an address alone, confirmed behind the mailed link, ended for good."""

import csv
import io
import json
import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from sqlalchemy import select

from tests.sweepstakes.campaigns import NOW, open_one
from tests.sweepstakes.entering import letters, link
from tests.sweepstakes.entering import post as register
from webapp.database import db
from webapp.mail.models import Outbox
from webapp.site import keyring, settings
from webapp.sweepstakes.models import Subscriber
from webapp.tokens import make_token

ADA = "ada@example.com"
WORDS = "Send me the newsletter of The Daily Draw. I can end it at any time."
ONE_CLICK = {"data": {"List-Unsubscribe": "One-Click"}, "headers": {"Sec-Fetch-Site": "cross-site", "Origin": "https://mail.example"}}
FOREIGN = {"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"}


@pytest.fixture(autouse=True)
def clock() -> object:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def ask(client: FlaskClient, email: str = ADA, **fields: str) -> Any:
    return client.post("/newsletter", data={"email": email, **fields})


def subscribe(client: FlaskClient, run: FlaskCliRunner, email: str = ADA) -> str:
    """The path of the subscriber's own page, confirmed."""
    assert ask(client, email).status_code == 303
    own = link(letters(run).text(), "/newsletter/")
    assert client.post(own).status_code == 303
    return own


def readers(run: FlaskCliRunner, *more: str) -> list[dict[str, Any]]:
    result = run.invoke(args=["entrant", "list", "--newsletter", "--json", *more])
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def rows() -> list[Subscriber]:
    db.session.rollback()
    return list(db.session.scalars(select(Subscriber).order_by(Subscriber.id)))


def owed() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Outbox.kind).order_by(Outbox.id)))


def test_asked_for_in_the_box_confirmed_in_the_letter_and_on_the_publishers_list(client: FlaskClient, run: FlaskCliRunner) -> None:
    asked = ask(client)
    assert (asked.status_code, asked.headers["Location"]) == (303, "/newsletter/sent")
    assert "Check your inbox" in client.get("/newsletter/sent").text
    assert readers(run) == []
    own = link(letters(run).text(), "/newsletter/")
    for _ in range(2):  # mail scanners open links
        page = client.get(own)
        assert (page.status_code, page.headers["Cache-Control"], page.headers["X-Robots-Tag"]) == (200, "no-store", "noindex")
        assert WORDS in page.text
    assert readers(run) == []
    for _ in range(2):
        assert client.post(own).headers["Location"] == own
    assert "You get the newsletter" in client.get(own).text
    (reader,) = readers(run)
    assert (reader["email"], reader["name"], reader["campaign"]) == (ADA, None, None)
    assert reader["consent"] | {"version": 0} == {
        "kind": "newsletter", "version": 0, "text": WORDS, "given": True, "at": "2026-12-01T12:00:00Z", "source": "newsletter_box",
    }  # fmt: skip
    said = run.invoke(args=["entrant", "list", "--newsletter", "--csv"]).stdout
    (row,) = csv.DictReader(io.StringIO(said))
    assert row["email"] == ADA and row["unsubscribe"] == reader["headers"]["List-Unsubscribe"].strip("<>")
    assert ADA in run.invoke(args=["entrant", "list", "--newsletter"]).stdout


def test_of_the_address_nothing_readable_is_stored(client: FlaskClient) -> None:
    ask(client)
    (row,) = rows()
    assert row.email is not None and row.email_key is not None
    assert b"ada" not in row.email + row.email_key


def test_one_post_from_anywhere_ends_it_and_leaves_nobody(client: FlaskClient, run: FlaskCliRunner) -> None:
    own = subscribe(client, run)
    (reader,) = readers(run)
    path = reader["headers"]["List-Unsubscribe"].removeprefix("<http://127.0.0.1:8000").rstrip(">")
    assert 'type="submit">End the newsletter<' in client.get(path).text
    assert len(readers(run)) == 1
    for _ in range(2):
        assert client.post(path, **ONE_CLICK).status_code == 200
    assert readers(run) == []
    (row,) = rows()
    assert (row.email, row.email_key) == (None, None)
    assert client.get(own).status_code == client.post(own).status_code == 404
    subscribe(client, run)  # asking anew is a new row: an old link opens nothing of it
    assert client.get(own).status_code == 404
    client.post(path, **ONE_CLICK)
    assert len(readers(run)) == 1


def test_who_never_asked_can_have_the_address_deleted_from_the_letter(client: FlaskClient, run: FlaskCliRunner) -> None:
    ask(client)
    page = client.get(link(letters(run).text(), "/newsletter/")).text
    found = re.search(r'href="http://127.0.0.1:8000(/unsubscribe/[^"]+)"', page)
    assert found
    client.post(found[1])
    assert rows()[0].email is None


def test_new_pending_and_known_get_the_same_answer_and_one_letter_a_day(
    client: FlaskClient, run: FlaskCliRunner, clock: time_machine.Traveller
) -> None:
    answers = [ask(client)]
    answers.append(ask(client, "ADA@example.com"))
    client.post(link(letters(run).text(), "/newsletter/"))
    clock.shift(timedelta(days=1))
    answers.append(ask(client))
    assert len({(one.status_code, one.text, tuple(one.headers.keys())) for one in answers}) == 1
    assert len(rows()) == 1
    assert "You get the newsletter of The Daily Draw" in letters(run).all()[-1]["Subject"]
    assert owed() == ["subscription", "subscription"]


def test_after_five_letters_nobody_can_be_pestered_through_the_form(
    client: FlaskClient, run: FlaskCliRunner, clock: time_machine.Traveller
) -> None:
    for _ in range(8):
        ask(client)
        letters(run)
        clock.shift(timedelta(days=1))
    assert len(letters(run).all()) == 5


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"email": ""}, 422, "newsletter-email-error"),
        ({"email": "no address"}, 422, 'value="no address"'),
        ({"email": "ada@gmial.com"}, 422, "Yes, use ada@gmail.com"),
        ({"email": ADA, "leave_empty": "x"}, 422, "Something filled in a field"),
        ({"email": "a" * 70_000}, 413, "not read"),
    ],
)
def test_what_does_not_fit_comes_back_filled_and_stores_nothing(
    client: FlaskClient, fields: dict[str, str], status: int, words: str
) -> None:
    answer = client.post("/newsletter", data=fields)
    assert answer.status_code == status
    assert words in unescape(answer.text)
    assert rows() == []


def test_the_address_that_was_meant_is_taken_at_the_second_press(client: FlaskClient, run: FlaskCliRunner) -> None:
    ask(client, "ada@gmial.com", asked_email="ada@gmial.com", use_email="ada@gmail.com")
    assert letters(run).all()[-1]["To"] == "ada@gmail.com"
    ask(client, "ada@gmial.com", asked_email="ada@gmial.com")
    assert letters(run).all()[-1]["To"] == "ada@gmial.com"


def test_a_post_from_elsewhere_is_shown_again_and_stores_nothing(client: FlaskClient, run: FlaskCliRunner) -> None:
    answer = client.post("/newsletter", data={"email": ADA}, headers=FOREIGN)
    assert answer.status_code == 403
    assert f'value="{ADA}"' in answer.text
    assert rows() == []
    ask(client)
    own = link(letters(run).text(), "/newsletter/")
    assert client.post(own, headers=FOREIGN).status_code == 403
    assert readers(run) == []


def test_a_browser_that_does_not_say_where_a_post_comes_from_presses_twice(app: Flask) -> None:
    silent = app.test_client()
    asked = silent.post("/newsletter", data={"email": ADA}, headers={})
    assert asked.status_code == 403
    token = re.search(r'name="form_token" value="([^"]+)"', asked.text)
    assert token
    again = silent.post("/newsletter", data={"email": ADA, "form_token": token[1]}, headers={})
    assert again.status_code == 303
    assert len(rows()) == 1


def test_asked_for_too_often_is_a_429_with_the_filled_form(client: FlaskClient) -> None:
    answers = [ask(client) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [303, 303, 303, 429]
    assert f'value="{ADA}"' in answers[-1].text
    assert int(answers[-1].headers["Retry-After"]) > 0


@pytest.mark.parametrize("purpose", ["unsubscribe_alone", "entry", "confirm", None])
def test_a_link_that_is_not_ours_confirms_nothing(client: FlaskClient, run: FlaskCliRunner, purpose: str | None) -> None:
    ask(client)
    token = make_token(keyring().secret, purpose, rows()[0].id) if purpose else "x"
    assert client.get(f"/newsletter/{token}").status_code == client.post(f"/newsletter/{token}").status_code == 404
    assert readers(run) == []


def test_a_link_to_the_newsletter_alone_ends_nothing_of_the_entrant_of_that_number(
    client: FlaskClient, run: FlaskCliRunner, tmp_path: Path
) -> None:
    open_one(run, tmp_path)
    register(client, email="else@example.com")
    client.post(link(letters(run).text()), data={"name": "Else Reader", "newsletter": "yes"})
    own = subscribe(client, run)
    end = re.search(r'/unsubscribe/[^"]+', client.get(own).text)
    assert end
    client.post(end[0])
    (entrant,) = readers(run)
    assert entrant["email"] == "else@example.com"


def test_an_entrants_link_ends_nothing_of_the_subscriber_of_that_number(client: FlaskClient, run: FlaskCliRunner, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    register(client, email="else@example.com")
    client.post(link(letters(run).text()), data={"name": "Else Reader", "newsletter": "yes"})
    (entrant,) = readers(run)
    subscribe(client, run)
    client.post(entrant["headers"]["List-Unsubscribe"].removeprefix("<http://127.0.0.1:8000").rstrip(">"), **ONE_CLICK)
    assert [reader["email"] for reader in readers(run)] == [ADA]


def test_an_entrant_who_also_asked_alone_stands_once_knows_it_and_ends_both(
    client: FlaskClient, run: FlaskCliRunner, tmp_path: Path
) -> None:
    subscribe(client, run)
    open_one(run, tmp_path)
    register(client)
    client.post(link(letters(run).text()), data={"name": "Ada Reader"})
    own = link(letters(run).text(), "/entry/")
    assert [reader["campaign"] for reader in readers(run)] == [None]
    assert "You get the newsletter." in client.get(own).text
    client.post(f"{own}/newsletter", data={"newsletter": "yes"})
    assert [reader["campaign"] for reader in readers(run)] == ["win-100"]
    assert [reader["campaign"] for reader in readers(run, "win-100")] == ["win-100"]
    client.post(f"{own}/newsletter", data={"newsletter": "no"})
    assert readers(run) == []
    assert rows()[0].email is None
    assert "You do not get the newsletter." in client.get(own).text


def test_an_erased_entrant_gets_no_newsletter_by_any_way_and_no_letter_stays(
    client: FlaskClient, run: FlaskCliRunner, tmp_path: Path
) -> None:
    subscribe(client, run)
    open_one(run, tmp_path)
    register(client)
    client.post(link(letters(run).text()), data={"name": "Ada Reader"})
    assert run.invoke(args=["entrant", "erase", "win-100", "--email", ADA, "--yes"]).exit_code == 0
    assert readers(run) == []
    assert (rows()[0].email, owed()) == (None, [])
    assert list((settings().instance / "outbox").glob("*.eml")) == []


def test_who_lost_the_letter_is_told_what_we_hold(client: FlaskClient, run: FlaskCliRunner) -> None:
    own = subscribe(client, run)
    for email in (ADA, "nobody@example.com"):
        assert client.post("/entry", data={"email": email}).headers["Location"] == "/entry/sent"
    assert link(letters(run).text(), "/newsletter/") == own
    assert owed() == ["subscription", "your_subscription"]


def test_an_admin_ends_it_by_the_address(client: FlaskClient, run: FlaskCliRunner) -> None:
    subscribe(client, run)
    asked = run.invoke(args=["entrant", "unsubscribe", "Ada@Example.com"], input="n\n")
    assert (asked.exit_code, len(readers(run))) == (1, 1)
    ended = run.invoke(args=["entrant", "unsubscribe", "Ada@Example.com", "--yes", "--json"])
    assert json.loads(ended.stdout) == {"email": "Ada@Example.com", "ended": 1}
    assert (readers(run), rows()[0].email, owed()) == ([], None, [])
    again = run.invoke(args=["entrant", "unsubscribe", ADA, "--yes"])
    assert (again.exit_code, again.stdout) == (0, f"Nothing to end: {ADA} gets no newsletter.\n")
    wrong = run.invoke(args=["entrant", "unsubscribe", "ada", "--yes"])
    assert wrong.exit_code == 1 and "Traceback" not in wrong.stderr


def test_what_was_never_confirmed_goes_after_a_week_and_letters_after_their_time(
    client: FlaskClient, run: FlaskCliRunner, clock: time_machine.Traveller
) -> None:
    subscribe(client, run, "reads@example.com")
    ask(client)
    letters(run)
    clock.shift(timedelta(days=7) - timedelta(seconds=1))
    assert "Nothing has been kept too long" in run.invoke(args=["entrant", "purge", "--yes"]).stdout
    clock.shift(timedelta(seconds=1))
    assert run.invoke(args=["entrant", "purge", "--yes"]).exit_code == 0
    assert [row.email is None for row in rows()] == [False, True]
    assert owed() == ["subscription"]
    clock.shift(timedelta(days=83))
    assert run.invoke(args=["entrant", "purge", "--yes"]).exit_code == 0
    assert owed() == []
    assert [reader["email"] for reader in readers(run)] == ["reads@example.com"]


@pytest.mark.parametrize("reason", ["bounce", "complaint", "unsubscribed"])
def test_who_is_suppressed_is_not_on_the_list(client: FlaskClient, run: FlaskCliRunner, reason: str) -> None:
    subscribe(client, run)
    assert run.invoke(args=["mail", "suppress", ADA, "--reason", reason]).exit_code == 0
    assert readers(run) == []


def test_a_new_key_opens_the_addresses_as_before(client: FlaskClient, run: FlaskCliRunner) -> None:
    subscribe(client, run)
    before = rows()[0].email
    assert run.invoke(args=["entrant", "rekey", "--new-key"]).exit_code == 0
    assert rows()[0].email != before
    assert [reader["email"] for reader in readers(run)] == [ADA]
