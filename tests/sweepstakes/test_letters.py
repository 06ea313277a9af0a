"""Every letter, word for word as it was last read by a person: text and HTML in the folder letters/ beside this file.

After a change on purpose: `python -m tests.sweepstakes.test_letters` writes them anew; read the difference.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path

import pytest

from webapp.draw import Beacon, LogStatus, OpenTerms, Ranked, Result, Sealed, Winner
from webapp.mail import Button, Fixed, Letter
from webapp.mail.composing import Sender, compose
from webapp.sweepstakes.draw_letters import WonFacts, not_this_time_letter, reminder_letter, sealed_letter, won_letter
from webapp.sweepstakes.entrants import Contest, Person
from webapp.sweepstakes.letter_kinds import ENTRANT_LETTERS, SUBSCRIBER_LETTERS
from webapp.sweepstakes.letters import (
    Links,
    already_in_letter,
    confirm_letter,
    excluded_letter,
    subscription_letter,
    you_are_in_letter,
    your_link_letter,
)

FOLDER = Path(__file__).parent / "letters"
CLOSES = datetime(2026, 12, 21, 4, 59, tzinfo=UTC)
SEALS, DRAWS = CLOSES + timedelta(days=5), CLOSES + timedelta(days=6)
SITE = "https://news.example"
SENDER = Sender(
    name="The Daily Draw",
    address="The Daily Draw <no-reply@news.example>",
    envelope="bounces@news.example",
    host="news.example",
    site_url=SITE,
    postal_address="The Daily Draw Publishing Co.\n1 Main Street\nSpringfield, NY 10001",
    contact="help@news.example",
)
CONTEST = Contest(
    id=1,
    slug="win-100",
    state="open",
    title="Win $100",
    prize="One hundred US dollars",
    timezone="America/New_York",
    closes_at=CLOSES,
    confirm_until=CLOSES + timedelta(hours=48),
    seals_at=SEALS,
    draws_at=DRAWS,
    minimum_age=18,
    eligibility="the fifty United States",
)
# A name that would be markup, a formula and a placeholder, if anything took it for that.
NAME = 'Ada "<b>" O\'Reader & {{7*7}}'
ADA = Person(
    id=7,
    state="confirmed",
    source="form",
    name=NAME,
    email="ada@example.com",
    newsletter=True,
    registered_at=CLOSES,
    confirmed_at=CLOSES,
    entry_index=1234,
    nonce=bytes(32),
    token_counter=0,
    made_up=False,
    disposable=False,
    contest=CONTEST,
)
LINKS = Links(
    confirm=f"{SITE}/confirm/{'c' * 40}",
    own=f"{SITE}/entry/{'e' * 40}",
    draw=f"{SITE}/draws/win-100",
    rules=f"{SITE}/draws/win-100/rules",
    verify=f"{SITE}/draws/verify",
)
RECEIPT = "open-draw receipt\nentry 1234\n" + "A" * 76 + "\n"
SEALED = Sealed(
    at=SEALS,
    size=2045,
    root=bytes(range(32)),
    entries=2042,
    eligible=2041,
    late=False,
    reason=None,
    draws_at=DRAWS,
    round=15_000_000,
    checkpoint=f"news.example/win-100\n2045\n{'R' * 44}\n\n— news.example/win-100 {'s' * 92}\n",
)
WINNER = Winner(rank=1, index=1234, state="drawn", offered_at=DRAWS, answer_by=DRAWS + timedelta(days=14))
LOG = LogStatus(
    name="win-100",
    origin="news.example/win-100",
    vkey=f"news.example/win-100+01234567+{'k' * 44}",
    size=2046,
    entries=2042,
    removed=1,
    checkpoint=SEALED.checkpoint,
    terms=OpenTerms(
        campaign="win-100",
        origin="news.example/win-100",
        rules_sha256="0" * 64,
        opens_at=CLOSES - timedelta(days=30),
        closes_at=CLOSES,
        seals_at=SEALS,
        draws_at=DRAWS,
        winners=1,
        alternates=2,
        claim_days=14,
        beacon={"kind": "drand", "round": 1},
    ),
    beacon={"kind": "drand", "round": 15_000_000},
    sealed=SEALED,
    result=Result(
        at=DRAWS,
        beacon=Beacon(kind="drand", round=15_000_000, value=bytes(48)),
        ranking=(Ranked(1, 99, bytes(32)),),
        checkpoint="",
    ),
    steps=(),
    void=None,
    winners=(replace(WINNER, index=99),),
    not_awarded=0,
)
WON = WonFacts(person=ADA, winner=WINNER, links=LINKS, claim=f"{SITE}/claim/{'p' * 40}", operator_trusted=False)
NEWSLETTER, SINCE = f"{SITE}/newsletter/{'n' * 40}", "Tuesday 1 December 2026, 07:00 EST"
PENDING = ADA._replace(state="pending", entry_index=None)

LETTERS: dict[str, Callable[[], Letter]] = {
    "confirm": lambda: confirm_letter(PENDING, LINKS, site_name="The Daily Draw"),
    "already_in": lambda: already_in_letter(ADA, LINKS, site_name="The Daily Draw"),
    "you_are_in": lambda: you_are_in_letter(ADA, LINKS, receipt=RECEIPT),
    "your_link": lambda: your_link_letter(ADA, [(ADA, LINKS), (PENDING, LINKS)], site_name="The Daily Draw"),
    "excluded": lambda: excluded_letter(ADA, LINKS, reason="duplicate-person"),
    "sealed": lambda: sealed_letter(ADA, LOG, SEALED, LINKS, receipt=RECEIPT),
    "won": lambda: won_letter(WON),
    "reminder": lambda: reminder_letter(WON),
    "not_this_time": lambda: not_this_time_letter(ADA, LOG, LINKS),
    "subscription": lambda: subscription_letter("ada@example.com", NEWSLETTER, since=None, site_name="The Daily Draw"),
    "your_subscription": lambda: subscription_letter("ada@example.com", NEWSLETTER, since=SINCE, site_name="The Daily Draw"),
}


def message(kind: str) -> EmailMessage:
    return compose(LETTERS[kind](), SENDER, message_id="f" * 32, now=CLOSES)


def part(kind: str, subtype: str) -> str:
    body = message(kind).get_body((subtype,))
    assert body is not None
    return str(body.get_content())


def files(kind: str) -> dict[Path, str]:
    """What the letter's files should hold."""
    subject = f"Subject: {message(kind)['Subject']}\n\n"
    return {FOLDER / f"{kind}.txt": subject + part(kind, "plain"), FOLDER / f"{kind}.html": part(kind, "html")}


