"""`flask entrant withdraw | exclude | erase | unsubscribe`: out of the draw, the database, the newsletter."""

from collections.abc import Callable
from typing import Any

import click

from webapp import clock, console
from webapp.database import db, forget_deleted, writing
from webapp.mail import LetterUnderWay
from webapp.site import keyring, settings
from webapp.sweepstakes import entrants
from webapp.sweepstakes.addresses import AddressRefused, read_address
from webapp.sweepstakes.commanding import actor, refusals
from webapp.sweepstakes.consents import newsletter
from webapp.sweepstakes.entrant_links import log_key
from webapp.sweepstakes.entrants import NoSuchEntrant, Person
from webapp.sweepstakes.erasing import erase as erase_person
from webapp.sweepstakes.finding import SLUG, find, find_opened
from webapp.sweepstakes.holding import everywhere
from webapp.sweepstakes.sealed import EMAIL_KEY
from webapp.sweepstakes.subscribing import unsubscribe_address
from webapp.sweepstakes.withdrawing import AT_WISH
from webapp.sweepstakes.withdrawing import exclude as exclude_entry
from webapp.sweepstakes.withdrawing import withdraw as withdraw_entry
from webapp.sweepstakes.wording import counted, in_words


def _who(command: Callable[..., None]) -> Callable[..., None]:
    """The two ways to name an entrant."""
    by_entry = click.option("--entry", type=click.IntRange(1), help="The entry number.")
    by_email = click.option("--email", help="The e-mail address, in any spelling.")
    return by_email(by_entry(command))


def _find(campaign: str, email: str | None, entry: int | None) -> Person:
    if (email is None) == (entry is None):
        raise click.UsageError("Name the entrant by --email or by --entry.")
    if email is not None and not email.strip():
        raise click.UsageError("--email must not be empty.")
    find(db.session(), campaign)
    try:
        if entry is not None:
            return entrants.by_entry(db.session(), campaign, entry, keys=keyring())
        return entrants.by_address(db.session(), campaign, read_address(email or "").canonical, keys=keyring())
    except AddressRefused as error:
        raise console.refuse(f"{email!r}: {error.sentence}") from error
    except NoSuchEntrant as error:
        raise console.refuse(f"Nobody in {campaign} has the entry number or address {entry or email}.") from error


def _named(person: Person) -> str:
    number = "a registration that was not confirmed" if person.entry_index is None else f"entry {person.entry_index:,}"
    return f"{number} of {person.contest.slug}" + (f" ({person.email})" if person.email else "")


