"""Letters about the draw, as they land in inboxes: owed with the leaf that causes them, each once."""

from base64 import b64encode
from pathlib import Path

import pytest
import time_machine
from flask.testing import FlaskClient, FlaskCliRunner
from sqlalchemy import select

from tests.sweepstakes.campaigns import DRAWS, NOW, SEALS, answer, changed, done, enter, open_one
from tests.sweepstakes.entering import Letters, link, outbox
from tests.sweepstakes.entering import letters as send
from webapp.database import db, writing
from webapp.draw import status
from webapp.site import settings
from webapp.sweepstakes.models import Entrant


@pytest.fixture(autouse=True)
def clock() -> "time_machine.Traveller":
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def by_subject(box: Letters, beginning: str) -> dict[str, str]:
    """The texts of letters with such a subject, by address; nobody may have two."""
    found: dict[str, str] = {}
    for letter in box.all():
        if str(letter["Subject"]).startswith(beginning):
            assert str(letter["To"]) not in found
            part = letter.get_body(("plain",))
            assert part is not None
            found[str(letter["To"])] = str(part.get_content())
    return found


def one_line(text: str) -> str:
    return " ".join(text.split())


def drawn(run: FlaskCliRunner, folder: Path, entrants: int = 6) -> dict[int, str]:
    """An operator's campaign, sealed and drawn; the ranked addresses by rank."""
    open_one(run, folder)
    first = enter(entrants)[0]
    done(run, "close", "win-100", "--now", "--yes")
    ranking = answer(run, "draw", "win-100")["ranking"]
    return {place["rank"]: f"reader{place['entry'] - first}@example.com" for place in ranking}


def test_everybody_who_is_in_gets_the_seal_as_its_witness(run: FlaskCliRunner, tmp_path: Path, clock: time_machine.Traveller) -> None:
    open_one(run, tmp_path)
    entries = enter(3)
    with writing() as session:
        gone, invented = session.scalars(select(Entrant).where(Entrant.entry_index.in_(entries[1:])).order_by(Entrant.id))
        gone.state, invented.made_up = "excluded", True
    clock.move_to(SEALS)
    done(run, "close", "win-100", "--yes")
    box = send(run)
    (to, text), *others = by_subject(box, "The list is sealed: Win $100, entry 1").items()
    assert (to, others) == ("reader0@example.com", [])
    log = status(db.session(), "win-100")
    assert log is not None and log.sealed is not None
    assert f"size S         {log.sealed.size}\n" in text
    assert f"root R         {b64encode(log.sealed.root).decode()}\n" in text
    assert f"root R in hex  {log.sealed.root.hex()}\n" in text
    assert log.sealed.checkpoint in text
    assert log.vkey in text
    for words in (
        "Yours is in it: entry number 1.",
        "it is your witness",
        "The draw is Saturday 26 December 2026, 23:59 EST",
        "http://127.0.0.1:8000/draws/verify",
        "operator-trusted",
    ):
        assert words in one_line(text)
    (letter,) = box.all()
    (attached,) = letter.iter_attachments()
    assert log.sealed.checkpoint in attached.get_content()
    html = letter.get_body(("html",))
    assert html is not None
    assert log.sealed.root.hex() in html.get_content()


