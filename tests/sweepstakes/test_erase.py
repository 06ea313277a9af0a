"""Erasing a person: every byte that leads to them goes, the public record stays and holds. By the page and by the command."""

import json
import re
import sqlite3
from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from sqlalchemy import select

from tests.sweepstakes.campaigns import NOW, changed, done, enter, open_one
from tests.sweepstakes.entering import entrants, letters, link, outbox, post, typed
from webapp.database import Base, db, writing
from webapp.draw import LogStatus, status
from webapp.draw.receipts import check_receipt, parse_receipt
from webapp.mail.sending import lease
from webapp.site import keyring, settings
from webapp.sweepstakes.addresses import canonical
from webapp.sweepstakes.models import Audit, Claim, Consent, Entrant
from webapp.tokens import make_token

SPLIT = b"split page:" * 5
NAME, EMAIL = "Zebulon Quarkfield", "z.quarkfield@example.com"


pytestmark = pytest.mark.usefixtures("clock")


def come_in(client: FlaskClient, run: FlaskCliRunner, name: str = NAME, email: str = EMAIL) -> str:
    """Register, confirm, get the receipt by mail; returns the own page's path."""
    post(client, name=name, email=email, newsletter="yes")
    client.post(link(letters(run).text()), data={"name": name, "newsletter": "yes"})
    return link(letters(run).text(), "/entry/")


def log() -> LogStatus:
    db.session.rollback()
    found = status(db.session(), "win-100")
    assert found is not None
    return found


def traces(email: str = EMAIL) -> dict[str, bytes]:
    """Everything by which the person can be found, as bytes."""
    key = keyring().blind("email", canonical(email))
    db.session.rollback()
    row = db.session.scalars(select(Entrant).where(Entrant.email_key == key)).one()
    assert row.name is not None
    assert row.email is not None
    assert row.nonce is not None
    nonce = bytes.fromhex(keyring().unseal("entrant.nonce", row.nonce))
    return {
        "name": NAME.encode(),
        "surname": b"Quarkfield",
        "address": email.encode(),
        "blind index": key,
        "nonce": nonce,
        "nonce in hex": nonce.hex().encode(),
        "nonce in a receipt": b64encode(nonce),
        "sealed name": row.name,
        "sealed address": row.email,
        "sealed nonce": row.nonce,
        "link": make_token(keyring().secret, "entry", row.id).encode(),
    }


def found(wanted: dict[str, bytes]) -> set[str]:
    """Which traces are in any file of the instance folder, or in any column of any table."""
    places = [path.read_bytes() for path in settings().instance.rglob("*") if path.is_file()] + list(_cells())
    return {name for name, trace in wanted.items() if any(trace in place for place in places)}


def _cells() -> Iterator[bytes]:
    db.session.rollback()
    for table in Base.metadata.sorted_tables:
        for row in db.session.execute(select(table)):
            for cell in row:
                yield cell if isinstance(cell, bytes) else str(cell).encode()


def invoke(run: FlaskCliRunner, *args: str, **more: str) -> Result:
    result = run.invoke(args=["entrant", *args], **more)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def erase(run: FlaskCliRunner, *args: str) -> str:
    result = invoke(run, "erase", "win-100", *args, "--yes")
    assert result.exit_code == 0, result.output
    return result.stdout


def test_after_erasing_no_byte_leads_to_the_person_and_every_proof_holds(client: FlaskClient, run: FlaskCliRunner) -> None:
    enter(20)
    own = come_in(client, run)
    other = come_in(client, run, "Bob", "bob@example.com")
    client.post("/entry", data={"email": EMAIL})
    letters(run)
    client.post("/entry", data={"email": "bob@example.com"})
    theirs, old, bobs = traces(), client.get(f"{own}/receipt.txt").text, client.get(f"{other}/receipt.txt").text
    assert found(theirs) >= {"name", "address", "blind index", "nonce in a receipt", "sealed name", "link"}

    erase(run, "--email", "Z.QUARKFIELD@example.com")

    assert found(theirs) == set()
    for command in (("export", "win-100", "--csv"), ("export", "win-100", "--json"), ("list", "--newsletter"), ("list", "win-100")):
        printed = invoke(run, *command).output.encode()
        assert not any(trace in printed for trace in theirs.values())
    assert client.get(own).status_code == 404
    assert (log().removed, log().eligible) == (1, 21)
    for _ in range(2):
        assert json.loads(done(run, "verify", "win-100", "--json"))["size"] == log().size
        check_receipt(parse_receipt(old), log().vkey, "win-100", EMAIL)
        for receipt in (bobs, client.get(f"{other}/receipt.txt").text):
            check_receipt(parse_receipt(receipt), log().vkey, "win-100", "bob@example.com")
        done(run, "close", "win-100", "--now", "--yes")
    done(run, "draw", "win-100")
    done(run, "verify", "win-100")
    assert found(theirs) == set()


