"""`flask sweepstakes …`: from the file to the last prize, each command right, wrong and twice."""

import json
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.draw.relays import relay
from tests.sweepstakes.campaigns import (
    CLOSES,
    DRAND,
    DRAWS,
    GOOD,
    NOW,
    SEALS,
    answer,
    changed,
    create,
    done,
    enter,
    invoke,
    open_one,
    refused,
)
from webapp.config import ROOT
from webapp.database import writing
from webapp.draw import round_at, round_time, status
from webapp.site import settings
from webapp.sweepstakes.clauses import Publisher
from webapp.sweepstakes.commanding import new_key
from webapp.sweepstakes.models import Audit, Campaign, Entrant
from webapp.sweepstakes.opening import NotADraft, open_campaign

COMMANDS = (
    "check",
    "create",
    "open",
    "list",
    "show",
    "close",
    "draw",
    "winners",
    "forfeit",
    "award",
    "paid",
    "void",
    "verify",
    "bundle",
    "stats",
)


@pytest.fixture(autouse=True)
def clock() -> "time_machine.Traveller":
    """The clock stands at NOW; a test may move it."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def audit(session: Session) -> list[str]:
    session.rollback()
    return list(session.scalars(select(Audit.action).order_by(Audit.id)))


def state(session: Session, slug: str = "win-100") -> str:
    session.rollback()
    return session.scalars(select(Campaign.state).where(Campaign.slug == slug)).one()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example_that_names_it(run: FlaskCliRunner, command: str) -> None:
    text = done(run, command, "--help")
    assert f"Example: flask sweepstakes {command}" in text
    assert "--json" in text


def test_the_example_in_the_docs_can_be_checked_and_created(run: FlaskCliRunner) -> None:
    example = str(ROOT / "docs" / "campaign.example.toml")
    assert "Nothing is wrong" in done(run, "check", example)
    assert answer(run, "create", example)["state"] == "draft"


def test_check_and_create_list_every_fault_and_make_nothing(run: FlaskCliRunner, session: Session, tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(changed("title", "title = 7", changed("winners", "winners = 0")))
    for command in ("check", "create"):
        said = refused(run, command, str(file))
        assert "title: 7 is not text." in said
        assert "winners: 0 is not a whole number from 1 to 500." in said
    assert session.scalars(select(Campaign)).all() == []
    assert not (settings().keys / "logs").exists()


def test_a_missing_file_and_a_folder_are_refused(run: FlaskCliRunner, tmp_path: Path) -> None:
    assert "does not exist" in refused(run, "create", str(tmp_path / "none.toml"))
    assert "is a directory" in refused(run, "check", str(tmp_path))


def test_create_makes_a_draft_with_its_log_key_and_a_sealed_secret(run: FlaskCliRunner, session: Session, tmp_path: Path) -> None:
    create(run, tmp_path)
    campaign = session.scalars(select(Campaign)).one()
    assert (campaign.state, campaign.rules, campaign.beacon["kind"]) == ("draft", None, "operator")
    assert campaign.beacon_secret is not None
    key = settings().keys / "logs" / "win-100"
    assert key.stat().st_mode & 0o777 == 0o600
    assert status(session, "win-100") is None
    assert audit(session) == ["create"]


def test_a_drand_campaign_fixes_the_first_round_at_or_after_the_draw(run: FlaskCliRunner, session: Session, tmp_path: Path) -> None:
    create(run, tmp_path, DRAND)
    campaign = session.scalars(select(Campaign)).one()
    assert campaign.beacon["round"] == round_at(DRAWS)
    assert campaign.beacon_secret is None


def test_a_second_create_is_refused_and_replace_writes_over_a_draft_only(run: FlaskCliRunner, session: Session, tmp_path: Path) -> None:
    create(run, tmp_path)
    file = tmp_path / "campaign.toml"
    assert "already (draft). Add --replace" in refused(run, "create", str(file))
    file.write_text(changed("title", 'title = "Win more"'))
    done(run, "create", str(file), "--replace")
    assert session.scalars(select(Campaign.title)).all() == ["Win more"]
    done(run, "open", "win-100", "--yes")
    assert "already (open). Choose another slug" in refused(run, "create", str(file), "--replace")


def test_open_freezes_rules_whose_hash_is_in_the_first_leaf(run: FlaskCliRunner, session: Session, tmp_path: Path) -> None:
    create(run, tmp_path)
    preview = done(run, "show", "win-100", "--rules")
    facts = answer(run, "open", "win-100", "--yes")
    campaign = session.scalars(select(Campaign)).one()
    assert campaign.rules == preview
    log = status(session, "win-100")
    assert log is not None
    assert log.terms.rules_sha256 == sha256(preview.encode()).hexdigest() == facts["rules_sha256"]
    assert (log.size, log.origin) == (1, "127.0.0.1:8000/draws/win-100/log")
    assert log.vkey in preview
    assert audit(session) == ["create", "open"]


def test_open_asks_and_a_no_changes_nothing(run: FlaskCliRunner, session: Session, tmp_path: Path) -> None:
    create(run, tmp_path)
    assert invoke(run, "open", "win-100", stdin="n\n").exit_code == 1
    assert state(session) == "draft"
    assert invoke(run, "open", "win-100", stdin="y\n").exit_code == 0
    assert state(session) == "open"


def test_a_second_open_and_one_after_closing_time_are_refused(
    run: FlaskCliRunner, session: Session, tmp_path: Path, clock: time_machine.Traveller
) -> None:
    create(run, tmp_path, changed("slug", 'slug = "late"'))
    open_one(run, tmp_path)
    for yes in ((), ("--yes",)):
        assert refused(run, "open", "win-100", *yes) == "Error: The campaign win-100 is open: only a draft can be opened, and only once.\n"
    clock.move_to(CLOSES)
    assert "Entry to late closed Sunday 20 December 2026, 23:59 EST" in refused(run, "open", "late", "--yes")
    assert state(session, "late") == "draft"
    assert status(session, "late") is None


def test_of_two_openings_at_once_the_second_is_refused(run: FlaskCliRunner, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    publisher = Publisher(name="Ours", url="http://127.0.0.1:8000", contact=None)
    with pytest.raises(NotADraft), writing() as session:
        open_campaign(session, "win-100", key=new_key("win-100"), publisher=publisher, actor="other", now=NOW)


SLUG_COMMANDS = [
    ("open", "--yes"),
    ("show",),
    ("close", "--yes"),
    ("draw",),
    ("winners",),
    ("forfeit", "1", "--reason", "declined", "--yes"),
    ("award", "1", "--yes"),
    ("paid", "1", "--yes"),
    ("void", "--reason", "x", "--yes"),
    ("verify",),
]


@pytest.mark.parametrize("command", SLUG_COMMANDS, ids=lambda command: command[0])
def test_an_unknown_campaign_is_refused_with_those_there_are(run: FlaskCliRunner, tmp_path: Path, command: tuple[str, ...]) -> None:
    assert "There is none yet" in refused(run, command[0], "nothing", *command[1:])
    create(run, tmp_path)
    assert "There is no campaign nothing. There are: win-100." in refused(run, command[0], "nothing", *command[1:])
    assert "There is no campaign \udcff" in refused(run, command[0], "\udcff", *command[1:]).replace("\\udcff", "\udcff")


@pytest.mark.parametrize("command", SLUG_COMMANDS[2:], ids=lambda command: command[0])
def test_a_draft_has_nothing_to_close_draw_or_settle(
    run: FlaskCliRunner, session: Session, tmp_path: Path, command: tuple[str, ...]
) -> None:
    create(run, tmp_path)
    assert "is a draft that was never opened" in refused(run, command[0], "win-100", *command[1:])
    assert state(session) == "draft"


def test_list_and_show_say_what_there_is(run: FlaskCliRunner, tmp_path: Path, clock: time_machine.Traveller) -> None:
    assert "No campaign yet." in done(run, "list")
    open_one(run, tmp_path)
    create(run, tmp_path, changed("slug", 'slug = "draft-one"'))
    enter(3)
    facts = answer(run, "show", "win-100")
    assert (facts["state"], facts["entries"], facts["odds"], facts["operator_trusted"]) == ("open", 3, "1 in 3", True)
    assert [(each["slug"], each["state"]) for each in answer(run, "list")] == [("win-100", "open"), ("draft-one", "draft")]
    for words in (done(run, "list"), done(run, "show", "win-100")):
        assert "operator-trusted" in words
    clock.move_to(CLOSES)
    assert answer(run, "show", "win-100")["state"] == "closed"


def test_closing_waits_for_its_time_unless_the_campaign_is_operator_trusted(
    run: FlaskCliRunner, session: Session, tmp_path: Path, clock: time_machine.Traveller
) -> None:
    open_one(run, tmp_path)
    open_one(run, tmp_path, changed("slug", 'slug = "by-drand"', DRAND), "by-drand")
    clock.move_to(SEALS - timedelta(seconds=1))
    assert "not due before 2026-12-26T04:59:00Z. It is operator-trusted" in refused(run, "close", "win-100", "--yes")
    assert "not due before 2026-12-26T04:59:00Z" in refused(run, "close", "by-drand", "--yes")
    assert "--now is for operator-trusted campaigns only" in refused(run, "close", "by-drand", "--now", "--yes")
    assert state(session) == state(session, "by-drand") == "open"
    assert answer(run, "close", "win-100", "--now", "--yes")["operator_trusted"] is True
    clock.move_to(SEALS)
    assert answer(run, "close", "by-drand", "--yes")["late"] is False
    assert state(session) == state(session, "by-drand") == "sealed"


def test_a_second_close_prints_the_first_seal_and_changes_nothing(run: FlaskCliRunner, session: Session, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    enter(4)
    first = answer(run, "close", "win-100", "--now", "--yes")
    assert (first["entries"], first["eligible"], first["size"]) == (4, 4, 6)
    assert answer(run, "close", "win-100", "--yes") == first
    assert "Nothing was changed" in done(run, "close", "win-100", "--yes")
    assert audit(session).count("close") == 1


def test_close_names_the_command_that_comes_next_while_there_is_something_to_draw(run: FlaskCliRunner, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    enter(2)
    told = done(run, "close", "win-100", "--now", "--yes")
    assert "Draw     from now on" in told
    assert told.endswith("\nThen: flask sweepstakes draw win-100\n")
    [_, _, *command] = told.splitlines()[-1].split()
    done(run, *command[1:])
    assert "Then:" not in done(run, "close", "win-100", "--yes")
    open_one(run, tmp_path, changed("slug", 'slug = "nobody"'), "nobody")
    assert "Then:" not in done(run, "close", "nobody", "--now", "--yes")


def test_close_says_who_has_not_confirmed(run: FlaskCliRunner, session: Session, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    session.add(Entrant(campaign_id=session.scalars(select(Campaign.id)).one(), registered_at=NOW))
    session.commit()
    asked = invoke(run, "close", "win-100", "--now", stdin="n\n")
    assert "0 eligible entries; 1 registration not confirmed will not count" in asked.output
    assert asked.exit_code == 1
    assert state(session) == "open"


def test_draw_names_winner_and_alternates_and_a_second_draw_prints_the_same(run: FlaskCliRunner, session: Session, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    entries = enter(20)
    assert "close the campaign first" in refused(run, "draw", "win-100")
    done(run, "close", "win-100", "--now", "--yes")
    words = done(run, "draw", "win-100")
    assert "operator-trusted" in words
    first = answer(run, "draw", "win-100")
    assert [place["rank"] for place in first["ranking"]] == [1, 2, 3]
    assert {place["entry"] for place in first["ranking"]} <= set(entries)
    assert f"Winning entry number: {first['ranking'][0]['entry']}\n" in words
    for place in first["ranking"]:
        assert place["ticket"] in words
    assert "nothing was changed" in done(run, "draw", "win-100")
    assert first["first"] is False
    assert (state(session), audit(session).count("draw")) == ("drawn", 1)


def test_an_operator_campaign_takes_no_beacon(run: FlaskCliRunner, session: Session, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    enter(1)
    done(run, "close", "win-100", "--now", "--yes")
    assert "leave --beacon out" in refused(run, "draw", "win-100", "--beacon", "00" * 32)
    assert state(session) == "sealed"


def test_an_operator_campaign_whose_secret_is_gone_says_so(run: FlaskCliRunner, session: Session, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    enter(3)
    done(run, "close", "win-100", "--now", "--yes")
    session.query(Campaign).update({"beacon_secret": None})
    session.commit()
    assert "flask sweepstakes void win-100 --reason secret_lost" in refused(run, "draw", "win-100")


def test_with_nobody_eligible_only_void_is_possible(run: FlaskCliRunner, session: Session, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    done(run, "close", "win-100", "--now", "--yes")
    assert "can only be voided" in refused(run, "draw", "win-100")
    assert state(session) == "sealed"
    assert answer(run, "void", "win-100", "--reason", "nobody_eligible", "--yes")["void_reason"] == "nobody_eligible"


def test_with_nobody_eligible_no_beacon_is_asked_for(run: FlaskCliRunner, tmp_path: Path, clock: time_machine.Traveller) -> None:
    open_one(run, tmp_path, DRAND)
    clock.move_to(SEALS)
    done(run, "close", "win-100", "--yes")
    clock.move_to(DRAWS)
    assert "can only be voided" in refused(run, "draw", "win-100")


def drand_sealed(run: FlaskCliRunner, folder: Path, clock: time_machine.Traveller) -> None:
    open_one(run, folder, DRAND)
    enter(5)
    clock.move_to(SEALS)
    done(run, "close", "win-100", "--yes")


def test_a_drand_draw_waits_for_its_time_and_then_for_its_beacon(
    app: Flask, run: FlaskCliRunner, session: Session, tmp_path: Path, clock: time_machine.Traveller
) -> None:
    drand_sealed(run, tmp_path, clock)
    assert "The draw is not due before 2026-12-27T04:59:00Z" in refused(run, "draw", "win-100")
    clock.move_to(DRAWS)
    with relay(status=404) as relay_too_early:
        app.extensions["drand_relays"] = (relay_too_early.url,)
        said = refused(run, "draw", "win-100")
    assert f"No relay gave the signature of drand round {round_at(DRAWS)}" in said
    assert f"{relay_too_early.url}: It does not have this round, or not yet." in said
    assert state(session) == "sealed"


# Round 42 of quicknet, a genuine signature, but not of the round that decides.
ROUND_42 = "95a9f9f5b231b7714de1553105d8ffdf3dcda24cfdb1e689319bccf79a9c8ce430a91b811fbfaf763900bc998b5d686a"


@pytest.mark.parametrize(
    ("beacon", "said"),
    [
        (ROUND_42, "not quicknet's of round"),
        (ROUND_42[:-2], "this one has 47"),
        ("c0" + "00" * 47, "infinity"),
        ("aa" * 48, "subgroup"),
        ("not hex", "neither hex nor a relay's JSON"),
        ("", "this one has 0"),
        ("missing/round.json", "there is no file missing/round.json"),
        (json.dumps({"round": 42, "signature": ROUND_42}), "is of round 42"),
        ("{", "not JSON"),
    ],
)
def test_a_wrong_beacon_is_refused_in_one_sentence_and_changes_nothing(
    run: FlaskCliRunner, session: Session, tmp_path: Path, clock: time_machine.Traveller, beacon: str, said: str
) -> None:
    drand_sealed(run, tmp_path, clock)
    clock.move_to(DRAWS)
    file = tmp_path / "beacon"
    file.write_text(beacon)
    for given in {beacon, str(file)} if "missing" not in beacon else {beacon}:
        message = refused(run, "draw", "win-100", "--beacon", given)
        assert said in message
        assert message.count("\n") == 1
    assert state(session) == "sealed"
    assert "draw" not in audit(session)


@pytest.mark.parametrize("way", ["hex", "relay's JSON", "fetched"])
def test_a_genuine_beacon_draws(app: Flask, run: FlaskCliRunner, tmp_path: Path, clock: time_machine.Traveller, way: str) -> None:
    draws = round_time(42)
    clock.move_to(draws - timedelta(days=10))
    times = {"opens_at": 20, "closes_at": 9, "seals_at": 2, "draws_at": 0}
    lines = {name: f"{name} = {(draws - timedelta(days=days)).isoformat()}" for name, days in times.items()}
    source = changed("opens_at", lines["opens_at"], changed("closes_at", lines["closes_at"], DRAND))
    open_one(run, tmp_path, changed("claim_days", f"{lines['seals_at']}\n{lines['draws_at']}", source))
    enter(5)
    clock.move_to(draws - timedelta(days=2))
    done(run, "close", "win-100", "--yes")
    clock.move_to(draws)
    file = tmp_path / "round.json"
    file.write_text(json.dumps({"round": 42, "randomness": "00" * 32, "signature": ROUND_42}))
    given = {"hex": ("--beacon", ROUND_42), "relay's JSON": ("--beacon", str(file)), "fetched": ()}[way]
    with relay(body="nonsense") as first, relay() as second:
        app.extensions["drand_relays"] = (first.url, second.url)
        result = answer(run, "draw", "win-100", *given)
        assert len(first.asked) == len(second.asked) == (way == "fetched")
    assert (result["first"], result["operator_trusted"], result["beacon"]["value"]) == (True, False, ROUND_42)
    assert "operator-trusted" not in done(run, "draw", "win-100")
    assert answer(run, "draw", "win-100", "--beacon", "00")["ranking"] == result["ranking"]
    assert answer(run, "verify", "win-100")["ranking"] == [place["entry"] for place in result["ranking"]]


def drawn(run: FlaskCliRunner, folder: Path, entries: int = 10) -> list[int]:
    """A drawn operator campaign of one winner and two alternates; returns the ranked entry numbers."""
    open_one(run, folder)
    enter(entries)
    done(run, "close", "win-100", "--now", "--yes")
    return [place["entry"] for place in answer(run, "draw", "win-100")["ranking"]]


def test_winners_names_those_who_hold_a_prize(run: FlaskCliRunner, session: Session, tmp_path: Path) -> None:
    ranking = drawn(run, tmp_path)
    (winner,) = answer(run, "winners", "win-100")["winners"]
    number = ranking[0] - 1  # leaf 0 is the opening
    assert winner["name"] == f"Reader {number}"
    assert winner["email"] == f"reader{number}@example.com"
    assert winner["answer_by"] == "2026-12-15T12:00:00Z"
    assert f"reader{number}@example.com" in done(run, "winners", "win-100")
    for command in (("show",), ("draw",), ("verify",)):
        assert "@example.com" not in done(run, command[0], "win-100")


def test_winners_before_the_draw_is_refused(run: FlaskCliRunner, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    assert "the draw comes first" in refused(run, "winners", "win-100")


def test_an_erased_winner_has_no_name_but_a_place(run: FlaskCliRunner, session: Session, tmp_path: Path) -> None:
    ranking = drawn(run, tmp_path)
    session.rollback()
    entrant = session.scalars(select(Entrant).where(Entrant.entry_index == ranking[0])).one()
    entrant.name = entrant.email = None
    session.commit()
    (winner,) = answer(run, "winners", "win-100")["winners"]
    assert (winner["entry"], winner["name"], winner["email"]) == (ranking[0], "(erased)", "(erased)")


def test_forfeited_prizes_go_down_the_ranks_until_nobody_is_left(run: FlaskCliRunner, session: Session, tmp_path: Path) -> None:
    ranking = drawn(run, tmp_path)
    for rank in (1, 2):
        done(run, "forfeit", "win-100", str(rank), "--reason", "declined", "--yes")
        (winner,) = answer(run, "winners", "win-100")["winners"]
        assert (winner["rank"], winner["entry"]) == (rank + 1, ranking[rank])
    assert "Rank 1 was forfeited before" in refused(run, "forfeit", "win-100", "1", "--reason", "declined", "--yes")
    assert "Forfeited: ineligible" in done(run, "forfeit", "win-100", "3", "--reason", "ineligible", "--yes")
    assert "1 prize not awarded: no alternate is left." in done(run, "winners", "win-100")
    assert state(session) == "settled"
    assert audit(session).count("forfeit") == 3


def test_no_answer_counts_only_after_the_days_to_claim(
    run: FlaskCliRunner, session: Session, tmp_path: Path, clock: time_machine.Traveller
) -> None:
    drawn(run, tmp_path)
    clock.move_to(NOW + timedelta(days=14) - timedelta(seconds=1))
    assert "Rank 1 has until 2026-12-15T12:00:00Z" in refused(run, "forfeit", "win-100", "1", "--reason", "no_answer", "--yes")
    clock.move_to(NOW + timedelta(days=14))
    done(run, "forfeit", "win-100", "1", "--reason", "no_answer", "--yes")


def test_award_then_paid_settles_the_campaign_and_neither_happens_twice(run: FlaskCliRunner, session: Session, tmp_path: Path) -> None:
    drawn(run, tmp_path)
    assert "not awarded its prize yet" in refused(run, "paid", "win-100", "1", "--yes")
    assert "Rank 2 holds no prize" in refused(run, "award", "win-100", "2", "--yes")
    assert "Winner, prize awarded" in done(run, "award", "win-100", "1", "--yes")
    assert "awarded its prize before" in refused(run, "award", "win-100", "1", "--yes")
    assert state(session) == "drawn"
    assert "win-100 is settled" in done(run, "paid", "win-100", "1", "--yes")
    assert "paid before" in refused(run, "paid", "win-100", "1", "--yes")
    assert "paid before" in refused(run, "forfeit", "win-100", "1", "--reason", "declined", "--yes")
    assert state(session) == "settled"


@pytest.mark.parametrize("rank", ["0", "-1", "x", "99999999999999999999"])
def test_a_rank_that_is_none_is_refused(run: FlaskCliRunner, tmp_path: Path, rank: str) -> None:
    drawn(run, tmp_path)
    refused(run, "forfeit", "win-100", "--reason", "declined", "--yes", "--", rank)
    refused(run, "award", "win-100", "--yes", "--", rank)


def test_steps_after_the_draw_are_refused_before_it_and_reasons_are_codes(run: FlaskCliRunner, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    assert "the draw comes first" in refused(run, "forfeit", "win-100", "1", "--reason", "declined", "--yes")
    assert "'because'" in refused(run, "forfeit", "win-100", "1", "--reason", "because", "--yes")
    assert "never free text" in refused(run, "void", "win-100", "--reason", "we made a mistake", "--yes")


def test_void_ends_a_campaign_for_good(run: FlaskCliRunner, session: Session, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    assert "win-100 is void: key lost." in done(run, "void", "win-100", "--reason", "key_lost", "--yes")
    assert state(session) == "void"
    for again in (("void", "--reason", "x", "--yes"), ("close", "--now", "--yes"), ("draw",)):
        assert "void (key_lost)" in refused(run, again[0], "win-100", *again[1:])


def test_a_drawn_campaign_cannot_be_voided(run: FlaskCliRunner, session: Session, tmp_path: Path) -> None:
    drawn(run, tmp_path)
    assert "its result stands" in refused(run, "void", "win-100", "--reason", "x", "--yes")
    assert state(session) == "drawn"


def test_verify_recomputes_everything_and_says_so(run: FlaskCliRunner, tmp_path: Path) -> None:
    ranking = drawn(run, tmp_path)
    found = answer(run, "verify", "win-100")
    assert (found["verdict"], found["ranking"], found["entries"]) == ("verified, seal time unproven", ranking, 10)
    assert "operator-trusted" in done(run, "verify", "win-100")


def test_verify_finds_rules_that_were_changed(run: FlaskCliRunner, session: Session, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    campaign = session.scalars(select(Campaign)).one()
    campaign.rules = (campaign.rules or "").replace("18", "21")
    session.commit()
    assert "invalid: " in refused(run, "verify", "win-100")


def test_a_log_whose_key_is_gone_is_refused_by_name(run: FlaskCliRunner, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    (settings().keys / "logs" / "win-100").unlink()
    assert "The key file win-100 is missing" in refused(run, "close", "win-100", "--now", "--yes")


def test_each_step_is_in_the_audit_trail_with_who_did_it(run: FlaskCliRunner, session: Session, tmp_path: Path) -> None:
    drawn(run, tmp_path)
    done(run, "award", "win-100", "1", "--yes")
    done(run, "paid", "win-100", "1", "--yes")
    session.rollback()
    rows = session.scalars(select(Audit).order_by(Audit.id)).all()
    assert [row.action for row in rows] == ["create", "open", "close", "draw", "award", "paid"]
    assert all(row.actor and row.at == NOW for row in rows)


def test_every_output_for_an_operator_campaign_says_so(run: FlaskCliRunner, tmp_path: Path) -> None:
    file = tmp_path / "campaign.toml"
    file.write_text(GOOD)
    for args in (("check", str(file)), ("create", str(file)), ("open", "win-100", "--yes")):
        assert "operator-trusted" in done(run, *args)
    enter(5)
    for args in (
        ("close", "--now", "--yes"),
        ("draw",),
        ("draw",),
        ("winners",),
        ("award", "1", "--yes"),
        ("paid", "1", "--yes"),
        ("verify",),
        ("show",),
    ):
        assert "operator-trusted" in done(run, args[0], "win-100", *args[1:])
