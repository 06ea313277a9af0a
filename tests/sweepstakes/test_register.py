"""Registering, through the front door."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner

from tests.sweepstakes.campaigns import CLOSES, GOOD, NOW, OPENS, changed, open_one
from tests.sweepstakes.entering import entrants, letters, link, outbox, parsed, post, ticked, typed
from webapp.site import keyring


@pytest.fixture
def environ() -> dict[str, str]:
    """Without limits: this file posts one address more often than they let it; they have tests of their own."""
    return {"LIMITS": "off"}


@pytest.fixture(autouse=True)
def opened(run: FlaskCliRunner, tmp_path: Path) -> None:
    with time_machine.travel(NOW, tick=False):
        open_one(run, tmp_path)


@pytest.fixture
def clock(opened: None) -> object:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


pytestmark = pytest.mark.usefixtures("clock")


def test_a_registration_is_a_pending_row_and_a_letter_owed(client: FlaskClient) -> None:
    response = post(client, newsletter="yes")
    assert (response.status_code, response.headers["Location"]) == (303, "/register/thanks")
    (row,) = entrants()
    assert (row.state, row.newsletter, row.entry_index) == ("pending", True, None)
    assert row.name and keyring().unseal("entrant.name", row.name) == "Ada Reader"
    assert outbox() == [("confirm", "new")]


def test_the_thanks_page_says_where_the_letter_is_without_a_mail_server(client: FlaskClient) -> None:
    page = client.get("/register/thanks").text
    assert "inbox" in page
    assert "instance/outbox/" in page


def test_neither_name_nor_address_stands_in_the_database(client: FlaskClient) -> None:
    post(client, name="Zebedee Quux", email="zebedee@quux.example")
    (row,) = entrants()
    for value in (row.name, row.email, row.email_key):
        assert value is not None
        assert b"ebedee" not in value


def answer(client: FlaskClient, **fields: str) -> tuple[int, str, dict[str, str], str]:
    """All of a post's answer that a reader, or a listener, can see."""
    response = post(client, **fields)
    then = client.get(response.headers["Location"])
    headers = {name: value for name, value in response.headers if name != "X-Request-ID"}
    return response.status_code, response.text, headers, then.text


def test_new_pending_and_confirmed_addresses_get_the_same_answer(client: FlaskClient, run: FlaskCliRunner) -> None:
    new = answer(client)
    pending = answer(client)
    client.post(link(letters(run).text()), data={"name": "Ada Reader"})
    assert entrants()[0].state == "confirmed"
    assert answer(client) == pending == new
    assert len(entrants()) == 1


def test_who_is_pending_gets_the_letter_again_but_once_a_day(client: FlaskClient, clock: time_machine.Traveller) -> None:
    post(client)
    post(client)
    assert outbox() == [("confirm", "new")]
    clock.shift(timedelta(days=1))
    post(client)
    post(client)
    assert outbox() == [("confirm", "new")] * 2


def test_an_address_that_never_confirms_is_written_to_five_times_in_all(
    client: FlaskClient, run: FlaskCliRunner, clock: time_machine.Traveller
) -> None:
    for day in range(8):
        clock.move_to(NOW + timedelta(days=day))
        assert post(client).status_code == 303
        assert client.post("/entry", data={"email": "ada@example.com"}).status_code == 303
        letters(run)
    for kind in ("confirm", "your_link"):
        assert [state for one, state in outbox() if one == kind] == ["sent"] * 5 + ["dropped"] * 3
    assert "once a day and five times in all" in client.get("/register/thanks").text
    client.post(link(next(letters(run).text(n) for n in range(8) if "/confirm/" in letters(run).text(n))), data={"name": "Ada Reader"})
    clock.shift(3600)
    client.post("/entry", data={"email": "ada@example.com"})
    letters(run)
    assert outbox()[-1] == ("your_link", "sent")  # who came after all is helped as often as they ask


def test_who_is_in_gets_told_so_by_mail_once_a_day(client: FlaskClient, run: FlaskCliRunner) -> None:
    post(client)
    client.post(link(letters(run).text()), data={"name": "Ada Reader"})
    post(client, email="A.D.A@example.com")
    assert len(entrants()) == 2
    for _ in range(2):
        post(client, email=" ADA@EXAMPLE.COM ")
    assert [kind for kind, _ in outbox()].count("already_in") == 1
    assert any("You are in already" in str(letter["Subject"]) for letter in letters(run).all())


def test_spellings_of_one_mailbox_are_one_entry(client: FlaskClient) -> None:
    for email in ("a.da@gmail.com", "ada+win@gmail.com", "ADA@GoogleMail.com"):
        assert post(client, email=email).status_code == 303
    assert len(entrants()) == 1


