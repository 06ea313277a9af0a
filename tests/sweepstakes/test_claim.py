"""Claiming a prize: from the letter's link to the winners list."""

import csv
import io
import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from flask.testing import FlaskClient, FlaskCliRunner
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.sweepstakes.campaigns import NOW, answer, done, enter, open_one
from tests.sweepstakes.entering import letters, link, ticked
from webapp.database import db, writing
from webapp.site import keyring
from webapp.sweepstakes.claiming import Details, NotHolding, PaidAlready, claim, prepare_claim, public_name
from webapp.sweepstakes.entrants import by_entry
from webapp.sweepstakes.models import Audit, Claim, Consent, ConsentText, Entrant

FORM = {
    "address": "Ada Reader\n12 Elm Street, Apt 4",
    "city": "Austin",
    "region": "TX",
    "postcode": "78701",
    "payout": "check",
    "eligible": "yes",
}


@pytest.fixture(autouse=True)
def clock() -> "time_machine.Traveller":
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def page(run: FlaskCliRunner, tmp_path: Path) -> str:
    """The claim page of the winner of a fresh draw of three, from the letter."""
    open_one(run, tmp_path)
    enter(3)
    done(run, "close", "win-100", "--now", "--yes")
    done(run, "draw", "win-100")
    box = letters(run)
    texts = [str(part.get_content()) for letter in box.all() if (part := letter.get_body(("plain",)))]
    return link(next(text for text in texts if "/claim/" in text), "/claim/")


def claims() -> list[Claim]:
    db.session.rollback()
    return list(db.session.scalars(select(Claim)))


def shown(response: TestResponse) -> str:
    body = response.get_data(as_text=True)
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Robots-Tag"] == "noindex"
    assert response.headers["Referrer-Policy"] == "same-origin"
    return body


def test_the_link_shows_a_form_and_changes_nothing(client: FlaskClient, page: str) -> None:
    body = shown(client.get(page))
    assert "Claim your prize" in body
    assert "Please claim before <strong>Tuesday 15 December 2026, 07:00 EST</strong>" in body
    assert "operator-trusted" in body.lower()
    assert ticked(body) == []
    assert claims() == []


def test_a_claim_is_kept_encrypted_shown_and_corrected_until_it_is_paid(
    run: FlaskCliRunner, client: FlaskClient, session: Session, page: str
) -> None:
    assert client.post(page, data=FORM).status_code == 303
    body = shown(client.get(page))
    assert "What you gave" in body
    assert "12 Elm Street, Apt 4<br>Austin, TX 78701" in body
    assert "entry number only" in body
    (row,) = claims()
    for column in (row.address, row.city, row.region, row.postcode, row.payout):
        assert not {word.encode() for word in ("Elm", "Austin", "TX7", "78701", "check")} & set(column.split())
        assert b"Elm" not in column
    assert keyring().unseal("claim.city", row.city) == "Austin"
    client.post(page, data={**FORM, "city": "Dallas"})
    assert "Dallas" in shown(client.get(page))
    assert len(claims()) == 1
    done(run, "award", "win-100", "1", "--yes")
    assert "it is on its way" in shown(client.get(page))
    done(run, "paid", "win-100", "1", "--yes")
    client.post(page, data={**FORM, "city": "Houston"})
    body = shown(client.get(page))
    assert "Dallas" in body
    assert "<form" not in body.split("<main")[1]


@pytest.mark.parametrize(
    ("changed", "field", "said"),
    [
        ({"address": " \r\n "}, "address", "Write the postal address"),
        ({"address": "x" * 301}, "address", "at most 300 fit"),
        ({"city": ""}, "city", "Write the town"),
        ({"city": "Aus\u200btin"}, "city", "invisible sign"),
        ({"region": "T\x00X"}, "region", "invisible sign"),
        ({"postcode": "9" * 21}, "postcode", "at most 20 fit"),
        ({"payout": "cash"}, "payout-check", "Choose how you want to get the prize"),
        ({"eligible": ""}, "eligible", "tick the box about age"),
    ],
)
def test_what_does_not_fit_is_said_beside_the_filled_form(
    client: FlaskClient, page: str, changed: dict[str, str], field: str, said: str
) -> None:
    typed = {name: value for name, value in {**FORM, "publish": "yes", **changed}.items() if value}
    response = client.post(page, data=typed)
    assert response.status_code == 422
    body = shown(response)
    assert f'<a href="#claim-{field}">' in body
    assert body.count(said) == 2
    assert ("12 Elm Street" in body) == ("address" not in changed)
    assert "publish" in ticked(body)
    assert claims() == []


