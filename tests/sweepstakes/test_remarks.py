"""What `check` and `open` tell a sponsor to look at: remarks, with their source and mend. They keep nothing from being opened."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskCliRunner

from tests.sweepstakes.campaigns import DRAND, NOW, OPENS, answer, changed, create, done, invoke
from webapp.config import ROOT

# Nothing to remark: it is opened in time.
CLEAN = DRAND
BEFORE = OPENS.replace(day=1)


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(BEFORE, tick=False) as traveller:
        yield traveller


def edited(*lines: str, source: str = CLEAN) -> str:
    """`source` with the line of each line's key replaced; a line whose key is new goes under its table, named before a dot."""
    for line in lines:
        key = line.partition(" = ")[0]
        if "." in key:
            table, _, bare = key.partition(".")
            source = source.replace(f"[{table}]\n", f"[{table}]\n{bare} = {line.partition(' = ')[2]}\n")
        elif f"\n{key} = " in source:
            source = changed(key, line, source)
        else:
            source = f"{line}\n{source}"
    return source


def remarked(run: FlaskCliRunner, folder: Path, *lines: str) -> dict[str, str]:
    """What check says of the file so edited: the words by key, several joined."""
    file = folder / "campaign.toml"
    file.write_text(edited(*lines), encoding="utf-8")
    found: dict[str, str] = {}
    for remark in answer(run, "check", str(file))["remarks"]:
        assert remark["source"]
        assert remark["mend"].endswith(".")
        found[remark["key"]] = f"{found.get(remark['key'], '')}{remark['says']} [{remark['source']}] "
    return found


def test_a_plain_campaign_and_the_example_have_none(run: FlaskCliRunner, tmp_path: Path) -> None:
    assert remarked(run, tmp_path) == {}
    example = str(ROOT / "docs" / "campaign.example.toml")
    assert answer(run, "check", example)["remarks"] == []
    assert "To look at" not in done(run, "check", example)


def test_above_5000_dollars_florida_and_new_york_want_it_registered_in_time(run: FlaskCliRunner, tmp_path: Path) -> None:
    assert remarked(run, tmp_path, 'value = "1000.00"', "winners = 5") == {}
    said = remarked(run, tmp_path, 'value = "1000.01"', "winners = 5")
    assert "worth $5,000.05, more than $5,000. Florida wants it registered" in said["value"]
    assert "7 days before entry opens: by Friday 20 November 2026, 09:00 EST." in said["value"]
    assert "849.094" in said["value"]
    assert "30 days before entry opens: by Wednesday 28 October 2026, 09:00 EDT, which has passed" in said["value"]
    assert "within 60 days: count on Wednesday 24 February 2027" in said["draws_at"]
    assert "within 90 days: count on Friday 26 March 2027" in said["draws_at"]


@pytest.mark.parametrize(
    ("regions", "conditions", "states"),
    [
        ("the United States", "", {"Florida", "New York"}),
        ("any country", "", {"Florida", "New York"}),
        ("the U.S.", "", {"Florida", "New York"}),
        ("the fifty United States, except Florida and New York", "", set()),
        ("the United States excluding New York", "", {"Florida"}),
        ("Texas", "", set()),
        ("Germany", "", set()),
        ("Florida or Georgia", "", {"Florida"}),
        ("the USA", "Residents of Florida may not enter. Others may.", {"New York"}),
        ("the USA", "Void in New York.", {"Florida"}),
        ("Texas, not including El Paso", "", set()),
    ],
)
def test_states_whose_people_cannot_enter_ask_for_nothing(
    run: FlaskCliRunner, tmp_path: Path, regions: str, conditions: str, states: set[str]
) -> None:
    lines = ['value = "6000"', f'regions = "{regions}"'] + ([f'eligibility.conditions = "{conditions}"'] if conditions else [])
    said = remarked(run, tmp_path, *lines).get("value", "")
    assert {state for state in ("Florida", "New York") if f"{state} wants it registered" in said} == states


def test_shops_above_500_dollars_are_told_of_rhode_island(run: FlaskCliRunner, tmp_path: Path) -> None:
    assert "sponsor.retail" not in remarked(run, tmp_path, 'value = "501"')
    assert "sponsor.retail" not in remarked(run, tmp_path, 'value = "500"', "sponsor.retail = true")
    said = remarked(run, tmp_path, 'value = "501"', "sponsor.retail = true")
    assert "Rhode Island wants it registered" in said["sponsor.retail"]
    assert "11-50" in said["sponsor.retail"]


def test_a_switch_is_true_or_false(run: FlaskCliRunner, tmp_path: Path) -> None:
    file = tmp_path / "campaign.toml"
    file.write_text(edited('sponsor.retail = "yes"'))
    assert "sponsor.retail: 'yes' is neither true nor false." in invoke(run, "check", str(file)).stderr