def test_a_second_close_and_a_second_send_repeat_no_letter(run: FlaskCliRunner, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    enter(2)
    for _ in range(2):
        done(run, "close", "win-100", "--now", "--yes")
        send(run)
    assert outbox() == [("sealed", "sent")] * 2


def test_a_late_seal_says_so_in_its_letter(run: FlaskCliRunner, tmp_path: Path, clock: time_machine.Traveller) -> None:
    open_one(run, tmp_path)
    enter(1)
    clock.move_to(DRAWS)
    done(run, "close", "win-100", "--yes")
    text = one_line(by_subject(send(run), "The list is sealed")["reader0@example.com"])
    assert "late seal (not sealed in time): the draw moved to Sunday 27 December 2026, 23:59 EST" in text


def test_a_seal_before_its_time_names_no_time_for_the_draw(run: FlaskCliRunner, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    enter(1)
    done(run, "close", "win-100", "--now", "--yes")
    text = one_line(by_subject(send(run), "The list is sealed")["reader0@example.com"])
    assert "sealed early, as an operator-trusted draw may be, and can be drawn at any moment" in text


def test_the_winner_is_told_and_asked_for_nothing(run: FlaskCliRunner, client: FlaskClient, tmp_path: Path) -> None:
    ranked = drawn(run, tmp_path)
    won = by_subject(send(run), "Your entry")
    assert list(won) == [ranked[1]]
    text = one_line(won[ranked[1]])
    assert "asks for nothing: no payment, no password, no bank details" in text
    assert "http://127.0.0.1:8000/draws/win-100" in text
    assert "before Tuesday 15 December 2026, 07:00 EST" in text
    (number,) = (winner["entry"] for winner in answer(run, "winners", "win-100")["winners"])
    assert f"your entry number {number} holds a prize of Win $100" in text
    assert client.get(link(won[ranked[1]], "/claim/")).status_code == 200


def test_all_others_are_told_once_and_alternates_only_when_their_chance_is_gone(run: FlaskCliRunner, tmp_path: Path) -> None:
    ranked = drawn(run, tmp_path)
    losers = {f"reader{n}@example.com" for n in range(6)} - set(ranked.values())
    told = by_subject(send(run), "Drawn: Win $100")
    assert set(told) == losers
    assert "not this time" in one_line(told[min(losers)])
    assert "Winning entry number: " in one_line(told[min(losers)])
    done(run, "forfeit", "win-100", "1", "--reason", "declined", "--yes")
    assert set(by_subject(send(run), "Drawn: Win $100")) == losers
    done(run, "award", "win-100", "2", "--yes")
    done(run, "paid", "win-100", "2", "--yes")
    assert set(by_subject(send(run), "Drawn: Win $100")) == losers | {ranked[3]}


def test_a_forfeited_prize_is_offered_to_the_next_by_letter_and_the_old_one_is_void(
    run: FlaskCliRunner, client: FlaskClient, tmp_path: Path
) -> None:
    ranked = drawn(run, tmp_path)
    first = link(by_subject(send(run), "Your entry")[ranked[1]], "/claim/")
    done(run, "forfeit", "win-100", "1", "--reason", "declined", "--yes")
    won = by_subject(send(run), "Your entry")
    assert set(won) == {ranked[1], ranked[2]}
    gone = client.get(first)
    assert gone.status_code == 410
    assert "forfeited" in gone.get_data(as_text=True)
    assert client.get(link(won[ranked[2]], "/claim/")).status_code == 200


def test_a_letter_whose_reason_went_before_it_was_sent_is_dropped(run: FlaskCliRunner, tmp_path: Path) -> None:
    drawn(run, tmp_path)
    done(run, "forfeit", "win-100", "1", "--reason", "ineligible", "--yes")
    box = send(run)
    assert len(by_subject(box, "Your entry")) == 1
    assert sorted(outbox())[-2:] == [("won", "dropped"), ("won", "sent")]


def test_with_two_winners_both_are_told(run: FlaskCliRunner, tmp_path: Path) -> None:
    open_one(run, tmp_path, changed("winners", "winners = 2"))
    enter(2)
    done(run, "close", "win-100", "--now", "--yes")
    done(run, "draw", "win-100")
    assert len(by_subject(send(run), "Your entry")) == 2


def test_the_seal_is_not_kept_up_by_a_letter_that_cannot_be_written(run: FlaskCliRunner, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    enter(1)
    done(run, "close", "win-100", "--now", "--yes")
    key = settings().keys / "logs" / "win-100"
    away = key.rename(key.with_name("away"))
    send(run)
    assert outbox() == [("sealed", "new")]
    away.rename(key)