def _left_in_a_page(app: Flask, marker: bytes) -> None:
    """As if a page of SQLite's file that held this had been split."""
    if "postgresql" in app.config["SQLALCHEMY_DATABASE_URI"]:
        return
    with sqlite3.connect(_file(app)) as other:
        other.execute("PRAGMA secure_delete=OFF")
        other.execute("CREATE TABLE scratch (a BLOB)")
        other.execute("INSERT INTO scratch VALUES (?)", (SPLIT + marker,))
        other.execute("DROP TABLE scratch")
    other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    other.close()


def _file(app: Flask) -> Path:
    return settings().instance / app.config["SQLALCHEMY_DATABASE_URI"].rpartition("/")[2]


def traces_left() -> set[str]:
    """What `_left_in_a_page` left and is still there."""
    return found({"split page": SPLIT})


def test_what_sqlite_keeps_in_unused_space_goes_as_well(app: Flask, run: FlaskCliRunner, client: FlaskClient) -> None:
    if "postgresql" in app.config["SQLALCHEMY_DATABASE_URI"]:
        return  # about SQLite's file alone
    come_in(client, run)
    marker = b"left over in a page" * 40
    _left_in_a_page(app, marker)
    assert found({"marker": marker[:60]}) == {"marker"}
    erase(run, "--entry", "1")
    assert found({"marker": marker[:60]}) == set()


def test_what_an_erasure_by_the_page_leaves_in_unused_space_goes_with_the_next_tick(
    app: Flask, run: FlaskCliRunner, client: FlaskClient, clock: time_machine.Traveller
) -> None:
    def erased_on_the_page(email: str) -> set[str]:
        own, theirs = come_in(client, run, email=email), traces(email)
        _left_in_a_page(app, theirs["sealed name"])
        assert client.post(f"{own}/erase", data={"sure": "yes"}).status_code == 303
        return found({"sealed name": theirs["sealed name"]})

    sqlite = "postgresql" not in app.config["SQLALCHEMY_DATABASE_URI"]
    assert erased_on_the_page(EMAIL) == ({"sealed name"} if sqlite else set())
    assert "rewritten" in run.invoke(args=["tick"]).output
    assert traces_left() == set()
    assert "rewritten" not in run.invoke(args=["tick"]).output
    erased_on_the_page("other@example.com")
    assert "rewritten" not in run.invoke(args=["tick"]).output  # at most once an hour
    clock.shift(timedelta(hours=1))
    assert "rewritten" in run.invoke(args=["tick"]).output
    assert traces_left() == set()


def test_the_page_says_what_goes_asks_and_erases(client: FlaskClient, run: FlaskCliRunner) -> None:
    own, theirs = come_in(client, run), traces()
    asked = client.get(f"{own}/erase").text
    assert "Your entry is withdrawn first" in asked
    assert 'method="post"' in asked
    assert client.post(f"{own}/erase", data={"x": ""}).status_code == 403
    assert found(theirs)
    done_ = client.post(f"{own}/erase", data={"sure": "yes"})
    assert (done_.status_code, done_.headers["Location"]) == (303, "/entry/erased")
    assert "Your data is erased" in client.get("/entry/erased").text
    assert found(theirs) == set()
    assert (log().removed, entrants()[0].state, outbox()) == (1, "erased", [])
    assert db.session.scalars(select(Consent)).all() == []
    assert b'"reason":"erasure","type":"withdraw"' in client.get("/draws/win-100/log/tile/entries/000.p/3").data
    for path in ("", "/erase", "/withdraw", "/data.json"):
        assert client.get(own + path).status_code == 404
    db.session.rollback()
    assert db.session.scalars(select(Audit.detail).where(Audit.action == "erase")).one() == {"entries": [1]}


def test_who_was_erased_may_enter_again_and_no_old_link_opens_the_new_page(client: FlaskClient, run: FlaskCliRunner) -> None:
    old = come_in(client, run)
    confirm = f"/confirm/{make_token(keyring().secret, 'confirm', entrants()[0].id)}"
    erase(run, "--email", EMAIL)
    new = come_in(client, run)
    assert client.get(new).status_code == 200
    assert client.get(old).status_code == 404
    assert client.get(confirm).status_code == 404
    assert [row.state for row in entrants()] == ["erased", "confirmed"]