def test_prizes_are_reported_from_the_threshold_of_the_year_they_are_drawn(
    run: FlaskCliRunner, tmp_path: Path, clock: time_machine.Traveller
) -> None:
    assert "value" not in remarked(run, tmp_path, 'value = "1999.99"')
    said = remarked(run, tmp_path, 'value = "2000"')["value"]
    assert "From $2,000 on, all prizes that one winner got from one sponsor in 2026 added, it is reported on Form 1099-MISC." in said
    later = ("opens_at = 2027-11-26T09:00:00", "closes_at = 2027-12-20T23:59:00")
    assert (
        "From $2,000 (the figure of 2026; look up that of 2027, it is indexed) on"
        in remarked(run, tmp_path, 'value = "2000"', *later)["value"]
    )
    clock.move_to(NOW.replace(year=2025, month=10))
    before = ("opens_at = 2025-11-26T09:00:00", "closes_at = 2025-12-20T23:59:00")
    assert "value" not in remarked(run, tmp_path, 'value = "599"', *before)
    assert "From $600 on" in remarked(run, tmp_path, 'value = "600"', *before)["value"]


def test_another_currency_is_said_to_be_not_compared(run: FlaskCliRunner, tmp_path: Path) -> None:
    said = remarked(run, tmp_path, 'value = "6000"', 'currency = "EUR"')
    assert "in EUR, so they were not compared" in said["currency"]
    assert "value" not in said
    assert remarked(run, tmp_path, 'value = "6000"', 'currency = "EUR"', 'regions = "France"') == {}


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        ("Open to those who purchase a copy.", "reads as a payment"),
        ("An entry fee of one dollar applies.", "reads as a payment"),
        ("Click on an ad to enter.", "looking at advertisements"),
        ("Whoever watches the sponsor's video may enter.", "looking at advertisements"),
        ("Share this page with a friend.", "recommending us"),
        ("Each referral counts.", "recommending us"),
        ("Subscribers get a bonus entry.", "promises more than the one entry"),
        ("No purchase necessary. Only people who live in a house.", None),
        ("Shareholders of the sponsor may not enter.", None),
        ("Readers of more than one newspaper are welcome.", None),
    ],
)
def test_conditions_that_offer_entries_for_something_are_found(
    run: FlaskCliRunner, tmp_path: Path, conditions: str, words: str | None
) -> None:
    said = remarked(run, tmp_path, f'eligibility.conditions = "{conditions}"').get("eligibility.conditions")
    assert said is None if words is None else said is not None and words in said


@pytest.mark.parametrize(
    ("lines", "key", "words"),
    [
        (("claim_days = 6",), "claim_days", "6 days to answer is little"),
        (("alternates = 0",), "alternates", "leaves the prize to nobody"),
        (("late_hours = 0",), "late_hours", "count for 0 hours after the close"),
        (("seals_at = 2026-12-24T00:00:00",), "seals_at", "exclusions end 48 hours before the seal"),
        (("seals_at = 2026-12-26T00:00:00", "draws_at = 2026-12-26T02:00:00"), "draws_at", "in every inbox before the draw"),
        (("seals_at = 2026-12-26T00:00:00", "draws_at = 2026-12-26T01:00:00"), "draws_at", "this one must be made within 0 s"),
        (("seals_at = 2026-12-26T00:00:00", "draws_at = 2026-12-26T01:45:00"), "draws_at", "this one must be made within 45 min"),
        (('timezone = "UTC"',), "timezone", "lives by UTC"),
        (("closes_at = 2026-12-21T00:00:00",), "closes_at", "midnight is read as the end"),
        (("opens_at = 2026-10-20T09:00:00",), "closes_at", "the clocks of America/New_York change between"),
        (("opens_at = 2026-10-20T09:00:00",), "opens_at", "in the past"),
        (("minimum_age = 16",), "eligibility.minimum_age", "people of 16"),
        (('kind = "operator"',), "beacon.kind", "proves little"),
    ],
)
def test_times_and_terms_that_serve_entrants_badly_are_found(
    run: FlaskCliRunner, tmp_path: Path, lines: tuple[str, ...], key: str, words: str
) -> None:
    assert words in remarked(run, tmp_path, *lines)[key]


def test_open_shows_them_before_it_asks_and_refuses_nothing(run: FlaskCliRunner, tmp_path: Path) -> None:
    source = edited('value = "6000"', "claim_days = 3", "sponsor.retail = true", 'eligibility.conditions = "Share this."')
    create(run, tmp_path, source)
    checked: Any = answer(run, "check", str(tmp_path / "campaign.toml"))["remarks"]
    asked = invoke(run, "open", "win-100", stdin="n\n")
    assert asked.exit_code == 1
    assert asked.output.index("Florida wants it registered") < asked.output.index("Open Win $100 (win-100)?")
    assert answer(run, "open", "win-100", "--yes")["remarks"] == checked
    assert len(checked) == 8
