"""/draws and /draws/<campaign>: state, numbers, seal and result, as any reader sees them."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from flask.testing import FlaskClient, FlaskCliRunner
from sqlalchemy.orm import Session

from tests.sweepstakes.campaigns import CLOSES, DRAND, DRAWS, NOW, OPENS, SEALS, answer, changed, create, done, enter, open_one
from webapp.sweepstakes import current_campaign


@pytest.fixture(autouse=True)
def clock() -> "time_machine.Traveller":
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def text(client: FlaskClient, path: str) -> str:
    """The page's words, without its tags; it must be there, for every cache and without a cookie."""
    response = client.get(path)
    assert response.status_code == 200
    assert response.headers["Cache-Control"].startswith("public, max-age=0, s-maxage=")
    assert "Set-Cookie" not in response.headers
    main = response.get_data(as_text=True).split("<main", 1)[1].split("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def test_without_a_campaign_the_list_says_so(client: FlaskClient) -> None:
    assert "There has been no draw yet." in text(client, "/draws")


def test_a_draft_is_nobodys_business(run: FlaskCliRunner, client: FlaskClient, tmp_path: Path) -> None:
    create(run, tmp_path)
    assert "There has been no draw yet." in text(client, "/draws")
    assert client.get("/draws/win-100").status_code == 404


@pytest.mark.parametrize("slug", ["nothing", "%00", "%ff", "a" * 300, "Win-100", "win-100%0a", "..", "'--"])
def test_an_unknown_campaign_is_not_found(client: FlaskClient, slug: str) -> None:
    for path in ("", "/rules", "/rules.txt"):
        response = client.get(f"/draws/{slug}{path}")
        assert response.status_code == 404
        assert response.headers["Cache-Control"] == "no-store"


def test_states_follow_the_clock(run: FlaskCliRunner, client: FlaskClient, tmp_path: Path, clock: time_machine.Traveller) -> None:
    clock.move_to(OPENS - timedelta(days=1))
    open_one(run, tmp_path)
    for moment, label in (
        (OPENS - timedelta(seconds=1), "Opens soon"),
        (OPENS, "Open"),
        (CLOSES - timedelta(seconds=1), "Open"),
        (CLOSES, "Closed"),
    ):
        clock.move_to(moment)
        for path in ("/draws", "/draws/win-100"):
            assert f"Win $100 {label} operator-trusted" in text(client, path)


def test_the_list_has_the_next_to_close_first_and_the_past_last(
    run: FlaskCliRunner, client: FlaskClient, tmp_path: Path, clock: time_machine.Traveller
) -> None:
    for slug, times in {
        "past": "opens_at = 2026-11-27T09:00:00\ncloses_at = 2026-12-02T12:00:00",
        "later": "opens_at = 2026-11-27T09:00:00\ncloses_at = 2026-12-30T12:00:00",
        "sooner": "opens_at = 2026-11-27T09:00:00\ncloses_at = 2026-12-10T12:00:00",
        "coming": "opens_at = 2026-12-04T12:00:00\ncloses_at = 2026-12-05T12:00:00",
    }.items():
        source = changed("slug", f'slug = "{slug}"', changed("opens_at", times, changed("closes_at", "", DRAND)))
        open_one(run, tmp_path, source, slug)
    clock.move_to(NOW + timedelta(days=2))
    page = client.get("/draws").get_data(as_text=True).split("<main", 1)[1].split("</main>")[0]
    assert re.findall(r'href="/draws/(\w+)"', page) == ["sooner", "later", "coming", "past"]


def test_an_open_campaign_shows_entries_odds_and_times_with_their_zone(run: FlaskCliRunner, client: FlaskClient, tmp_path: Path) -> None:
    open_one(run, tmp_path, DRAND)
    assert "Odds depend on the number of eligible entries; there is none yet" in text(client, "/draws/win-100")
    enter(7)
    page = text(client, "/draws/win-100")
    for words in (
        "Entries 7",
        "Odds 1 in 7 as of now",
        "Entry closes Sunday 20 December 2026, 23:59 EST",
        "Prize One hundred US dollars ($100)",
        "public beacon drand quicknet",
        "127.0.0.1:8000/draws/win-100/log",
    ):
        assert words in page
    assert "operator-trusted" not in page.lower()
    assert "Result" not in page
    assert "The seal" not in page


def test_the_seal_is_shown_with_size_root_and_checkpoint(
    run: FlaskCliRunner, client: FlaskClient, tmp_path: Path, clock: time_machine.Traveller
) -> None:
    open_one(run, tmp_path, DRAND)
    enter(3)
    clock.move_to(SEALS)
    seal = answer(run, "close", "win-100", "--yes")
    page = text(client, "/draws/win-100")
    assert f"Size 5 Root {seal['root']}" in page
    assert " ".join(seal["checkpoint"].split()) in page
    assert "Sealed" in page
    assert "late seal" not in page
    assert '<a href="/draws/win-100/sealed">' in client.get("/draws/win-100").get_data(as_text=True)


def test_a_late_seal_says_so_and_shows_when_the_draw_is_now(
    run: FlaskCliRunner, client: FlaskClient, tmp_path: Path, clock: time_machine.Traveller
) -> None:
    open_one(run, tmp_path, DRAND)
    clock.move_to(DRAWS)
    assert answer(run, "close", "win-100", "--yes")["late"] is True
    page = text(client, "/draws/win-100")
    assert "late seal" in page
    assert "so the draw moved from Saturday 26 December 2026, 23:59 EST to Sunday 27 December 2026, 23:59 EST" in page
    assert "Draw Sunday 27 December 2026, 23:59 EST" in page


def test_a_campaign_that_was_closed_early_shows_when_that_was(run: FlaskCliRunner, client: FlaskClient, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    done(run, "close", "win-100", "--now", "--yes")
    page = text(client, "/draws/win-100")
    assert "Win $100 Sealed operator-trusted" in page
    assert "Entry closes Tuesday 1 December 2026, 07:00 EST" in page
    assert "Confirmations count until" not in page


def test_the_result_shows_every_rank_and_what_became_of_it(run: FlaskCliRunner, client: FlaskClient, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    enter(1500)
    done(run, "close", "win-100", "--now", "--yes")
    ranking = answer(run, "draw", "win-100")["ranking"]
    entries = [f"{place['entry']:,}" for place in ranking]
    page = text(client, "/draws/win-100")
    assert f"Winning entry number : {entries[0]} " in page.replace("number:", "number :")
    assert f"1 {entries[0]} Winner to claim before Tuesday 15 December 2026, 07:00 EST {ranking[0]['ticket']}" in page
    assert f"2 {entries[1]} Alternate {ranking[1]['ticket']}" in page
    assert "from 1,500 eligible entries, operator-trusted" in page
    done(run, "forfeit", "win-100", "1", "--reason", "declined", "--yes")
    done(run, "award", "win-100", "2", "--yes")
    page = text(client, "/draws/win-100")
    assert f"1 {entries[0]} Forfeited: declined" in page
    assert f"2 {entries[1]} Winner, prize awarded" in page
    assert "Drawn operator-trusted" in page
    done(run, "paid", "win-100", "2", "--yes")
    assert "Settled operator-trusted" in text(client, "/draws/win-100")
    row = text(client, "/draws")
    assert f"Win $100 Settled operator-trusted Winning entry number: {entries[1]} (prize paid). $100 · 1,500 entries · drawn" in row


def test_a_prize_nobody_is_left_to_take_is_said_to_be_not_awarded(run: FlaskCliRunner, client: FlaskClient, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    enter(1)
    done(run, "close", "win-100", "--now", "--yes")
    done(run, "draw", "win-100")
    done(run, "forfeit", "win-100", "1", "--reason", "ineligible", "--yes")
    assert "1 prize was not awarded: no alternate is left." in text(client, "/draws/win-100")
    assert "Not awarded: 1 prize." in text(client, "/draws")


def test_a_void_campaign_gives_its_reason(run: FlaskCliRunner, client: FlaskClient, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    done(run, "void", "win-100", "--reason", "beacon_missing", "--yes")
    page = text(client, "/draws/win-100")
    assert "This draw is void since Tuesday 1 December 2026, 07:00 EST . Reason: beacon missing." in page
    assert "Odds none: no winner is drawn Entry opens" in page
    for never in ("Confirmations count until", "List sealed", "Draw Saturday"):
        assert never not in page
    assert "Void: beacon missing" in text(client, "/draws")


def test_an_operator_draw_is_labelled_in_every_state_and_place(run: FlaskCliRunner, client: FlaskClient, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    enter(3)
    for step in ((), ("close", "win-100", "--now", "--yes"), ("draw", "win-100")):
        if step:
            done(run, *step)
        for path in ("/draws", "/draws/win-100", "/draws/win-100/rules"):
            assert "operator-trusted" in text(client, path)


def test_pages_name_nobody(run: FlaskCliRunner, client: FlaskClient, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    enter(3)
    done(run, "close", "win-100", "--now", "--yes")
    done(run, "draw", "win-100")
    for path in ("/draws", "/draws/win-100"):
        assert not {"Reader", "reader", "example.com"} & set(re.findall(r"[\w.]+", text(client, path)))


def test_titles_are_text_and_no_markup(run: FlaskCliRunner, client: FlaskClient, tmp_path: Path) -> None:
    open_one(run, tmp_path, changed("title", 'title = "<script>alert(1)</script>"'))
    for path in ("/draws", "/draws/win-100", "/draws/win-100/rules"):
        assert "<script>alert" not in client.get(path).get_data(as_text=True)


def test_the_page_is_not_sent_again_to_who_has_it(run: FlaskCliRunner, client: FlaskClient, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    tag = client.get("/draws/win-100").headers["ETag"]
    assert client.get("/draws/win-100", headers={"If-None-Match": tag}).status_code == 304
    enter(1)
    assert client.get("/draws/win-100", headers={"If-None-Match": tag}).status_code == 200


def test_the_current_campaign_is_the_open_one_that_closes_first(
    run: FlaskCliRunner, session: Session, tmp_path: Path, clock: time_machine.Traveller
) -> None:
    assert current_campaign(session, NOW) is None
    open_one(run, tmp_path)
    sooner = changed("slug", 'slug = "sooner"', changed("closes_at", "closes_at = 2026-12-10T12:00:00"))
    open_one(run, tmp_path, sooner, "sooner")
    create(run, tmp_path, changed("slug", 'slug = "draft"', changed("closes_at", "closes_at = 2026-12-05T12:00:00")))
    found = current_campaign(session, NOW)
    assert found is not None and found.slug == "sooner"
    found = current_campaign(session, found.closes_at)
    assert found is not None and found.slug == "win-100"
    assert current_campaign(session, found.closes_at) is None
    assert current_campaign(session, OPENS - timedelta(seconds=1)) is None
