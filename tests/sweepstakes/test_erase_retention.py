"""Purge by the table of retention, and sealing all data anew: dry run, each row's last moment, broken off and begun again."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from sqlalchemy import LargeBinary, select

from tests.sweepstakes.campaigns import NOW, done, enter
from tests.sweepstakes.entering import LATER, entrants, letters, link, outbox, post
from webapp.database import Base, db, writing
from webapp.keys import add_data_key
from webapp.site import keyring, settings
from webapp.sweepstakes import rekeying
from webapp.sweepstakes.models import Consent, ConsentText, Entrant
from webapp.sweepstakes.rekeying import SEALED

MOMENT = timedelta(seconds=1)
# Sealed by nobody: hashes, blind indexes, the public log.
NOT_SEALED = {"mailbox", "email_key", "sha256"}


pytestmark = pytest.mark.usefixtures("clock")


def answer(run: FlaskCliRunner, *args: str) -> Any:
    result = run.invoke(args=["entrant", *args, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def due(run: FlaskCliRunner) -> list[tuple[str, int]]:
    """What a dry run finds, without the networks' row."""
    return [(step["act"], step["rows"]) for step in answer(run, "purge")["steps"] if step["act"] != "forget network"]


def come_in(client: FlaskClient, run: FlaskCliRunner, email: str, **more: str) -> str:
    post(client, email=email, **more)
    client.post(link(letters(run).text()), data={"name": "Ada Reader", **more})
    return link(letters(run).text(), "/entry/")


def settle(run: FlaskCliRunner) -> tuple[int, datetime]:
    """Seal, draw, award and pay; the winner's number, and when it was over."""
    done(run, "close", "win-100", "--now", "--yes")
    done(run, "draw", "win-100")
    for step in ("award", "paid"):
        done(run, step, "win-100", "1", "--yes")
    facts = json.loads(done(run, "show", "win-100", "--json"))
    return facts["result"]["winners"][0]["entry"], NOW


def test_unconfirmed_registrations_go_seven_days_after_confirmations_end(
    client: FlaskClient, run: FlaskCliRunner, clock: time_machine.Traveller
) -> None:
    post(client)
    enter(1)
    letters(run)
    clock.move_to(LATER + timedelta(days=7) - MOMENT)
    assert due(run) == []
    clock.move_to(LATER + timedelta(days=7))
    assert due(run) == [("wipe", 1)]
    assert [row.state for row in entrants()] == ["pending", "confirmed"]
    answer(run, "purge", "--yes")
    assert [row.state for row in entrants()] == ["erased", "confirmed"]
    assert (entrants()[0].email, entrants()[0].email_key, outbox()) == (None, None, [])
    assert due(run) == []


def test_a_registration_withdrawn_before_it_was_confirmed_goes_with_those_that_waited(
    client: FlaskClient, run: FlaskCliRunner, clock: time_machine.Traveller
) -> None:
    post(client)
    letters(run)
    result = run.invoke(args=["entrant", "withdraw", "win-100", "--email", "ada@example.com", "--yes"])
    assert result.exit_code == 0, result.output
    clock.move_to(LATER + timedelta(days=7) - MOMENT)
    assert due(run) == []
    clock.move_to(LATER + timedelta(days=7))
    assert due(run) == [("wipe", 1)]
    answer(run, "purge", "--yes")
    assert (entrants()[0].state, entrants()[0].email, entrants()[0].name) == ("erased", None, None)


def test_losers_go_after_ninety_days_and_winners_after_three_years(run: FlaskCliRunner, clock: time_machine.Traveller) -> None:
    enter(5)
    winner, over = settle(run)
    clock.move_to(over + timedelta(days=90) - MOMENT)
    assert due(run) == []
    clock.move_to(over + timedelta(days=90))
    assert due(run) == [("wipe", 4)]
    assert len([row for row in entrants() if row.state == "confirmed"]) == 5
    answer(run, "purge", "--yes")
    assert [row.entry_index for row in entrants() if row.email] == [winner]
    clock.move_to(over + timedelta(days=3 * 365) - MOMENT)
    assert due(run) == []
    clock.move_to(over + timedelta(days=3 * 365))
    answer(run, "purge", "--yes")
    assert [row for row in entrants() if row.email or row.name or row.nonce or row.email_key] == []
    done(run, "verify", "win-100")


def test_letters_to_whose_name_is_kept_go_after_ninety_days_too(
    client: FlaskClient, run: FlaskCliRunner, clock: time_machine.Traveller
) -> None:
    come_in(client, run, "ada@example.com")
    _, over = settle(run)
    letters(run)
    sent = outbox()
    assert {kind for kind, _ in sent} >= {"confirm", "you_are_in", "won"}
    clock.move_to(over + timedelta(days=90) - MOMENT)
    client.post("/entry", data={"email": "ada@example.com"})
    letters(run)
    assert due(run) == []
    clock.move_to(over + timedelta(days=90))
    assert due(run) == [("forget letters", 1)]
    answer(run, "purge", "--yes")
    assert outbox() == [("your_link", "sent")]
    assert entrants()[0].email
    clock.shift(timedelta(days=90))
    answer(run, "purge", "--yes")
    assert outbox() == []


def test_a_draw_that_is_not_settled_keeps_everybody(run: FlaskCliRunner, clock: time_machine.Traveller) -> None:
    enter(3)
    done(run, "close", "win-100", "--now", "--yes")
    done(run, "draw", "win-100")
    clock.shift(timedelta(days=400))
    assert due(run) == []
    clock.move_to(NOW)
    done(run, "forfeit", "win-100", "1", "--reason", "declined", "--yes")
    clock.shift(timedelta(days=400))
    assert due(run) == []