class Seen(HTMLParser):
    """The elements and addresses of a page, and its words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.addresses: list[str] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"href", "src", "background", "action", "srcset"}]
        assert not any(name.startswith("on") or "url(" in (value or "") for name, value in attrs)

    def handle_data(self, data: str) -> None:
        self.words += data


def test_there_is_a_letter_here_of_each_kind() -> None:
    assert set(LETTERS) == ENTRANT_LETTERS | SUBSCRIBER_LETTERS
    assert {path.stem for path in FOLDER.iterdir()} == set(LETTERS)


@pytest.mark.parametrize("kind", list(LETTERS))
def test_a_letter_says_what_it_said_when_it_was_last_read(kind: str) -> None:
    for path, content in files(kind).items():
        assert content == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", list(LETTERS))
def test_the_text_reads_in_any_window_and_ends_with_who_and_where_we_are(kind: str) -> None:
    text, letter = part(kind, "plain"), LETTERS[kind]()
    as_it_is = {line for fixed in letter.parts if isinstance(fixed, Fixed) for line in fixed.text.splitlines()}
    as_it_is |= {button.url for button in letter.parts if isinstance(button, Button)}
    assert [line for line in text.splitlines() if len(line) > 78 and line not in as_it_is] == []
    foot = text.partition("\n-- \n")[2].splitlines()
    assert foot == [SENDER.name, SITE, *str(SENDER.postal_address).splitlines(), "Questions: help@news.example"]


@pytest.mark.parametrize("kind", list(LETTERS))
def test_the_html_escapes_says_the_same_and_fetches_nothing(kind: str) -> None:
    letter, seen = LETTERS[kind](), Seen(part(kind, "html"))
    assert seen.elements <= {"html", "head", "meta", "title", "body", "div", "p", "a", "pre", "br", "span"}
    assert all(address.startswith((f"{SITE}/", SITE, "mailto:help@news.example")) for address in seen.addresses)
    words = " ".join(seen.words.split())
    for said in letter.parts:
        for text in (said.label, said.url) if isinstance(said, Button) else (said.text,):
            assert " ".join(text.split()) in words
    for line in str(SENDER.postal_address).splitlines():
        assert line in words


@pytest.mark.parametrize("kind", list(LETTERS))
def test_links_carry_nothing_that_counts_who_opens_them(kind: str) -> None:
    for address in re.findall(r"https?://[^\s\"<>]+", part(kind, "plain") + part(kind, "html")):
        assert "?" not in address, address
        assert address.startswith(SITE)


@pytest.mark.parametrize("kind", list(LETTERS))
def test_the_headers_are_those_of_a_letter_that_was_asked_for(kind: str) -> None:
    sent = message(kind)
    assert sent["Auto-Submitted"] == "auto-generated"
    assert sent["Message-ID"] == f"<{'f' * 32}@news.example>"
    assert sent["Date"].datetime == CLOSES
    assert sent["To"] == "ada@example.com"
    assert sent.get_content_type() in {"multipart/alternative", "multipart/mixed"}
    # Each is caused by its reader's entry: none is marketing, and nobody can end them and miss that they won.
    assert "List-Unsubscribe" not in sent
    assert not LETTERS[kind]().marketing
    assert max(len(line) for line in sent.as_bytes().splitlines()) <= 998
    assert NAME not in str(sent["Subject"])


def test_before_an_address_is_confirmed_no_letter_repeats_the_name_that_was_typed() -> None:
    for kind in ("confirm", "already_in"):
        assert "Ada" not in part(kind, "plain") + part(kind, "html")


@pytest.mark.parametrize("kind", ["sealed", "won", "reminder", "not_this_time"])
def test_a_draw_that_its_operator_could_steer_says_so_in_every_letter(kind: str) -> None:
    assert "operator-trusted" not in part(kind, "plain")
    trusted = LOG._replace(terms=LOG.terms._replace(beacon={"kind": "operator"}))
    letter = {
        "sealed": lambda: sealed_letter(ADA, trusted, SEALED, LINKS, receipt=RECEIPT),
        "won": lambda: won_letter(replace(WON, operator_trusted=True)),
        "reminder": lambda: reminder_letter(replace(WON, operator_trusted=True)),
        "not_this_time": lambda: not_this_time_letter(ADA, trusted, LINKS),
    }[kind]()
    assert "operator-trusted" in str(compose(letter, SENDER, message_id="f", now=CLOSES).get_body(("plain",)))


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for one in LETTERS:
        for file, words in files(one).items():
            file.write_text(words, encoding="utf-8")
