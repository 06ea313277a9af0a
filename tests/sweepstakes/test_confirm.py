"""Confirming, through the front door: the letter's link, the button, the entry number and the receipt."""

import re
from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.kernel.test_group_commit import queueing, write
from tests.sweepstakes.campaigns import CLOSES, NOW, done, enter
from tests.sweepstakes.entering import LATER, entrants, letters, link, outbox, post, ticked
from webapp.database import db, is_sqlite
from webapp.draw import commitment, status
from webapp.draw.receipts import check_receipt, parse_receipt
from webapp.mail.models import Outbox
from webapp.site import keyring
from webapp.sweepstakes.confirming import _store_all
from webapp.sweepstakes.entrants import by_id
from webapp.sweepstakes.models import Consent, ConsentText
from webapp.tokens import make_token

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def mailed(client: FlaskClient, run: FlaskCliRunner, clock: object) -> str:
    """The link in the letter after a registration."""
    post(client, email="Ada@Example.com")
    return link(letters(run).text())


def confirm(client: FlaskClient, mailed: str, **fields: str) -> TestResponse:
    return client.post(mailed, data={"name": "Ada Reader", **fields})


def size() -> int:
    db.session.rollback()
    log = status(db.session(), "win-100")
    assert log is not None
    return log.size


def test_opening_the_link_shows_a_button_and_changes_nothing(client: FlaskClient, mailed: str) -> None:
    before = [(row.state, row.name, row.newsletter) for row in entrants()]
    for _ in range(2):
        page = client.get(mailed)
        assert page.status_code == 200
        assert "Confirm my entry" in page.text
        assert 'value="Ada Reader"' in page.text
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "same-origin"
        assert page.headers["X-Robots-Tag"] == "noindex"
    assert client.head(mailed).status_code == 200
    assert [(row.state, row.name, row.newsletter) for row in entrants()] == before
    assert size() == 1


def test_pressing_the_button_enters_with_a_leaf_a_number_and_a_receipt(client: FlaskClient, run: FlaskCliRunner, mailed: str) -> None:
    response = confirm(client, mailed)
    assert response.status_code == 303
    page = client.get(response.headers["Location"])
    assert 'data-entry-number="1"' in page.text
    assert "You are the only one in so far" in page.text
    assert "c2sp.org/tlog-proof@v1" in page.text
    (row,) = entrants()
    assert (row.state, row.entry_index, row.confirmed_at) == ("confirmed", 1, NOW)
    assert size() == 2
    assert outbox() == [("confirm", "sent"), ("you_are_in", "new")]


def test_the_receipt_proves_the_entry_of_the_address_as_the_letter_prints_it(client: FlaskClient, run: FlaskCliRunner, mailed: str) -> None:
    confirm(client, mailed)
    letter = letters(run)
    log = status(db.session(), "win-100")
    assert log is not None
    assert "\n\nada@example.com\n\n" in letter.text()
    assert "Your entry number: 1\n" in letter.text()
    (attached,) = letter.all()[-1].iter_attachments()
    download = client.get(f"{mailed}/receipt.txt")
    below = letter.text()[letter.text().index("c2sp.org") :].split("\n\nCheck it")[0] + "\n"
    for note in (attached.get_content(), download.text, below):
        receipt = parse_receipt(note)
        assert receipt.index == 1
        check_receipt(receipt, log.vkey, "win-100", "ada@example.com")
    assert download.mimetype == "text/plain"
    assert download.headers["Cache-Control"] == "no-store"


def test_the_nonce_is_stored_sealed(client: FlaskClient, mailed: str) -> None:
    confirm(client, mailed)
    (row,) = entrants()
    assert row.nonce is not None
    nonce = bytes.fromhex(keyring().unseal("entrant.nonce", row.nonce))
    assert len(nonce) == 32
    assert nonce not in row.nonce
    assert len(commitment(nonce, "win-100", "ada@example.com")) == 32