def test_a_void_draw_counts_from_the_void(run: FlaskCliRunner, clock: time_machine.Traveller) -> None:
    enter(2)
    done(run, "void", "win-100", "--reason", "key_lost", "--yes")
    clock.shift(timedelta(days=90))
    assert due(run) == [("wipe", 2)]


def test_readers_of_the_newsletter_keep_name_and_address_until_they_end_it(
    client: FlaskClient, run: FlaskCliRunner, clock: time_machine.Traveller
) -> None:
    pages = [come_in(client, run, f"{name}@example.com", newsletter="yes") for name in ("ada", "bob")]
    enter(1)
    winner, over = settle(run)
    letters(run)
    clock.move_to(over + timedelta(days=90))
    answer(run, "purge", "--yes")
    kept = [row for row in entrants() if row.email and row.entry_index != winner]
    assert all(row.newsletter and row.nonce is None for row in kept)
    # What is left of the boxes is why we still write; of those whose time is not over, all.
    of = {row.id for row in kept}
    ticked = db.session.execute(select(Consent.entrant_id, ConsentText.kind).join(ConsentText, Consent.text_id == ConsentText.id)).all()
    assert sorted(entrant for entrant, kind in ticked if entrant in of and kind == "newsletter") == sorted(of)
    assert not [kind for entrant, kind in ticked if entrant in of and kind != "newsletter"]
    assert len(kept) == (2 if winner == 3 else 1)
    assert due(run) == []
    number = kept[0].entry_index or 0
    own = pages[number - 1]
    page = client.get(own)
    assert page.status_code == 200
    assert "Your receipt" not in page.text
    assert client.get(f"{own}/receipt.txt").status_code == 404
    client.post(f"{own}/newsletter", data={"newsletter": "no"})
    assert due(run) == [("wipe", 1)]


def test_networks_go_thirty_days_after_the_registration(client: FlaskClient, run: FlaskCliRunner, clock: time_machine.Traveller) -> None:
    come_in(client, run, "ada@example.com")
    assert entrants()[0].network
    clock.shift(timedelta(days=30) - MOMENT)
    assert answer(run, "purge")["steps"] == []
    clock.shift(MOMENT)
    assert [step["act"] for step in answer(run, "purge", "--yes")["steps"]] == ["forget network"]
    assert entrants()[0].network is None
    assert entrants()[0].email


def newest() -> set[bytes]:
    """The key ids under which entrants are sealed."""
    return {value.partition(b"\0")[0] for row in entrants() for value in (row.name, row.email, row.nonce) if value}


def test_rekeying_seals_every_row_anew_and_everything_still_opens(client: FlaskClient, run: FlaskCliRunner) -> None:
    own = come_in(client, run, "ada@example.com")
    enter(1200)
    receipt = client.get(f"{own}/receipt.txt").text
    assert newest() == {b"k1"}
    told = answer(run, "rekey", "--new-key")
    assert (told["key"], told["older"], told["resealed"]) == ("k2", ["k1"], 1202)
    assert newest() == {b"k2"}
    assert (settings().keys / "data").stat().st_mode & 0o777 == 0o600
    assert client.get(f"{own}/receipt.txt").text == receipt
    (settings().keys / "data").write_text((settings().keys / "data").read_text().splitlines()[1] + "\n")
    assert "Ada Reader" in client.get(own).text
    done(run, "close", "win-100", "--now", "--yes")
    done(run, "draw", "win-100")  # the campaign's own secret opens, too
    assert answer(run, "rekey")["resealed"] == 0


def test_rekeying_goes_on_where_it_was_broken_off(run: FlaskCliRunner) -> None:
    enter(1200)
    add_data_key(settings().keys)
    page = next(iter(rekeying.pages(db.session(), keys=keyring())))
    with writing() as session:
        rekeying.store(session, page)
    assert newest() == {b"k1", b"k2"}
    assert answer(run, "rekey")["resealed"] == 701
    assert newest() == {b"k2"}


def test_a_row_changed_meanwhile_is_not_overwritten(run: FlaskCliRunner) -> None:
    enter(2)
    add_data_key(settings().keys)
    page = next(iter(rekeying.pages(db.session(), keys=keyring())))
    with writing() as session:
        row = session.get(Entrant, 1)
        assert row is not None
        row.name = keyring().seal("entrant.name", "Changed Name")
    with writing() as session:
        rekeying.store(session, page)
    changed = entrants()[0].name
    assert changed is not None
    assert keyring().unseal("entrant.name", changed) == "Changed Name"
    answer(run, "rekey")
    assert newest() == {b"k2"}


def test_a_worker_that_runs_learns_of_a_new_key(client: FlaskClient, run: FlaskCliRunner) -> None:
    before = keyring()
    assert keyring() is before
    add_data_key(settings().keys)
    assert list(keyring().data) == ["k1", "k2"]
    own = come_in(client, run, "ada@example.com")
    assert newest() == {b"k2"}
    assert client.get(own).status_code == 200


def test_no_sealed_column_is_forgotten_by_the_rekeying(app: Flask) -> None:
    known = {(model.__tablename__, name) for model, columns in SEALED.items() for name in columns}
    binary = {
        (table.name, column.name)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary) and table.name.startswith(("sweepstakes", "mail")) and column.name not in NOT_SEALED
    }
    assert binary == known
