"""What pages say while no campaign is open: the last result, when the next one opens, and the newsletter to ask for."""

import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest
import time_machine
from flask.testing import FlaskClient, FlaskCliRunner

from tests.news.test_pages import publish
from tests.sweepstakes.campaigns import GOOD, NOW, answer, changed, done, enter, open_one

LAST = 'The last draw was <a href="/draws/win-100">Win $100</a>'
NEXT = "<b>Win $200</b> opens "
BOX = '<form method="post" action="/newsletter">'


def coming() -> str:
    """A campaign that opens more than a month after NOW."""
    source = GOOD.replace("win-100", "win-200").replace("Win $100", "Win $200")
    return changed("opens_at", "opens_at = 2027-01-04T09:00:00", changed("closes_at", "closes_at = 2027-01-31T23:59:00", source))


def card(client: FlaskClient, address: str) -> str:
    """The Win card of a page, with single spaces."""
    response = client.get(address)
    assert response.status_code == 200
    found = re.search(r'<section class="card[^"]*" id="register".*?</section>', response.text, re.DOTALL)
    assert found
    return " ".join(unescape(found[0]).split())


@pytest.mark.parametrize("address", ["/", "/news/one", "/register"])
def test_with_none_open_pages_show_the_last_result_the_next_opening_and_the_newsletter_box(
    client: FlaskClient, run: FlaskCliRunner, tmp_path: Path, address: str
) -> None:
    with time_machine.travel(NOW, tick=False):
        publish("one")
        assert [words in card(client, address) for words in ("No draw is open now", LAST, NEXT, BOX)] == [True, False, False, True]
        open_one(run, tmp_path)
        enter(3)
        assert [words in card(client, address) for words in ("Win $100 – Register", BOX)] == [True, False]
        done(run, "close", "win-100", "--now", "--yes")
        assert LAST not in card(client, address)  # there is no result yet
        done(run, "draw", "win-100")
        open_one(run, tmp_path, coming(), "win-200")
        shown = card(client, address)
        assert [words in shown for words in ("No draw is open now", LAST, NEXT, BOX)] == [True, True, True, True]
        assert '<time datetime="2027-01-04T14:00:00' in shown
        (winner,) = answer(run, "winners", "win-100")["winners"]
        assert f"Winning entry number: <strong>{winner['entry']}</strong>" in shown
        result = client.get("/draws/win-100")
        assert result.status_code == 200 and "Win $100" in result.text
    with time_machine.travel(datetime(2027, 1, 4, 14, 0, tzinfo=UTC), tick=False):
        assert "Win $200 – Register" in card(client, address)