def test_name_and_newsletter_can_be_changed_when_confirming(client: FlaskClient, mailed: str) -> None:
    confirm(client, mailed, name="Zoë  Reader", newsletter="yes")
    (row,) = entrants()
    assert row.name is not None
    assert keyring().unseal("entrant.name", row.name) == "Zoë Reader"
    assert row.newsletter


def consents() -> list[tuple[str, str, bool]]:
    db.session.rollback()
    query = select(ConsentText.kind, ConsentText.text, Consent.given).join(Consent, Consent.text_id == ConsentText.id).order_by(Consent.id)
    return [(kind, text, given) for kind, text, given in db.session.execute(query)]


def test_consents_are_recorded_at_confirmation_with_their_exact_words(client: FlaskClient, mailed: str) -> None:
    assert consents() == []
    page = client.get(mailed).text
    confirm(client, mailed, newsletter="yes")
    rules, newsletter = consents()
    assert (rules[0], rules[2], newsletter[0], newsletter[2]) == ("rules", True, "newsletter", True)
    words = re.sub(r"<[^>]+>", "", page)
    assert rules[1] in words
    assert newsletter[1] in words


def test_a_newsletter_wished_for_on_the_form_but_unticked_here_is_no_consent(client: FlaskClient, run: FlaskCliRunner) -> None:
    post(client, newsletter="yes")
    mailed = link(letters(run).text())
    assert ticked(client.get(mailed).text) == ["newsletter"]
    confirm(client, mailed)
    assert [kind for kind, _, _ in consents()] == ["rules"]
    assert not entrants()[0].newsletter


def test_a_second_press_shows_the_same_page_and_changes_nothing(client: FlaskClient, mailed: str) -> None:
    first = client.get(confirm(client, mailed).headers["Location"]).text
    second = confirm(client, mailed, name="Somebody Else", newsletter="yes")
    assert second.status_code == 303
    assert client.get(second.headers["Location"]).text == first
    assert size() == 2
    assert len(consents()) == 1
    assert [kind for kind, _ in outbox()].count("you_are_in") == 1


def test_twenty_presses_at_once_make_one_entry(app: Flask, mailed: str) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: confirm(app.test_client(), mailed).status_code, range(20)))
    assert set(answers) == {303}
    assert size() == 2
    assert [row.entry_index for row in entrants()] == [1]
    assert [kind for kind, _ in outbox()].count("you_are_in") == 1


def test_people_confirming_at_once_get_different_numbers(app: Flask, client: FlaskClient, run: FlaskCliRunner) -> None:
    for number in range(12):
        post(client, email=f"reader{number}@example.com")
    links = [link(letters(run).text(number)) for number in range(12)]
    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(lambda mailed: confirm(app.test_client(), mailed).status_code, links)) == {303}
    assert sorted(row.entry_index or 0 for row in entrants()) == list(range(1, 13))


@pytest.mark.parametrize("presses", [[0, 1, 2], [0, 1, 1, 2]], ids=["each once", "one of them twice"])
def test_those_who_confirm_in_one_transaction_each_get_a_number_their_consents_and_a_letter(
    app: Flask, client: FlaskClient, run: FlaskCliRunner, presses: list[int]
) -> None:
    for number in range(3):
        post(client, email=f"reader{number}@example.com")
    links = [link(letters(run).text(number)) for number in range(3)]
    with ThreadPoolExecutor(len(presses)) as pool:
        with queueing(app, "confirm") as queue:
            answers = []
            for number, which in enumerate(presses, 1):
                fields = {"name": f"Reader {which}"} | ({"newsletter": "y"} if which == 1 else {})
                answers.append(pool.submit(app.test_client().post, links[which], data=fields))
                queue.wait_for(number)
        assert {answer.result().status_code for answer in answers} == {303}
    assert [(row.entry_index, row.state) for row in entrants()] == [(1, "confirmed"), (2, "confirmed"), (3, "confirmed")]
    people = [by_id(db.session(), row.id, keys=keyring()) for row in entrants()]
    assert [(person.name, person.newsletter) for person in people] == [("Reader 0", False), ("Reader 1", True), ("Reader 2", False)]
    boxes = select(Consent.entrant_id, ConsentText.kind).join(ConsentText, Consent.text_id == ConsentText.id)
    expected = [(person.id, kind) for person in people for kind in ("newsletter", "rules") if kind == "rules" or person.newsletter]
    assert sorted(tuple(row) for row in db.session.execute(boxes)) == expected
    owed = select(Outbox.ref, Outbox.message_id).where(Outbox.kind == "you_are_in").order_by(Outbox.ref)
    refs, ids = zip(*db.session.execute(owed), strict=True)
    assert (list(refs), len(set(ids))) == ([person.id for person in people], 3)
    if not is_sqlite(db.session()):  # each row knows the transaction that wrote it
        transactions = db.session.scalar(text("SELECT count(DISTINCT xmin::text) FROM sweepstakes_entrant"))
        assert transactions == (1 if len(presses) == 3 else 3)


