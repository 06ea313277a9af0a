"""`flask entrant`, and entrants made up in bulk."""

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from click.testing import Result
from flask.testing import FlaskClient, FlaskCliRunner
from sqlalchemy import select

from tests.sweepstakes.campaigns import NOW, OPENS, done
from tests.sweepstakes.entering import LATER, entrants, letters, link, outbox, post
from webapp.database import db, writing
from webapp.draw import LogSealed, status
from webapp.site import keyring
from webapp.sweepstakes.entrant_links import log_key
from webapp.sweepstakes.making_up import MadeUp, make_up_entrants, seal_people
from webapp.sweepstakes.models import Audit, Consent

pytestmark = pytest.mark.usefixtures("clock")


def invoke(run: FlaskCliRunner, *args: str) -> Result:
    result = run.invoke(args=["entrant", *args])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def answer(run: FlaskCliRunner, *args: str) -> Any:
    result = invoke(run, *args, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def add(run: FlaskCliRunner, email: str = "card@example.com", *more: str) -> Result:
    return invoke(run, "add", "win-100", "--mail-in", "--name", "Carla Card", "--email", email, *more)


def size() -> int:
    db.session.rollback()
    log = status(db.session(), "win-100")
    assert log is not None
    return log.size


def test_a_mail_in_card_is_an_entry_like_any_other(run: FlaskCliRunner, client: FlaskClient) -> None:
    result = add(run, "Card@Example.com")
    assert result.exit_code == 0, result.output
    assert "Entered as number 1 in win-100" in result.stdout
    (row,) = entrants()
    assert (row.state, row.source, row.entry_index, row.confirmed_at) == ("confirmed", "mail_in", 1, NOW)
    assert size() == 2
    letter = letters(run)
    assert "Your entry number: 1" in letter.text()
    assert "card@example.com" in letter.text()
    assert "card@example.com" in client.get(link(letter.text(), "/entry/")).text


def test_a_card_asks_for_the_newsletter_only_if_it_says_so(run: FlaskCliRunner) -> None:
    add(run)
    add(run, "other@example.com", "--newsletter")
    assert [row.newsletter for row in entrants()] == [False, True]
    assert len(list(db.session.scalars(select(Consent)))) == 3


def test_a_card_of_somebody_who_is_in_is_refused_and_leaves_no_leaf(run: FlaskCliRunner) -> None:
    add(run, "ada+x@gmail.com")
    result = add(run, "a.da@googlemail.com")
    assert result.exit_code == 1
    assert "one entry per person" in result.stderr
    assert size() == 2
    assert len(entrants()) == 1


def test_a_card_of_somebody_who_did_not_confirm_becomes_their_entry(run: FlaskCliRunner, client: FlaskClient) -> None:
    post(client, email="card@example.com")
    assert add(run).exit_code == 0
    (row,) = entrants()
    assert (row.state, row.source, row.entry_index) == ("confirmed", "mail_in", 1)
    assert row.name is not None
    assert keyring().unseal("entrant.name", row.name) == "Carla Card"
    letters(run)
    assert outbox() == [("confirm", "dropped"), ("you_are_in", "sent")]


@pytest.mark.parametrize(
    ("moment", "counts"), [(OPENS - timedelta(seconds=1), False), (OPENS, True), (LATER - timedelta(seconds=1), True), (LATER, False)]
)
def test_cards_count_while_late_confirmations_do(run: FlaskCliRunner, clock: time_machine.Traveller, moment: object, counts: bool) -> None:
    clock.move_to(moment)
    assert (add(run).exit_code == 0) is counts
    assert size() == 1 + counts


def test_after_the_seal_a_card_is_refused(run: FlaskCliRunner) -> None:
    add(run)
    done(run, "close", "win-100", "--now", "--yes")
    result = add(run, "late@example.com")
    assert result.exit_code == 1
    assert "sealed" in result.stderr


def test_who_added_a_card_is_on_record_without_the_address(run: FlaskCliRunner) -> None:
    add(run)
    trail = list(db.session.scalars(select(Audit).where(Audit.action == "add")))
    assert [row.detail for row in trail] == [{"entry": 1, "source": "mail_in"}]
    assert trail[0].actor


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["list", "nothing"], "There is no campaign nothing"),
        (["show", "nothing", "1"], "There is no campaign nothing"),
        (["show", "win-100", "17"], "Nobody in win-100"),
        (["show", "win-100", "nobody@example.com"], "Nobody in win-100"),
        (["show", "win-100", "nobody"], "lacks its @"),
        (["add", "nothing", "--mail-in", "--name", "A", "--email", "a@example.com"], "There is no campaign nothing"),
        (["add", "win-100", "--mail-in", "--name", "1", "--email", "a@example.com"], "no letter"),
        (["add", "win-100", "--mail-in", "--name", "A", "--email", "a@example"], "does not look like"),
    ],
)
def test_a_command_that_cannot_says_so_in_a_line_and_fails(run: FlaskCliRunner, args: list[str], words: str) -> None:
    result = invoke(run, *args)
    assert result.exit_code == 1
    assert words in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["show", "win-100", " "], "must not be empty"),
        (["add", "win-100", "--mail-in", "--name", "", "--email", "a@example.com"], "--name must not be empty"),
        (["add", "win-100", "--mail-in", "--name", "A", "--email", " "], "must not be empty"),
        (["erase", "win-100", "--email", "", "--yes"], "--email must not be empty"),
        (["export", "win-100", "--csv", "--json"], "Choose one: --csv or --json"),
    ],
)
def test_a_command_that_is_used_wrongly_says_so_in_the_admins_words(run: FlaskCliRunner, args: list[str], words: str) -> None:
    result = invoke(run, *args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr


def test_only_mail_in_can_be_added(run: FlaskCliRunner) -> None:
    assert invoke(run, "add", "win-100", "--name", "A", "--email", "a@example.com").exit_code == 2


def test_list_and_show_know_people_by_state_number_and_any_spelling(run: FlaskCliRunner, client: FlaskClient) -> None:
    post(client, name="Zoë", email="zoe.x@gmail.com")
    add(run)
    assert [(row["name"], row["state"], row["entry"]) for row in answer(run, "list", "win-100")] == [
        ("Zoë", "pending", None),
        ("Carla Card", "confirmed", 1),
    ]
    assert [row["email"] for row in answer(run, "list", "win-100", "--state", "confirmed")] == ["card@example.com"]
    assert len(answer(run, "list", "win-100", "--limit", "1")) == 1
    words = invoke(run, "list", "win-100").stdout
    assert "zoe.x@gmail.com" in words
    assert "1 pending, 1 confirmed" in words
    assert answer(run, "show", "win-100", "1")["email"] == "card@example.com"
    assert answer(run, "show", "win-100", "ZOEX+a@googlemail.com")["name"] == "Zoë"
    assert "nobody yet" not in words


def people(first: int, count: int) -> list[MadeUp]:
    return [MadeUp(f"Reader {number}", f"reader{number}@example.com") for number in range(first, first + count)]


def make_up(first: int, count: int) -> int:
    key = log_key(db.session(), "win-100")
    sealed = seal_people("win-100", people(first, count), keyring())
    with writing() as session:
        return make_up_entrants(session, "win-100", key, sealed, now=NOW)


def test_made_up_entrants_are_entries_marked_as_such_with_no_letter_owed(run: FlaskCliRunner) -> None:
    assert make_up(0, 500) == 500
    assert size() == 501
    assert outbox() == []
    listed = answer(run, "list", "win-100")
    assert [row["entry"] for row in listed] == list(range(1, 501))
    assert all(row["made_up"] and row["state"] == "confirmed" for row in listed)
    assert {row["email"] for row in listed} == {person.email for person in people(0, 500)}
    seventh = answer(run, "show", "win-100", "reader7@example.com")
    assert (seventh["name"], seventh["entry"]) in {(row["name"], row["entry"]) for row in listed}
    assert seventh["name"] == "Reader 7"


def test_making_the_same_people_up_again_adds_only_who_is_new() -> None:
    make_up(0, 10)
    assert make_up(5, 10) == 5
    assert make_up(5, 10) == 0
    assert size() == 16


def test_too_many_at_once_and_a_sealed_log_are_refused(run: FlaskCliRunner) -> None:
    with pytest.raises(ValueError, match="at most 500"):
        make_up(0, 501)
    make_up(0, 2)
    done(run, "close", "win-100", "--now", "--yes")
    with pytest.raises(LogSealed):
        make_up(2, 2)
    assert len(entrants()) == 2


def test_list_without_a_campaign_means_the_one_that_is_open(run: FlaskCliRunner, clock: time_machine.Traveller) -> None:
    clock.move_to(OPENS + timedelta(hours=1))
    assert (
        run.invoke(args=["entrant", "list", "--json"]).output == run.invoke(args=["entrant", "list", "win-100", "--json"]).output == "[]\n"
    )
    clock.move_to(LATER + timedelta(days=400))
    nothing = run.invoke(args=["entrant", "list", "--json"])
    assert (nothing.exit_code, "No campaign is open now" in nothing.output) == (2, True)
