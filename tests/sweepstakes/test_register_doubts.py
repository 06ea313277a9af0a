"""Addresses in doubt: slips of the finger are asked about once, throw-away ones are flagged or refused."""

from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from tests.sweepstakes.campaigns import CLOSES, OPENS
from tests.sweepstakes.entering import entrants, parsed, post, ticked
from webapp.limits import LARGEST
from webapp.site import keyring
from webapp.sweepstakes.doubting import is_disposable, meant, one_slip


@pytest.fixture
def environ(request: pytest.FixtureRequest) -> dict[str, str]:
    return dict(getattr(request, "param", {}))


@pytest.mark.parametrize("domain", ["gmial.com", "gmai.com", "gmaill.com", "gmail.con", "gnail.com", "gmal.com", "gmail.cm"])
def test_slips_of_the_finger_at_gmail_are_seen(domain: str) -> None:
    assert meant(f"Ada.R@{domain}") == "Ada.R@gmail.com"


@pytest.mark.parametrize(("domain", "right"), [("hotmial.com", "hotmail.com"), ("yaho.com", "yahoo.com"), ("outlok.com", "outlook.com")])
def test_slips_at_others_are_seen(domain: str, right: str) -> None:
    assert meant(f"ada@{domain}") == f"ada@{right}"


@pytest.mark.parametrize("domain", sorted(LARGEST | {"mail.com", "email.com", "example.com", "gmail.example.com"}))
def test_real_providers_are_not_doubted(domain: str) -> None:
    assert meant(f"ada@{domain}") is None


@given(st.text("abc", max_size=5), st.text("abc", max_size=5))
def test_a_slip_is_one_edit(typed: str, right: str) -> None:
    one = {right[:n] + right[n + 1 :] for n in range(len(right))}
    one |= {right[:n] + sign + right[n:] for n in range(len(right) + 1) for sign in "abc"}
    one |= {right[:n] + sign + right[n + 1 :] for n in range(len(right)) for sign in "abc"}
    one |= {right[:n] + right[n + 1] + right[n] + right[n + 2 :] for n in range(len(right) - 1)}
    assert one_slip(typed, right) == (typed in one - {right})


@pytest.mark.parametrize(
    ("domain", "thrown"), [("mailinator.com", True), ("x.y.mailinator.com", True), ("example.com", False), ("gmail.com", False)]
)
def test_throw_away_domains_and_what_is_below_them(domain: str, thrown: bool) -> None:
    assert is_disposable(f"ada@{domain}") is thrown


@pytest.mark.usefixtures("clock")
def test_a_likely_slip_is_asked_about_and_can_be_mended_with_one_tick(client: FlaskClient) -> None:
    asked = post(client, email="ada@gmial.com")
    assert asked.status_code == 422
    assert "Did you mean ada@gmail.com?" in asked.text
    assert 'name="use_email" type="checkbox" value="ada@gmail.com"' in asked.text
    assert 'name="asked_email" value="ada@gmial.com"' in asked.text
    assert entrants() == []
    assert post(client, email="ada@gmial.com", asked_email="ada@gmial.com", use_email="ada@gmail.com").status_code == 303
    assert keyring().unseal("entrant.email", entrants()[0].email or b"") == "ada@gmail.com"


@pytest.mark.usefixtures("clock")
def test_a_likely_slip_is_kept_if_it_is_sent_again(client: FlaskClient) -> None:
    faulty = post(client, email="ada@gmial.com", asked_email="ada@gmial.com", agree="")
    assert 'name="asked_email" value="ada@gmial.com"' in faulty.text  # not asked a second time after another fault
    assert post(client, email="ada@gmial.com", asked_email="ada@gmial.com").status_code == 303
    assert keyring().unseal("entrant.email", entrants()[0].email or b"") == "ada@gmial.com"


@pytest.mark.usefixtures("clock")
def test_a_domain_that_is_read_as_another_is_shown_before_it_is_written_to(client: FlaskClient) -> None:
    asked = post(client, email="ada@ⅽom.com")
    assert asked.status_code == 422
    assert "Did you mean ada@com.com?" in asked.text
    assert entrants() == []
    assert client.post("/register", data=parsed(asked.text)).status_code == 303


@pytest.mark.usefixtures("clock")
def test_an_address_typed_anew_stands_whatever_was_proposed(client: FlaskClient) -> None:
    assert post(client, email="bea@example.com", asked_email="ada@gmial.com", use_email="ada@gmail.com").status_code == 303
    assert keyring().unseal("entrant.email", entrants()[0].email or b"") == "bea@example.com"


@pytest.mark.usefixtures("clock")
def test_throw_away_addresses_are_flagged(client: FlaskClient) -> None:
    for email in ("ada@mailinator.com", "ada@example.com"):
        assert post(client, email=email).status_code == 303
    assert [row.disposable for row in entrants()] == [True, False]


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("environ", [{"DISPOSABLE": "refuse"}], indirect=True, ids=[""])
def test_throw_away_addresses_are_refused_if_so_set(client: FlaskClient) -> None:
    first, second = (post(client, email="ada@sub.mailinator.com") for _ in range(2))
    assert first.status_code == 422
    assert "made to be thrown away" in first.text
    assert second.text == first.text
    assert post(client).status_code == 303


def test_with_nothing_to_come_no_button_is_there_that_can_only_fail(client: FlaskClient, clock: time_machine.Traveller) -> None:
    clock.move_to(CLOSES)
    page = post(client, name="Zoë")
    assert page.status_code == 422
    assert 'value="Zoë"' in page.text
    assert 'type="submit"' not in page.text


@pytest.mark.parametrize("asked", ["win-100", ""])
def test_who_comes_too_early_keeps_the_form_and_presses_again_when_it_opens(
    client: FlaskClient, clock: time_machine.Traveller, asked: str
) -> None:
    clock.move_to(OPENS - timedelta(hours=1))
    page = post(client, name="Zoë", newsletter="yes", campaign=asked)
    assert page.status_code == 422
    assert "opens Friday 27 November 2026, 09:00 EST" in page.text
    assert "Register from Friday 27 November 2026, 09:00 EST on</button>" in page.text
    assert 'value="Zoë"' in page.text
    # Who had read these very rules need not agree anew; who had named none must.
    assert ticked(page.text) == (["agree", "newsletter"] if asked else ["newsletter"])
    form = parsed(page.text)
    clock.move_to(OPENS)
    assert client.post("/register", data=form | {"agree": "yes"}).status_code == 303
    assert len(entrants()) == 1