def test_fifty_posts_of_one_address_at_once_are_one_row_and_one_letter(app: Flask) -> None:
    def one(_number: int) -> int:
        return app.test_client().post("/register", data=typed()).status_code

    with ThreadPoolExecutor(50) as pool:
        assert set(pool.map(one, range(50))) == {303}
    assert len(entrants()) == 1
    assert outbox() == [("confirm", "new")]


@pytest.mark.parametrize(
    ("moment", "taken"),
    [
        (OPENS - timedelta(seconds=1), False),
        (OPENS, True),
        (CLOSES - timedelta(microseconds=1), True),
        (CLOSES, False),
    ],
)
def test_entries_count_from_opening_to_just_before_closing(
    client: FlaskClient, clock: time_machine.Traveller, moment: object, taken: bool
) -> None:
    clock.move_to(moment)
    assert post(client).status_code == (303 if taken else 422)
    assert len(entrants()) == int(taken)


@pytest.mark.parametrize(
    ("closes_at", "moment"),
    [
        ("2027-03-14T03:00:00", datetime(2027, 3, 14, 7, 0, tzinfo=UTC)),  # the first moment after the hour that is left out
        ("2027-11-07T02:00:00", datetime(2027, 11, 7, 7, 0, tzinfo=UTC)),  # the first after the hour that comes twice
        ("2027-11-07T01:30:00-04:00", datetime(2027, 11, 7, 5, 30, tzinfo=UTC)),  # within it, the first time
        ("2027-11-07T01:30:00-05:00", datetime(2027, 11, 7, 6, 30, tzinfo=UTC)),  # and the second time
    ],
)
def test_a_close_at_a_change_of_the_clocks_is_exact_to_the_second(
    client: FlaskClient, run: FlaskCliRunner, tmp_path: Path, clock: time_machine.Traveller, closes_at: str, moment: datetime
) -> None:
    source = changed("closes_at", f"closes_at = {closes_at}", changed("slug", 'slug = "summer"'))
    open_one(run, tmp_path, source, "summer")
    form = {"campaign": "summer", "email": "first@example.com"}
    clock.move_to(moment - timedelta(seconds=1))
    assert "Register</button>" in client.get("/register").text
    assert post(client, **form).status_code == 303
    clock.move_to(moment)
    assert "Register</button>" not in client.get("/register").text
    assert post(client, **form | {"email": "late@example.com"}).status_code == 422
    assert [row.campaign.slug for row in entrants()] == ["summer"]


def test_a_post_to_a_closed_campaign_keeps_what_was_typed_and_offers_the_next(
    client: FlaskClient, run: FlaskCliRunner, tmp_path: Path, clock: time_machine.Traveller
) -> None:
    longer = changed("closes_at", "closes_at = 2027-02-20T23:59:00", changed("slug", 'slug = "win-200"', GOOD))
    open_one(run, tmp_path, changed("title", 'title = "Win $200"', longer), slug="win-200")
    clock.move_to(CLOSES)
    response = post(client, name="Zoë Müller", newsletter="yes")
    assert response.status_code == 422
    assert "Win $100 takes no more entries" in response.text
    assert "You can enter Win $200" in response.text
    assert 'value="Zoë Müller"' in response.text
    assert 'name="campaign" value="win-200"' in response.text
    assert ticked(response.text) == ["newsletter"]  # other rules: agreed to anew
    assert post(client, campaign="win-200").status_code == 303


def test_with_nothing_open_a_post_still_keeps_what_was_typed(client: FlaskClient, clock: time_machine.Traveller) -> None:
    clock.move_to(CLOSES)
    response = post(client, name="Zoë")
    assert response.status_code == 422
    assert 'value="Zoë"' in response.text


def test_a_post_that_names_no_campaign_enters_the_current_one(client: FlaskClient) -> None:
    assert post(client, campaign="").status_code == 303
    assert len(entrants()) == 1


def test_a_campaign_that_does_not_exist_is_answered_with_the_one_that_does(client: FlaskClient) -> None:
    response = post(client, campaign="win-999999")
    assert response.status_code == 422
    assert 'name="campaign" value="win-100"' in response.text


@pytest.mark.parametrize("slug", ["win_100", "0", "a" * 64, "0_-_-"])
def test_whatever_a_campaign_may_be_called_its_own_form_enters_it(
    client: FlaskClient, run: FlaskCliRunner, tmp_path: Path, slug: str
) -> None:
    soon = changed("closes_at", "closes_at = 2026-12-10T12:00:00", changed("slug", f'slug = "{slug}"'))
    open_one(run, tmp_path, soon, slug)
    form = parsed(client.get("/").text) | {"name": "Ada Reader", "email": "ada@example.com", "agree": "yes"}
    assert form["campaign"] == slug
    assert client.post("/register", data=form).status_code == 303
    assert [row.campaign.slug for row in entrants()] == [slug]