def test_who_loses_the_link_while_waiting_to_confirm_is_not_confirmed_and_the_others_are(
    app: Flask, client: FlaskClient, run: FlaskCliRunner
) -> None:
    for number in range(3):
        post(client, email=f"reader{number}@example.com")
    links = [link(letters(run).text(number)) for number in range(3)]
    anew = f"UPDATE sweepstakes_entrant SET token_counter = token_counter + 1 WHERE id = {entrants()[1].id}"
    db.session.rollback()
    with ThreadPoolExecutor(4) as pool, queueing(app, "confirm") as queue:
        pool.submit(write, app, lambda session: session.execute(anew), "confirm")
        queue.wait_for(1)
        for number, mailed in enumerate(links, 2):
            pool.submit(confirm, app.test_client(), mailed)
            queue.wait_for(number)
    assert [(row.state, row.entry_index) for row in entrants()] == [("confirmed", 1), ("pending", None), ("confirmed", 2)]
    assert size() == 3


def test_postgresql_finds_who_confirms_by_their_key_however_small_the_table_was_when_it_made_the_plan(session: Session) -> None:
    if is_sqlite(session):
        return
    placed: dict[str, str] = {}
    statement = str(_store_all("postgresql").compile(dialect=session.get_bind().dialect))
    numbered = re.sub(r"%\((\w+)\)s", lambda name: placed.setdefault(name[1], f"${len(placed) + 1}"), statement)
    session.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))
    connection = session.connection()
    connection.exec_driver_sql(f"PREPARE confirm_all AS {numbered}")
    plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN EXECUTE confirm_all ({', '.join(['NULL'] * len(placed))})").scalars())
    assert "Index Scan using pk_sweepstakes_entrant" in plan
    assert "Seq Scan" not in plan


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_a_post_from_elsewhere_confirms_nothing(client: FlaskClient, mailed: str, headers: dict[str, str]) -> None:
    response = client.post(mailed, data={"name": "Mallory", "newsletter": "yes"}, headers=headers)
    assert response.status_code == 403
    assert ticked(response.text) == []
    assert entrants()[0].state == "pending"


def test_a_browser_that_does_not_tell_confirms_at_the_second_press(client: FlaskClient, mailed: str) -> None:
    first = client.post(mailed, data={"name": "Ada"}, headers={})
    assert first.status_code == 403
    token = re.search(r'name="form_token" value="([^"]+)"', first.text)
    assert token is not None
    assert client.post(mailed, data={"name": "Ada", "form_token": token.group(1)}, headers={}).status_code == 303
    assert entrants()[0].state == "confirmed"


def test_a_name_that_does_not_fit_is_said_and_confirms_nothing(client: FlaskClient, mailed: str) -> None:
    response = confirm(client, mailed, name="a\u202eb", newsletter="yes")
    assert response.status_code == 422
    assert 'href="#confirm-name"' in response.text
    assert ticked(response.text) == ["newsletter"]
    assert entrants()[0].state == "pending"


