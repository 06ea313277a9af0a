"""`flask entrant review`: clusters for a person to look at; and the network that a registration leaves behind, shortened."""

import json
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient, FlaskCliRunner
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.sweepstakes.campaigns import NOW, SEALS, enter, open_one
from tests.sweepstakes.entering import entrants, letters, link, typed
from webapp.database import writing
from webapp.site import keyring
from webapp.sweepstakes.models import Entrant
from webapp.sweepstakes.reviewing import homograph, look_of, pattern_of


@pytest.fixture(autouse=True)
def clock(request: pytest.FixtureRequest) -> Iterator[time_machine.Traveller | None]:
    if "app" not in request.fixturenames:
        yield None
        return
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def people(*rows: tuple[str, str, str | None, datetime], state: str = "confirmed") -> None:
    """Entrants by name, address, network and moment, as rows only."""
    with writing() as session:
        for name, email, network, moment in rows:
            entry = None if state == "pending" else secrets.randbelow(2**40)
            row = Entrant(campaign_id=1, state=state, registered_at=moment, entry_index=entry, network=network)
            row.name, row.email = keyring().seal("entrant.name", name), keyring().seal("entrant.email", email)
            session.add(row)


def reviewed(run: FlaskCliRunner, *args: str) -> Any:
    result = run.invoke(args=["entrant", "review", "win-100", *args, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def clusters(run: FlaskCliRunner, *args: str) -> dict[tuple[str, str], int]:
    return {(found["kind"], found["key"]): found["number"] for found in reviewed(run, *args)["clusters"]}


@pytest.fixture
def opened(run: FlaskCliRunner, tmp_path: Path) -> None:
    open_one(run, tmp_path)


@pytest.mark.usefixtures("opened")
def test_each_kind_of_cluster_is_found_with_its_count(run: FlaskCliRunner) -> None:
    people(
        ("Ada Reader", "ada.1@one.example", "192.0.2.0/24", NOW),
        ("reader ADA", "ada2@one.example", "192.0.2.0/24", NOW + timedelta(seconds=59)),
        ("Áda Reader 3", "a.d.a.3@one.example", "2001:db8::/48", NOW + timedelta(seconds=60)),
        ("Somebody Else", "else@two.example", None, NOW + timedelta(days=1)),
    )
    assert clusters(run, "--at-least", "2") == {
        ("minute", "2026-12-01 12:00"): 2,
        ("network", "192.0.2.0/24"): 2,
        ("domain", "one.example"): 3,
        ("name", "ada reader"): 3,
        ("address", "ada*@one.example"): 3,
    }
    assert ("domain", "one.example") in clusters(run, "--at-least", "3")
    assert clusters(run, "--at-least", "4") == {}
    assert clusters(run) == {}


@pytest.mark.usefixtures("opened")
def test_tags_at_unknown_providers_and_throw_away_addresses_are_flagged_in_any_number(run: FlaskCliRunner, client: FlaskClient) -> None:
    people(
        ("Ada", "ada+win@one.example", None, NOW),
        ("Bea", "ADA+2@one.example", None, NOW),
        ("Cem", "cem+x@gmail.com", None, NOW),
        ("Dan", "dan@one.example", None, NOW),
    )
    assert client.post("/register", data=typed(email="eve@mailinator.com")).status_code == 303
    assert clusters(run) == {("tag", "ada@one.example"): 2, ("disposable", "mailinator.com"): 1, ("minute", "2026-12-01 12:00"): 5}
    said = run.invoke(args=["entrant", "review", "win-100"]).stdout
    assert "With a +tag at a provider that may or may not ignore it (any number)" in said
    assert "At providers of throw-away addresses (any number)" in said


@pytest.mark.usefixtures("opened")
def test_domains_that_pass_for_others_are_flagged_in_any_number(run: FlaskCliRunner, client: FlaskClient) -> None:
    assert client.post("/register", data=typed(email="ada@еxample.com")).status_code == 303  # Cyrillic е
    assert clusters(run) == {("script", "еxample.com"): 1}
    assert "letters of another alphabet (any number)" in run.invoke(args=["entrant", "review", "win-100"]).stdout


@pytest.mark.parametrize(
    ("domain", "read_as"),
    [
        ("xn--xample-2of.com", "еxample.com"),
        ("xn--80ak6aa92e.com", "аррӏе.com"),  # all of it Cyrillic
        ("mail.xn--exmple-4nf.example", "mail.exаmple.example"),
        ("xn--bcher-kva.example", None),
        ("xn--80a1acny.example", None),  # почта, a word
        ("xn--wgv71a119e.example", None),  # 日本語
        ("example.com", None),
    ],
)
def test_only_letters_that_pass_for_latin_ones_are_suspicious(domain: str, read_as: str | None) -> None:
    assert homograph(domain) == read_as


@pytest.mark.usefixtures("opened")
def test_a_throw_away_address_is_on_the_own_page_in_the_download_and_in_exports(run: FlaskCliRunner, client: FlaskClient) -> None:
    owns = []
    for email in ("eve@mailinator.com", "ada@example.com"):
        client.post("/register", data=typed(email=email))
        client.post(link(letters(run).text()), data={"name": "Eve"})
        owns.append(link(letters(run).text(), "/entry/"))
    assert ["at a provider of throw-away addresses" in client.get(own).text for own in owns] == [True, False]
    assert [json.loads(client.get(f"{own}/data.json").text)["throw_away_address"] for own in owns] == [True, False]
    rows = json.loads(run.invoke(args=["entrant", "export", "win-100", "--json"]).stdout)
    assert [row["disposable"] for row in rows] == [True, False]
    assert run.invoke(args=["entrant", "export", "win-100"]).stdout.splitlines()[0].endswith("made_up,disposable")
    assert json.loads(run.invoke(args=["entrant", "show", "win-100", "1", "--json"]).stdout)["disposable"] is True


@pytest.mark.usefixtures("opened")
def test_who_is_out_is_left_out_and_who_is_pending_counts_without_a_number(run: FlaskCliRunner) -> None:
    for state in ("pending", "withdrawn", "excluded"):
        people(*((f"Name {sign}", f"{sign * 3}@one.example", None, NOW) for sign in "abc"), state=state)
    found = reviewed(run, "--at-least", "2")
    assert found["entrants"] == 3
    domain = next(cluster for cluster in found["clusters"] if cluster["kind"] == "domain")
    assert (domain["number"], domain["entries"]) == (3, [])


@pytest.mark.usefixtures("opened")
def test_large_providers_make_no_cluster_by_their_domain(run: FlaskCliRunner) -> None:
    people(*((f"Name {sign}", f"{sign * 3}@gmail.com", None, NOW) for sign in "abcdef"))
    assert {kind for kind, _ in clusters(run)} == {"minute"}


@pytest.mark.usefixtures("opened")
def test_it_prints_tables_says_when_exclusions_end_and_changes_nothing(run: FlaskCliRunner, clock: time_machine.Traveller) -> None:
    numbers = enter(7)
    before = [(row.id, row.state, row.entry_index) for row in entrants()]
    said = run.invoke(args=["entrant", "review", "win-100"]).stdout
    assert "win-100: 7 entrants pending or confirmed." in said
    assert "Registered in the same minute (UTC)\nwhat" in said
    assert f"{' '.join(str(number) for number in numbers[:6])} …" in said
    assert "Exclusions end Wednesday 23 December 2026, 23:59 EST" in said
    assert [(row.id, row.state, row.entry_index) for row in entrants()] == before
    clock.move_to(SEALS - timedelta(hours=48))
    assert "Nothing can be excluded any more." in run.invoke(args=["entrant", "review", "win-100"]).stdout


@pytest.mark.usefixtures("opened")
def test_the_largest_come_first_and_the_rest_is_counted(run: FlaskCliRunner) -> None:
    people(*((f"Name {n}", f"{'abcde'[n % 5] * 3}{n}@{'two' if n % 3 else 'one'}.example", None, NOW) for n in range(12)))
    found = [cluster for cluster in reviewed(run, "--at-least", "2")["clusters"] if cluster["kind"] == "domain"]
    assert [(cluster["key"], cluster["number"]) for cluster in found] == [("two.example", 8), ("one.example", 4)]
    said = run.invoke(args=["entrant", "review", "win-100", "--at-least", "2", "--top", "1"]).stdout
    assert "two.example" in said
    assert "one.example" not in said.split("With addresses")[0]
    assert "… and 1 more: --top 2" in said


@pytest.mark.usefixtures("opened")
def test_nobody_and_no_campaign_are_said_plainly(run: FlaskCliRunner) -> None:
    assert "No cluster of 5 or more." in run.invoke(args=["entrant", "review", "win-100"]).stdout
    result = run.invoke(args=["entrant", "review", "other"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "There is no campaign other" in result.stderr
    assert "Example: flask entrant review" in run.invoke(args=["entrant", "review", "--help"]).stdout


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize(("peer", "kept"), [("203.0.113.77", "203.0.113.0/24"), ("2001:db8:1:2:3::4", "2001:db8:1::/48"), ("", None)])
def test_a_registration_keeps_its_network_shortened(client: FlaskClient, session: Session, peer: str, kept: str | None) -> None:
    response = client.post("/register", data=typed(), environ_base={"REMOTE_ADDR": peer})
    assert response.status_code == 303
    session.rollback()
    assert session.scalars(select(Entrant.network)).all() == [kept]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada Reader", "reader  ada"),
        ("Ada Reader", "Áda-Reader 17"),
        ("Ada Reader", "\u0410d\u0430 R\u0435\u0430d\u0435r"),  # Cyrillic
        ("Straße", "STRASSE"),
        ("\uff21\uff44\uff41", "ada"),  # full width
    ],
)
def test_names_that_look_alike_are_one(one: str, other: str) -> None:
    assert look_of(one) == look_of(other)


def test_names_that_differ_are_two() -> None:
    assert look_of("Ada Reader") != look_of("Ida Reader")
    assert look_of("Анна") != look_of("Инна")


@given(st.text(max_size=40))
def test_how_a_name_looks_looks_like_itself(name: str) -> None:
    assert look_of(look_of(name)) == look_of(name)


@pytest.mark.parametrize("email", ["reader7@example.com", "re.ader@example.com", "READER_12+x@Example.com", "9reader@example.com"])
def test_addresses_that_vary_cheaply_are_one(email: str) -> None:
    assert pattern_of(email) == "reader*@example.com"