def test_a_browser_that_does_not_say_where_it_posts_from_is_asked_once_more(client: FlaskClient, page: str) -> None:
    response = client.post(page, data={**FORM, "publish": "yes"}, headers={})
    assert response.status_code == 403
    body = shown(response)
    assert ticked(body) == ["eligible", "publish"]
    token = body.split('name="form_token" value="')[1].split('"')[0]
    assert client.post(page, data={**FORM, "form_token": token}, headers={}).status_code == 303
    assert len(claims()) == 1


def test_a_foreign_page_claims_nothing_and_its_boxes_are_cleared(client: FlaskClient, page: str) -> None:
    response = client.post(page, data={**FORM, "publish": "yes"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403
    assert ticked(shown(response)) == []
    assert claims() == []


def test_a_broken_link_or_another_purposes_helps_nobody(client: FlaskClient, page: str) -> None:
    assert client.get(page[:-1]).status_code == 404
    assert client.get(page.replace("/claim/", "/confirm/")).status_code == 404
    assert client.get("/claim/%00").status_code == 404


def test_whoever_holds_no_prize_has_no_claim_page(client: FlaskClient, page: str) -> None:
    from webapp.sweepstakes.draw_mail import claim_link
    from webapp.sweepstakes.entrants import everybody

    people = list(everybody(db.session(), "win-100", state=None, limit=None, keys=keyring()))
    pages = [link(claim_link(person), "/claim/") for person in people]
    db.session.rollback()
    assert sorted(client.get(one).status_code for one in pages) == [200, 404, 404]
    loser = next(one for one in pages if one != page)
    assert client.post(loser, data=FORM).status_code == 404
    assert claims() == []


def test_a_claim_after_the_time_counts_while_the_prize_is_still_theirs(
    run: FlaskCliRunner, client: FlaskClient, page: str, clock: time_machine.Traveller
) -> None:
    clock.move_to(NOW + timedelta(days=14))
    assert "The time to claim ended Tuesday 15 December 2026, 07:00 EST" in shown(client.get(page))
    assert client.post(page, data=FORM).status_code == 303
    assert len(claims()) == 1
    done(run, "forfeit", "win-100", "1", "--reason", "ineligible", "--yes")
    gone = client.post(page, data={**FORM, "city": "Dallas"})
    assert (gone.status_code, "This prize is no longer yours" in gone.get_data(as_text=True)) == (410, True)
    assert keyring().unseal("claim.city", claims()[0].city) == "Austin"


@pytest.mark.parametrize(("meanwhile", "refusal"), [("paid", PaidAlready), ("forfeit", NotHolding)])
def test_a_claim_that_comes_a_moment_after_the_payment_or_the_forfeit_changes_nothing(
    run: FlaskCliRunner, page: str, meanwhile: str, refusal: type[Exception]
) -> None:
    (winner,) = answer(run, "winners", "win-100")["winners"]
    person = by_entry(db.session(), "win-100", winner["entry"], keys=keyring())
    details = Details(address="1 Elm Street", city="Austin", region="TX", postcode="78701", payout="check", public_name=None)
    late = prepare_claim(person, details, keys=keyring())
    done(run, "award", "win-100", "1", "--yes")
    done(run, meanwhile, "win-100", "1", *(("--reason", "declined") if meanwhile == "forfeit" else ()), "--yes")
    with pytest.raises(refusal), writing() as session:
        claim(session, person, late, now=NOW)
    assert claims() == []


@pytest.mark.parametrize("lost", [True, False], ids=["forfeited", "paid"])
def test_a_name_is_public_only_while_its_winner_agrees_and_after_it_was_read(
    run: FlaskCliRunner, client: FlaskClient, session: Session, page: str, clock: time_machine.Traveller, lost: bool
) -> None:
    def public() -> list[bool]:
        return ["R., " in client.get(path).get_data(as_text=True) for path in ("/draws", "/draws/win-100")]

    client.post(page, data=FORM)
    assert public() == [False, False]
    client.post(page, data={**FORM, "publish": "yes"})
    assert public() == [False, False]  # what a winner types is nobody's to read before somebody of ours has
    assert "to be published, once awarded, as: R., Austin TX" in done(run, "winners", "win-100", "--contact")
    assert "R., Austin TX, once the prize is awarded" in client.get(page).get_data(as_text=True)
    clock.shift(60)
    done(run, "award", "win-100", "1", "--yes")
    for path in ("/draws", "/draws/win-100"):
        body = client.get(path).get_data(as_text=True)
        assert "R., Austin TX" in body
        assert "Reader" not in body.split("<main")[1]
    clock.shift(60)
    client.post(page, data={**FORM, "publish": "yes", "city": "Elsewhere"})
    assert public() == [False, False]  # changed after it was read
    client.post(page, data=FORM)
    assert public() == [False, False]
    rows = session.execute(select(ConsentText.kind, Consent.given).join(ConsentText).order_by(Consent.id)).all()
    assert [given for kind, given in rows if kind == "publish"] == [True, True, False]
    assert [given for kind, given in rows if kind == "claim"] == [True, True, True, True]
    client.post(page, data={**FORM, "publish": "yes"})
    session.rollback()
    done(run, "forfeit" if lost else "paid", "win-100", "1", *(("--reason", "ineligible") if lost else ()), "--yes")
    assert public() == [False, False]  # a payment is no reading


@pytest.mark.parametrize(
    ("name", "public"),
    [
        ("Jane Smith", "J. S., Austin TX"),
        ("jane van der smith", "J. S., Austin TX"),
        ("Cher", "C., Austin TX"),
        ("Élodie (Lo) O'Neil", "É. O., Austin TX"),
        ("王 小明", "王. 小., Austin TX"),
        ("Ada 2", "A., Austin TX"),
    ],
)
def test_the_public_form_is_initials_town_and_state(name: str, public: str) -> None:
    assert public_name(name, "Austin", "TX") == public


def test_the_page_says_until_when_a_prize_can_be_claimed(client: FlaskClient, page: str) -> None:
    body = " ".join(re.sub("<[^>]+>", " ", client.get("/draws/win-100").get_data(as_text=True)).split())
    assert "to claim before Tuesday 15 December 2026, 07:00 EST" in body


def test_contact_shows_claims_and_leaves_a_trace(run: FlaskCliRunner, client: FlaskClient, session: Session, page: str) -> None:
    client.post(page, data={**FORM, "publish": "yes"})
    (winner,) = answer(run, "winners", "win-100")["winners"]
    assert winner["claimed"] is True
    assert "claim" not in winner
    assert session.scalars(select(Audit).where(Audit.action == "contact")).all() == []
    session.rollback()
    (winner,) = answer(run, "winners", "win-100", "--contact")["winners"]
    assert winner["claim"]["city"] == "Austin"
    assert winner["claim"]["payout"] == "check"
    words = done(run, "winners", "win-100", "--contact")
    assert "12 Elm Street, Apt 4" in words
    assert "audit trail" in words
    session.rollback()
    traces = session.scalars(select(Audit).where(Audit.action == "contact")).all()
    assert [trace.detail["entries"] for trace in traces] == [[winner["entry"]]] * 2


def test_the_winners_list_as_csv_is_safe_to_open(run: FlaskCliRunner, client: FlaskClient, session: Session, page: str) -> None:
    with writing() as writer:
        for entrant in writer.scalars(select(Entrant)):
            entrant.name = keyring().seal("entrant.name", '=HYPERLINK("http://evil.example")')
    client.post(page, data={**FORM, "address": "Ada\n+1 Elm Street, Apt 4"})
    (row,) = csv.DictReader(io.StringIO(done(run, "winners", "win-100", "--csv", "--contact"), newline=""))
    assert row["name"] == '\'=HYPERLINK("http://evil.example")'
    assert row["address"] == "Ada\n'+1 Elm Street, Apt 4"
    assert row["postcode"] == "78701"
    assert row["rank"] == "1"
    plain = done(run, "winners", "win-100", "--csv")
    assert plain.startswith("campaign,rank,entry,name,email,state,offered_at,answer_by,public_name,claimed\n")
    assert "Elm" not in plain
    result = run.invoke(args=["sweepstakes", "winners", "win-100", "--csv", "--json"])
    assert result.exit_code == 2


def test_claims_lie_in_no_column_in_plain_text(client: FlaskClient, session: Session, page: str) -> None:
    client.post(page, data={**FORM, "publish": "yes"})
    stored = json.dumps([[repr(value) for value in row] for row in session.execute(text("SELECT * FROM sweepstakes_claim"))])
    for word in ("Elm", "Austin", "78701"):
        assert word not in stored
