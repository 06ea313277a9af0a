"""What every page and letter about a draw must say of it: operator-trusted (PROTOCOL §6), late seal (§3), void."""

import re
from pathlib import Path

import pytest
import time_machine
from flask.testing import FlaskClient, FlaskCliRunner

from tests.sweepstakes.campaigns import DRAND, DRAWS, GOOD, NOW, done, enter, open_one
from tests.sweepstakes.entering import LATER, letters, link, post


@pytest.fixture(autouse=True)
def clock() -> object:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def words(client: FlaskClient, path: str) -> str:
    """What stands in the page's main part."""
    main = client.get(path).text.split("<main")[1].split("</main")[0]
    return " ".join(re.sub("<[^>]+>", " ", main).split())


@pytest.mark.parametrize(("source", "labelled"), [(GOOD, True), (DRAND, False)], ids=["operator", "drand"])
def test_who_enters_an_operators_draw_reads_so_on_every_page_and_in_every_letter(
    run: FlaskCliRunner, client: FlaskClient, tmp_path: Path, clock: time_machine.Traveller, source: str, labelled: bool
) -> None:
    open_one(run, tmp_path, source)
    seen = {path: "operator-trusted" in words(client, path).lower() for path in ("/register", "/draws", "/draws/win-100")}
    post(client, email="late@example.com")
    late = link(letters(run).text())
    post(client)
    confirm = link(letters(run).text())
    seen["confirm"] = "operator-trusted" in words(client, confirm).lower()
    client.post(confirm, data={"name": "Ada Reader"})
    seen["confirmed"] = "operator-trusted" in words(client, confirm).lower()
    own = link(letters(run).text(), "/entry/")
    for path in ("", "/withdraw", "/erase"):
        seen[f"own{path}"] = "operator-trusted" in words(client, own + path).lower()
    post(client)
    client.post("/entry", data={"email": "ada@example.com"})
    run.invoke(args=["entrant", "exclude", "win-100", "--entry", "1", "--reason", "staff", "--yes"])
    seen["excluded"] = "operator-trusted" in words(client, confirm).lower()
    for number, letter in enumerate(letters(run).all()):
        text = letter.get_body(("plain",))
        assert text is not None
        seen[f"{number} {letter['Subject']}"] = "operator-trusted" in text.get_content()
    clock.move_to(LATER)
    seen["too late"] = "operator-trusted" in words(client, late).lower()
    assert seen == dict.fromkeys(seen, labelled)
    assert len(seen) >= 10 + 5


def test_a_late_seal_is_said_wherever_the_draw_is(
    run: FlaskCliRunner, client: FlaskClient, tmp_path: Path, clock: time_machine.Traveller
) -> None:
    open_one(run, tmp_path)
    post(client)
    confirm = link(letters(run).text())
    client.post(confirm, data={"name": "Ada Reader"})
    own = link(letters(run).text(), "/entry/")
    pages = ("/draws", "/draws/win-100", confirm, own)
    assert not [page for page in pages if "late seal" in words(client, page)]
    clock.move_to(DRAWS)
    told = done(run, "close", "win-100", "--yes")
    assert "Late seal: the draw moved to Sunday 27 December 2026, 23:59 EST." in told
    assert "from now on" not in told
    for page in pages:
        assert "late seal" in words(client, page), page
    for page in (confirm, own):
        assert "Draw Sunday 27 December 2026, 23:59 EST" in words(client, page), page
    clock.shift(86_400)
    assert "Late seal." in done(run, "draw", "win-100")
    claim = next(
        link(str(part.get_content()), "/claim/")
        for letter in letters(run).all()
        if (part := letter.get_body(("plain",))) and "/claim/" in str(part.get_content())
    )
    assert "late seal" in words(client, claim)


def test_who_is_in_a_draw_that_became_void_reads_so_and_no_date_of_a_draw(run: FlaskCliRunner, client: FlaskClient, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    enter(2)
    post(client)
    confirm = link(letters(run).text())
    client.post(confirm, data={"name": "Ada Reader"})
    own = link(letters(run).text(), "/entry/")
    done(run, "void", "win-100", "--reason", "key_lost", "--yes")
    for page in (confirm, own):
        said = words(client, page)
        assert "This draw is void since Tuesday 1 December 2026, 07:00 EST: no winner is drawn." in said
        assert "26 December" not in said
        assert "is sealed" not in said