def test_who_was_excluded_stays_out_after_an_erasure_until_the_seal_forgets_them(client: FlaskClient, run: FlaskCliRunner) -> None:
    enter(3)
    own = come_in(client, run)
    assert invoke(run, "exclude", "win-100", "--entry", "4", "--reason", "automated", "--yes").exit_code == 0
    letters(run)
    theirs = traces()
    assert client.post(f"{own}/erase", data={"sure": "yes"}).status_code == 303
    assert found(theirs) == {"blind index"}
    assert client.get(own).status_code == 404
    before = len(outbox())
    for path, data in (("/register", typed(email=EMAIL)), ("/entry", {"email": EMAIL})):
        assert client.post(path, data=data).status_code == 303
    assert len(entrants()) == 4
    assert len(outbox()) == before
    done(run, "close", "win-100", "--now", "--yes")
    assert (entrants()[3].state, entrants()[3].email_key) == ("erased", None)


def test_erasing_twice_says_that_nothing_is_left(client: FlaskClient, run: FlaskCliRunner) -> None:
    come_in(client, run)
    assert "Erased: 1 row" in erase(run, "--entry", "1")
    assert erase(run, "--entry", "1") == "Nothing to erase: entry 1 of win-100 was erased before.\n"
    assert json.loads(erase(run, "--entry", "1", "--json"))["rows"] == 0


def test_earlier_entries_of_the_same_person_go_too(client: FlaskClient, run: FlaskCliRunner) -> None:
    own, theirs = come_in(client, run), traces()
    client.post(f"{own}/withdraw", data={"sure": "yes"})
    come_in(client, run)
    assert json.loads(invoke(run, "erase", "win-100", "--email", EMAIL, "--yes", "--json").stdout)["rows"] == 2
    assert found({name: theirs[name] for name in ("blind index", "sealed name", "name", "address")}) == set()


def test_the_newsletter_ends_in_other_campaigns_too_as_the_page_says(client: FlaskClient, run: FlaskCliRunner, tmp_path: Path) -> None:
    open_one(run, tmp_path, changed("slug", 'slug = "win-200"'), "win-200")
    own = come_in(client, run)
    post(client, name=NAME, email=EMAIL, newsletter="yes", campaign="win-200")
    client.post(link(letters(run).text()), data={"name": NAME, "newsletter": "yes"})
    assert [row.newsletter for row in entrants()] == [True, True]
    assert "the newsletter (in whichever draw you asked for it)" in client.get(f"{own}/erase").text
    client.post(f"{own}/erase", data={"sure": "yes"})
    assert [(row.state, row.newsletter) for row in entrants()] == [("erased", False), ("confirmed", False)]
    assert invoke(run, "list", "--newsletter", "--json").stdout.strip() == "[]"


def test_a_registration_that_waits_is_erased_without_a_leaf(client: FlaskClient, run: FlaskCliRunner) -> None:
    post(client, name=NAME, email=EMAIL)
    mailed = link(letters(run).text())
    erase(run, "--email", EMAIL)
    assert (log().size, entrants()[0].state) == (1, "erased")
    assert client.get(mailed).status_code == 404


def test_a_letter_that_is_just_being_sent_is_waited_for(client: FlaskClient, run: FlaskCliRunner, clock: time_machine.Traveller) -> None:
    own = come_in(client, run)
    client.post("/entry", data={"email": EMAIL})
    with writing() as session:
        assert lease(session, now=NOW) is not None
    before = entrants()[0].token_counter
    answer = client.post(f"{own}/erase", data={"sure": "yes"})
    assert answer.status_code == 409
    assert "in a minute" in answer.text
    assert invoke(run, "erase", "win-100", "--entry", "1", "--yes").exit_code == 1
    assert (entrants()[0].state, entrants()[0].token_counter, log().removed) == ("confirmed", before, 0)
    clock.shift(timedelta(seconds=61))
    assert client.post(f"{own}/erase", data={"sure": "yes"}).status_code == 303


def drawn(run: FlaskCliRunner) -> list[int]:
    """Three entries, drawn; their numbers in the order of the ranking."""
    enter(3)
    done(run, "close", "win-100", "--now", "--yes")
    done(run, "draw", "win-100")
    return ranking()


def ranking() -> list[int]:
    result = log().result
    assert result is not None
    return [place.index for place in result.ranking]