def _code(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not SLUG.fullmatch(value):
        raise click.BadParameter("a code of a–z, 0–9, _ and -, never free text: it becomes public. For example duplicate, staff.")
    return value


@click.command()
@click.argument("campaign")
@_who
@click.option("--reason", default=AT_WISH, show_default=True, callback=_code, help="A code; it becomes public.")
@console.yes_option
@console.json_option
def withdraw(campaign: str, *, email: str | None, entry: int | None, reason: str, yes: bool, as_json: bool) -> None:
    """Take an entry out of the draw at its owner's wish, before the seal. The data stays until it is erased or purged.

    Example: flask entrant withdraw win-100 --email reader@example.com
    """
    with refusals():
        person = _find(campaign, email, entry)
        console.ask(f"Withdraw {_named(person)}? It cannot be taken back.", yes=yes)
        key = log_key(db.session(), campaign)
        with writing() as session:
            withdraw_entry(session, campaign, person.id, key=key, reason=reason, actor=actor(), now=clock.now())
    facts: dict[str, Any] = {"campaign": campaign, "entry": person.entry_index, "state": "withdrawn", "reason": reason}
    console.say(f"Withdrawn: {_named(person)}.", facts, as_json=as_json)


@click.command()
@click.argument("campaign")
@click.option("--entry", type=click.IntRange(1), required=True, help="The entry number.")
@click.option("--reason", required=True, callback=_code, help="A code such as duplicate, staff, automated; it becomes public.")
@console.yes_option
@console.json_option
def exclude(campaign: str, *, entry: int, reason: str, yes: bool, as_json: bool) -> None:
    """Exclude an entry that breaks the rules; its owner is told by mail. Possible until 48 hours before the seal.

    Example: flask entrant exclude win-100 --entry 4211 --reason duplicate
    """
    with refusals():
        find_opened(db.session(), campaign)
        person = _find(campaign, None, entry)
        console.ask(f"Exclude {_named(person)}: {in_words(reason)}? It cannot be taken back.", yes=yes)
        key = log_key(db.session(), campaign)
        with writing() as session:
            exclude_entry(session, campaign, entry, key=key, reason=reason, actor=actor(), now=clock.now())
    facts = {"campaign": campaign, "entry": entry, "state": "excluded", "reason": reason}
    console.say(f"Excluded: {_named(person)}. The letter that says so goes out with the next mail.", facts, as_json=as_json)


@click.command()
@click.argument("campaign")
@_who
@click.option("--even-paid", is_flag=True, help="Even a winner who was paid, whose record the law asks to keep.")
@console.yes_option
@console.json_option
def erase(campaign: str, *, email: str | None, entry: int | None, even_paid: bool, yes: bool, as_json: bool) -> None:
    """Erase a person from a campaign: name, address, receipt, letters, consents, claim. The public log stays as it is.

    Before the seal the entry is withdrawn first; a prize that was not paid goes to the next in line. The newsletter ends, too.

    Example: flask entrant erase win-100 --email reader@example.com --yes
    """
    with refusals():
        person = _find(campaign, email, entry)
        if person.email is None:
            facts: dict[str, Any] = {"campaign": campaign, "entry": person.entry_index, "rows": 0, "also_in": []}
            console.say(f"Nothing to erase: {_named(person)} was erased before.", facts, as_json=as_json)
            return
        others = sorted({one.contest.slug for one in everywhere(db.session(), person, keys=keyring())} - {campaign})
        console.ask(f"Erase the person of {_named(person)}? Nothing brings it back but an older backup.", yes=yes)
        outbox, box = settings().instance / "outbox", newsletter(settings().site_name)
        given: dict[str, Any] = {"key": log_key(db.session(), campaign), "words": box, "outbox": outbox}
        try:
            with writing() as session:
                rows = erase_person(session, campaign, person.id, **given, even_paid=even_paid, actor=actor(), now=clock.now())
        except LetterUnderWay as error:
            raise console.refuse(str(error)) from error
        forget_deleted(compact=True)
    more = f" The same address is also in {', '.join(others)}." if others else ""
    facts = {"campaign": campaign, "entry": person.entry_index, "rows": rows, "also_in": others}
    words = f"Erased: {counted(rows, 'row')} of {campaign}. Backups and exports made before still hold them.{more}"
    console.say(words, facts, as_json=as_json)


@click.command()
@click.argument("email")
@console.yes_option
@console.json_option
def unsubscribe(email: str, yes: bool, as_json: bool) -> None:
    """End the newsletter for an address, in any spelling. Who asked for it alone is deleted with it; entries stay as they are.

    Example: flask entrant unsubscribe reader@example.com
    """
    try:
        key = keyring().blind(EMAIL_KEY, read_address(email).canonical)
    except AddressRefused as error:
        raise console.refuse(f"{email!r}: {error.sentence}") from error
    console.ask(f"End the newsletter for {email}? Only its reader can ask for it again.", yes=yes)
    outbox, box = settings().instance / "outbox", newsletter(settings().site_name)
    with refusals():
        try:
            with writing() as session:
                ended = unsubscribe_address(session, key, box, source="admin", outbox=outbox, now=clock.now())
        except LetterUnderWay as error:
            raise console.refuse(str(error)) from error
        if ended:
            forget_deleted(compact=True)
    words = f"Ended: {email} gets no newsletter any more." if ended else f"Nothing to end: {email} gets no newsletter."
    console.say(words, {"email": email, "ended": ended}, as_json=as_json)


COMMANDS = (withdraw, exclude, erase, unsubscribe)