def test_an_unknown_field_changes_nothing(client: FlaskClient) -> None:
    assert post(client, state="confirmed", entry_index="1", is_winner="1").status_code == 303
    assert entrants()[0].state == "pending"


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"name": ""}, "name", "Write your name"),
        ({"name": "x" * 81}, "name", "at most 80"),
        ({"name": "a\0b"}, "name", "invisible"),
        ({"name": "a\u202eb"}, "name", "invisible"),
        ({"name": "a\u200bb"}, "name", "invisible"),
        ({"name": "12345"}, "name", "no letter"),
        ({"email": ""}, "email", "Write your e-mail address"),
        ({"email": "ada"}, "email", "lacks its @"),
        ({"email": "ada@example"}, "email", "does not look like"),
        ({"email": "a\0da@example.com"}, "email", "does not look like"),
        ({"email": "ada@example.com\r\nBcc: x@example.com"}, "email", "does not look like"),
        ({"email": "zoë@example.com"}, "email", "plain letters"),
        ({"email": "x" * 300 + "@example.com"}, "email", "at most 254"),
        ({"agree": ""}, "agree", "tick the box"),
    ],
)
def test_what_does_not_fit_is_said_beside_the_field_and_nothing_typed_is_lost(
    client: FlaskClient, fields: dict[str, str], field: str, words: str
) -> None:
    response = post(client, **{"newsletter": "yes", **fields})
    assert response.status_code == 422
    assert response.headers["Cache-Control"] == "no-store"
    assert f'href="#register-{field}"' in response.text
    assert f'id="register-{field}-error"' in response.text
    assert words in response.text
    assert "newsletter" in ticked(response.text)
    if field != "name":
        assert 'value="Ada Reader"' in response.text
    assert "Set-Cookie" not in response.headers
    assert entrants() == []


def test_markup_typed_into_a_field_comes_back_as_text(client: FlaskClient) -> None:
    response = post(client, name='"><script>alert(1)</script>{{7*7}}', email="no")
    assert "<script>alert" not in response.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{7*7}}" in response.text


def test_signs_that_nobody_sees_are_gone_when_the_form_comes_back(client: FlaskClient) -> None:
    page = post(client, name="A\u202ed\u200ba\0", email="ada\u2066@example.com").text
    assert 'value="Ada"' in page
    assert 'value="ada@example.com"' in page


def test_a_form_with_the_hidden_field_filled_is_shown_once_more(client: FlaskClient) -> None:
    response = post(client, leave_empty="http://spam.example")
    assert response.status_code == 422
    assert "spam.example" not in response.text
    assert 'value="Ada Reader"' in response.text
    assert entrants() == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"name=a&name=b&email=ada@example.com&agree=yes", "application/x-www-form-urlencoded", 400),
        (b"name=%ff&email=ada@example.com&agree=yes", "application/x-www-form-urlencoded", 400),
        (b"name=%ed%a0%80&email=ada@example.com&agree=yes", "application/x-www-form-urlencoded", 400),
        (b"name=\xff&email=ada@example.com&agree=yes", "application/x-www-form-urlencoded", 400),
        (b'{"name": "Ada"}', "application/json", 415),
        (b"name=Ada", "text/plain", 415),
        (b"name=" + b"a" * 40_000, "application/x-www-form-urlencoded", 413),
        (
            b'--b\r\nContent-Disposition: form-data; name="name"; filename="x"\r\n\r\nAda\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
            400,
        ),
        (b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\n\xff\r\n--b--\r\n', "multipart/form-data; boundary=b", 400),
    ],
)
def test_what_no_form_of_ours_sends_is_refused(client: FlaskClient, body: bytes, kind: str, status: int) -> None:
    assert client.post("/register", data=body, content_type=kind).status_code == status
    assert entrants() == []


def test_a_multipart_form_is_taken_as_well(client: FlaskClient) -> None:
    assert client.post("/register", data=typed(), content_type="multipart/form-data").status_code == 303


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused(client: FlaskClient, method: str) -> None:
    response = getattr(client, method)("/register")
    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]


def test_the_form_alone_says_what_is_needed_before_it_is_sent(client: FlaskClient) -> None:
    response = client.get("/register")
    assert response.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in response.headers
    assert "Win $100 – Register" in response.text
    assert "once you press the button behind it" in response.text
    assert "No purchase necessary" in response.text
    assert 'autocomplete="email"' in response.text
    assert "/draws/win-100/rules" in response.text
    assert ticked(response.text) == []