@pytest.mark.parametrize(
    ("moment", "counts"), [(CLOSES + timedelta(hours=1), True), (LATER - timedelta(microseconds=1), True), (LATER, False)]
)
def test_late_confirmations_count_until_the_grace_is_over(
    client: FlaskClient, mailed: str, clock: time_machine.Traveller, moment: object, counts: bool
) -> None:
    clock.move_to(moment)
    assert client.get(mailed).status_code == (200 if counts else 410)
    response = confirm(client, mailed)
    assert response.status_code == (303 if counts else 410)
    assert (entrants()[0].state == "confirmed") is counts
    if not counts:
        assert "Too late to confirm" in response.text
        assert size() == 1


def test_after_an_early_seal_no_confirmation_counts(client: FlaskClient, run: FlaskCliRunner, mailed: str) -> None:
    enter(2)
    done(run, "close", "win-100", "--now", "--yes")
    before = size()
    for response in (client.get(mailed), confirm(client, mailed)):
        assert response.status_code == 410
        assert "Too late to confirm" in response.text
    assert entrants()[0].state == "pending"
    assert size() == before


def test_a_confirmed_entry_keeps_its_page_and_proves_itself_against_the_seal(client: FlaskClient, run: FlaskCliRunner, mailed: str) -> None:
    confirm(client, mailed)
    done(run, "close", "win-100", "--now", "--yes")
    log = status(db.session(), "win-100")
    assert log is not None
    assert log.sealed is not None
    text = client.get(f"{mailed}/receipt.txt").text
    assert check_receipt(parse_receipt(text), log.vkey, "win-100", "ada@example.com").size == log.sealed.size
    assert client.get(mailed).status_code == 200


@pytest.mark.parametrize("change", [lambda t: t[:-1], lambda t: t[:-4] + "AAAA", lambda t: "x", lambda t: "%C3%A4", lambda t: "A" * 40])
def test_a_link_that_is_not_ours_gets_words_that_help(client: FlaskClient, mailed: str, change: object) -> None:
    base, _, token = mailed.rpartition("/")
    address = f"{base}/{change(token)}"  # type: ignore[operator]
    for response in (client.get(address), confirm(client, address), client.get(f"{address}/receipt.txt")):
        assert response.status_code == 404
        assert "Copy it whole from the letter" in response.text


def test_tokens_of_nobody_of_another_purpose_and_of_an_older_counter_do_not_open(client: FlaskClient, mailed: str) -> None:
    secret, (row,) = keyring().secret, entrants()
    for token in (make_token(secret, "confirm", 2**40), make_token(secret, "entry", row.id), make_token(secret, "confirm", row.id, 1)):
        assert client.get(f"/confirm/{token}").status_code == 404
    assert client.get(f"/confirm/{urlsafe_b64encode(b'x' * 30).decode()}").status_code == 404


def test_there_is_no_receipt_before_the_confirmation(client: FlaskClient, mailed: str) -> None:
    assert client.get(f"{mailed}/receipt.txt").status_code == 404


def test_the_letter_to_an_unconfirmed_address_says_nothing_that_a_stranger_typed(client: FlaskClient, run: FlaskCliRunner) -> None:
    post(client, name="Buy at evil.example now")
    (letter,) = letters(run).all()
    assert "evil.example" not in letter.as_string()


def test_a_letter_to_confirm_what_is_confirmed_or_over_is_not_sent(
    client: FlaskClient, run: FlaskCliRunner, mailed: str, clock: time_machine.Traveller
) -> None:
    clock.shift(timedelta(days=1))
    post(client)
    confirm(client, mailed)
    post(client, email="late@example.com")
    clock.move_to(LATER)
    letters(run)
    assert sorted(outbox()) == [("confirm", "dropped"), ("confirm", "dropped"), ("confirm", "sent"), ("you_are_in", "sent")]