def own_page(entry: int) -> str:
    row = next(row for row in entrants() if row.entry_index == entry)
    return f"/entry/{make_token(keyring().secret, 'entry', row.id, row.token_counter)}"


def test_a_winner_who_is_erased_forfeits_to_the_next(client: FlaskClient, run: FlaskCliRunner) -> None:
    first, second, _ = drawn(run)
    own = own_page(first)
    assert "You hold a prize" in client.get(f"{own}/erase").text
    assert client.post(f"{own}/erase", data={"sure": "yes"}).status_code == 303
    assert [(step.kind, step.rank, step.reason) for step in log().steps] == [("forfeit", 1, "erasure")]
    assert [winner.index for winner in log().winners] == [second]
    done(run, "verify", "win-100")


def test_the_claim_of_a_winner_is_in_the_data_to_take_away_and_goes_with_them(client: FlaskClient, run: FlaskCliRunner) -> None:
    first, *_ = drawn(run)
    own = own_page(first)
    claim = f"/claim/{make_token(keyring().secret, 'claim', next(row.id for row in entrants() if row.entry_index == first))}"
    given = {"address": "Ada Reader\n1 Main Street", "city": "Austin", "region": "TX", "postcode": "78701", "payout": "check"}
    assert client.post(claim, data={**given, "eligible": "yes", "publish": "yes"}).status_code == 303
    assert json.loads(client.get(f"{own}/data.json").text)["claim"]["city"] == "Austin"
    client.post(f"{own}/erase", data={"sure": "yes"})
    db.session.rollback()
    assert db.session.scalars(select(Claim)).all() == []
    assert client.get(claim).status_code == 404


def test_an_erased_alternate_is_passed_over_when_the_turn_comes(run: FlaskCliRunner) -> None:
    _, second, third = drawn(run)
    erase(run, "--entry", str(second))
    assert log().steps == ()
    done(run, "forfeit", "win-100", "1", "--reason", "declined", "--yes")
    assert [(step.rank, step.reason) for step in log().steps] == [(1, "declined"), (2, "erasure")]
    assert [winner.index for winner in log().winners] == [third]
    done(run, "verify", "win-100")


def test_who_is_erased_between_seal_and_draw_stays_in_the_list_but_holds_no_prize(client: FlaskClient, run: FlaskCliRunner) -> None:
    enter(3)
    done(run, "close", "win-100", "--now", "--yes")
    assert "your number stays in the draw" in client.get(f"{own_page(1)}/erase").text
    for entry in (1, 2):
        client.post(f"{own_page(entry)}/erase", data={"sure": "yes"})
    assert log().removed == 0
    done(run, "draw", "win-100")
    assert [winner.index for winner in log().winners] == [3]
    assert {step.reason for step in log().steps} <= {"erasure"}
    assert len(log().steps) == ranking().index(3)
    done(run, "verify", "win-100")


def test_the_record_of_a_paid_winner_is_kept_unless_the_admin_insists(client: FlaskClient, run: FlaskCliRunner) -> None:
    first, *_ = drawn(run)
    for step in ("award", "paid"):
        done(run, step, "win-100", "1", "--yes")
    own = own_page(first)
    assert "cannot be erased yet" in client.get(f"{own}/erase").text
    assert client.post(f"{own}/erase", data={"sure": "yes"}).status_code == 409
    refused = invoke(run, "erase", "win-100", "--entry", str(first), "--yes")
    assert refused.exit_code == 1
    assert "law asks" in refused.stderr
    assert client.get(own).status_code == 200
    erase(run, "--entry", str(first), "--even-paid")
    assert client.get(own).status_code == 404
    assert [winner.state for winner in log().winners] == ["paid"]


def test_the_command_asks_and_wants_to_know_whom(run: FlaskCliRunner) -> None:
    enter(1)
    asked = invoke(run, "erase", "win-100", "--entry", "1", input="n\n")
    assert asked.exit_code == 1
    assert "Erase the person of entry 1" in asked.output
    wrong: list[tuple[str, ...]] = [(), ("--entry", "1", "--email", "reader0@example.com")]
    for args in wrong:
        assert invoke(run, "erase", "win-100", *args, "--yes").exit_code == 2
    for option, value in (("--entry", "7"), ("--email", "nobody@example.com"), ("--email", "x")):
        refused = invoke(run, "erase", "win-100", option, value, "--yes")
        assert refused.exit_code == 1
        assert re.search("Nobody in win-100|like an e-mail|lacks its @", refused.stderr)
    assert entrants()[0].state == "confirmed"
