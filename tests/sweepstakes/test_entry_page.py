"""The entrant's own page, through the front door: what is held, receipt, newsletter, data to take away, withdraw."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from sqlalchemy import select

from tests.sweepstakes.campaigns import SEALS, changed, done, enter, open_one
from tests.sweepstakes.entering import entrants, letters, link, outbox, post
from webapp.database import db
from webapp.draw import LogStatus, status
from webapp.draw.receipts import check_receipt, parse_receipt
from webapp.mail.registered import letters as renderers
from webapp.site import keyring
from webapp.sweepstakes.letter_kinds import ENTRANT_LETTERS, SUBSCRIBER_LETTERS
from webapp.sweepstakes.models import Consent, ConsentText
from webapp.tokens import make_token

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def own(client: FlaskClient, run: FlaskCliRunner, clock: object) -> str:
    """The link to her page in the letter to Ada, who is in."""
    return enter_ada(client, run)


def enter_ada(client: FlaskClient, run: FlaskCliRunner, **fields: str) -> str:
    post(client, **fields)
    client.post(link(letters(run).text()), data={"name": "Ada Reader"})
    return link(letters(run).text(), "/entry/")


def log() -> LogStatus:
    db.session.rollback()
    found = status(db.session(), "win-100")
    assert found is not None
    return found


def consents() -> list[tuple[str, bool, str]]:
    db.session.rollback()
    query = select(ConsentText.kind, Consent.given, Consent.source).join(Consent, Consent.text_id == ConsentText.id).order_by(Consent.id)
    return [(kind, given, source) for kind, given, source in db.session.execute(query)]


def everything() -> object:
    rows = [(row.state, row.name, row.email, row.nonce, row.newsletter, row.token_counter) for row in entrants()]
    return rows, outbox(), consents(), log().size


def test_the_page_shows_what_is_held_and_is_kept_nowhere(client: FlaskClient, own: str) -> None:
    page = client.get(own)
    assert page.status_code == 200
    for words in (
        "Ada Reader",
        "ada@example.com",
        'data-entry-number="1"',
        "Win $100",
        "in the draw",
        "accept the official rules",
        "127.0.0.0/24",
        "perator-trusted",
    ):
        assert words in page.text
    assert "Tuesday 1 December 2026" in page.text
    for answer in (page, client.get(f"{own}/receipt.txt"), client.get(f"{own}/data.json"), client.get(f"{own}/erase")):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Robots-Tag"] == "noindex"
        assert answer.headers["Referrer-Policy"] == "same-origin"


def test_looking_changes_nothing(client: FlaskClient, own: str) -> None:
    before = everything()
    for path in ("", "/receipt.txt", "/data.json", "/withdraw", "/erase"):
        assert client.get(own + path).status_code == 200
        assert client.head(own + path).status_code == 200
    assert client.get(f"{own}/newsletter").status_code == 405
    assert everything() == before


def test_the_receipt_is_renewed_against_the_sealed_tree(client: FlaskClient, run: FlaskCliRunner, own: str) -> None:
    enter(3)
    before = client.get(f"{own}/receipt.txt").text
    done(run, "close", "win-100", "--now", "--yes")
    after = client.get(f"{own}/receipt.txt").text
    sealed = log().sealed
    assert sealed is not None
    assert before != after
    for text, size in ((before, 5), (after, sealed.size)):
        assert check_receipt(parse_receipt(text), log().vkey, "win-100", "ada@example.com").size == size


def test_the_data_to_take_away_is_all_that_is_held(client: FlaskClient, own: str) -> None:
    answer = client.get(f"{own}/data.json")
    assert answer.headers["Content-Disposition"] == "attachment; filename=my-data-win-100.json"
    facts = json.loads(answer.text)
    assert (facts["name"], facts["email"], facts["entry_number"], facts["state"]) == ("Ada Reader", "ada@example.com", 1, "confirmed")
    assert [consent["kind"] for consent in facts["consents"]] == ["rules"]
    assert [letter["kind"] for letter in facts["letters"]] == ["confirm", "you_are_in"]
    assert facts["registered_at"] == "2026-12-01T12:00:00Z"
    assert facts["receipt"] == client.get(f"{own}/receipt.txt").text
    assert facts["claim"] is None
    assert facts["network"] == "127.0.0.0/24"


def test_the_newsletter_goes_on_and_off_each_time_on_record(client: FlaskClient, own: str) -> None:
    for wish, wanted in (("yes", True), ("yes", True), ("no", False), ("no", False)):
        assert client.post(f"{own}/newsletter", data={"newsletter": wish}).status_code == 303
        assert entrants()[0].newsletter is wanted
    assert consents() == [("rules", True, "form"), ("newsletter", True, "entry_page"), ("newsletter", False, "entry_page")]
    assert "taken back" in client.get(own).text


def test_ending_the_newsletter_ends_it_in_every_campaign(client: FlaskClient, run: FlaskCliRunner, own: str, tmp_path: Path) -> None:
    open_one(run, tmp_path, changed("slug", 'slug = "win-200"'), "win-200")
    other = enter_ada(client, run, campaign="win-200")
    for page in (own, other):
        client.post(f"{page}/newsletter", data={"newsletter": "yes"})
    client.post(f"{own}/newsletter", data={"newsletter": "no"})
    assert [row.newsletter for row in entrants()] == [False, False]


def test_the_list_for_the_newsletter_holds_confirmed_readers_once_each(
    client: FlaskClient, run: FlaskCliRunner, own: str, tmp_path: Path
) -> None:
    open_one(run, tmp_path, changed("slug", 'slug = "win-200"'), "win-200")
    other = enter_ada(client, run, campaign="win-200")
    post(client, email="pending@example.com", newsletter="yes")

    def listed(*args: str) -> list[str]:
        result = run.invoke(args=["entrant", "list", "--newsletter", "--json", *args])
        assert result.exit_code == 0, result.output
        return [person["email"] for person in json.loads(result.stdout)]

    assert listed() == []
    for page in (own, other):
        client.post(f"{page}/newsletter", data={"newsletter": "yes"})
    assert listed() == ["ada@example.com"]
    assert listed("win-100") == ["ada@example.com"]
    client.post(f"{own}/withdraw", data={"sure": "yes"})
    assert listed("win-100") == ["ada@example.com"]
    client.post(f"{own}/newsletter", data={"newsletter": "no"})
    assert listed() == []


def test_withdrawing_asks_first_and_then_appends_a_leaf(client: FlaskClient, own: str) -> None:
    asked = client.get(f"{own}/withdraw").text
    assert "Withdraw my entry" in asked
    assert client.post(f"{own}/withdraw", data={"x": ""}).status_code == 403
    assert log().removed == 0
    assert client.post(f"{own}/withdraw", data={"sure": "yes"}).status_code == 303
    assert (log().removed, log().eligible, entrants()[0].state) == (1, 0, "withdrawn")
    leaf = client.get("/draws/win-100/log/tile/entries/000.p/3").data
    assert b'{"index":1,"reason":"entrant_request","type":"withdraw"}' in leaf
    assert client.post(f"{own}/withdraw", data={"sure": "yes"}).status_code == 303
    assert log().removed == 1
    assert "withdrawn already" in client.get(f"{own}/withdraw").text


def test_who_withdrew_may_enter_again(client: FlaskClient, run: FlaskCliRunner, own: str) -> None:
    client.post(f"{own}/withdraw", data={"sure": "yes"})
    again = enter_ada(client, run)
    assert again != own
    assert 'data-entry-number="3"' in client.get(again).text
    assert [row.state for row in entrants()] == ["withdrawn", "confirmed"]


def test_a_registration_that_waits_is_withdrawn_without_a_leaf(client: FlaskClient, run: FlaskCliRunner) -> None:
    post(client)
    (row,) = entrants()
    own = f"/entry/{make_token(keyring().secret, 'entry', row.id)}"
    assert "Confirm my entry" in client.get(own).text
    assert client.get(f"{own}/receipt.txt").status_code == 404
    assert client.post(f"{own}/newsletter", data={"newsletter": "yes"}).status_code == 409
    client.post(f"{own}/withdraw", data={"sure": "yes"})
    assert entrants()[0].state == "withdrawn"
    assert log().size == 1
    assert client.get(link(letters(run).text()) if letters(run).all() else f"/confirm/{own[7:]}").status_code == 404


def test_after_the_seal_withdrawing_says_why_not(client: FlaskClient, run: FlaskCliRunner, own: str) -> None:
    done(run, "close", "win-100", "--now", "--yes")
    before = everything()
    for answer in (client.get(f"{own}/withdraw"), client.post(f"{own}/withdraw", data={"sure": "yes"})):
        assert "sealed Tuesday 1 December 2026" in answer.text
    assert answer.status_code == 409
    assert everything() == before


@pytest.mark.parametrize("act", ["withdraw", "erase", "newsletter"])
@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_a_post_from_elsewhere_does_nothing(client: FlaskClient, own: str, act: str, headers: dict[str, str]) -> None:
    before = everything()
    token = re.search(r'name="form_token" value="([^"]+)"', client.post(f"{own}/{act}", data={"sure": "yes"}, headers={}).text)
    assert token is not None
    data = {"sure": "yes", "newsletter": "yes", "form_token": token.group(1)}
    assert client.post(f"{own}/{act}", data=data, headers=headers).status_code == 403
    assert everything() == before


@pytest.mark.parametrize("act", ["withdraw", "newsletter"])
def test_a_browser_that_does_not_tell_is_believed_at_the_second_press(client: FlaskClient, own: str, act: str) -> None:
    first = client.post(f"{own}/{act}", data={"sure": "yes", "newsletter": "yes"}, headers={})
    assert first.status_code == 403
    token = re.search(r'name="form_token" value="([^"]+)"', first.text)
    assert token is not None
    data = {"sure": "yes", "newsletter": "yes", "form_token": token.group(1)}
    assert client.post(f"{own}/{act}", data=data, headers={}).status_code == 303


def test_only_the_right_token_opens_the_page(client: FlaskClient, own: str) -> None:
    secret, (row,) = keyring().secret, entrants()
    wrong = (
        make_token(secret, "confirm", row.id),
        make_token(secret, "entry", 2**40),
        make_token(secret, "entry", row.id, 1),
        "x",
        own[7:-1],
    )
    for token in wrong:
        for path in ("", "/receipt.txt", "/data.json", "/withdraw", "/erase"):
            answer = client.get(f"/entry/{token}{path}")
            assert answer.status_code == 404
            assert "mailed to you at /entry" in answer.text
        assert client.post(f"/entry/{token}/erase", data={"sure": "yes"}).status_code == 404


def test_an_excluded_entrant_is_told_by_mail_and_on_the_page(client: FlaskClient, run: FlaskCliRunner, own: str) -> None:
    result = run.invoke(args=["entrant", "exclude", "win-100", "--entry", "1", "--reason", "duplicate", "--yes"])
    assert result.exit_code == 0, result.output
    letter = letters(run)
    assert "Your entry does not count" in letter.all()[-1]["Subject"]
    assert "excluded your entry number 1 " in letter.text()
    assert "code duplicate" in letter.text()
    assert "<code>duplicate</code>" in client.get(own).text
    assert log().removed == 1
    assert run.invoke(args=["entrant", "exclude", "win-100", "--entry", "1", "--reason", "duplicate", "--yes"]).exit_code == 1
    post(client)
    assert len(entrants()) == 1


def test_exclusions_end_48_hours_before_the_seal(run: FlaskCliRunner, own: str, clock: time_machine.Traveller) -> None:
    command = ["entrant", "exclude", "win-100", "--entry", "1", "--reason", "staff", "--yes"]
    clock.move_to(SEALS - timedelta(hours=48) + timedelta(seconds=1))
    refused = run.invoke(args=command)
    assert refused.exit_code == 1
    assert "48 hours before" in refused.stderr
    assert "--reason ineligible" in refused.stderr
    assert (log().removed, entrants()[0].state) == (0, "confirmed")
    clock.move_to(SEALS - timedelta(hours=48))
    assert run.invoke(args=command).exit_code == 0


def test_a_reason_is_a_code_and_never_free_text(run: FlaskCliRunner, own: str) -> None:
    refused = run.invoke(args=["entrant", "exclude", "win-100", "--entry", "1", "--reason", "Ada cheated", "--yes"])
    assert refused.exit_code == 2
    assert "never free text" in refused.stderr


def test_withdraw_and_export_on_the_command_line(client: FlaskClient, run: FlaskCliRunner, own: str) -> None:
    post(client, name="=HYPERLINK(1)", email="formula@example.com")
    result = run.invoke(args=["entrant", "withdraw", "win-100", "--email", "ADA@example.com", "--yes", "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["entry"] == 1
    exported = run.invoke(args=["entrant", "export", "win-100", "--csv"])
    lines = exported.stdout.splitlines()
    assert lines[0].startswith("entry,state,source,name,email")
    assert lines[1].startswith("1,withdrawn,form,Ada Reader,ada@example.com")
    assert ",'=HYPERLINK(1),formula@example.com" in lines[2]
    people = json.loads(run.invoke(args=["entrant", "export", "win-100", "--json"]).stdout)
    assert [person["email"] for person in people] == ["ada@example.com", "formula@example.com"]
    assert json.loads(run.invoke(args=["entrant", "export", "win-100", "--json", "--state", "excluded"]).stdout) == []


def test_every_letter_is_known_to_the_erasure(app: Flask) -> None:
    assert set(renderers(app)) == ENTRANT_LETTERS | SUBSCRIBER_LETTERS


def test_the_letters_and_the_confirmed_page_lead_here(client: FlaskClient, run: FlaskCliRunner) -> None:
    post(client)
    response = client.post(link(letters(run).text()), data={"name": "Ada Reader"})
    confirmed = client.get(response.headers["Location"]).text
    found = re.search(r'href="(/entry/[^"]+)"', confirmed)
    assert found is not None
    assert client.get(found.group(1)).status_code == 200
    assert found.group(1) == link(letters(run).text(), "/entry/")
