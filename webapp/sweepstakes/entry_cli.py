"""`flask entrant`: who is in, and entries that come by mail."""

import secrets
import sys
from itertools import islice
from typing import Any

import click

from webapp import clock, console, csvs
from webapp.clock import stamp
from webapp.database import db, writing
from webapp.site import keyring, settings
from webapp.sweepstakes import data_cli, entrants, leaving_cli, review_cli
from webapp.sweepstakes.adding import add_card, prepare_card
from webapp.sweepstakes.addresses import Address, AddressRefused, read_address
from webapp.sweepstakes.commanding import actor, refusals
from webapp.sweepstakes.consents import Consented, agreement, consents_of, newsletter
from webapp.sweepstakes.entrant_links import log_key
from webapp.sweepstakes.entrants import NoSuchEntrant, Person
from webapp.sweepstakes.finding import find, find_opened
from webapp.sweepstakes.names import NameRefused, read_name
from webapp.sweepstakes.reading import current_campaign
from webapp.sweepstakes.subscribing import Reader, readers
from webapp.sweepstakes.unsubscribe_views import marketing_headers, unsubscribe_link

PROOF = ("consented_at", "consent_source", "consent_version", "consent_text")


@click.group()
def entrant() -> None:
    """Entrants: list, show, add from a mail-in card."""


for command in (*leaving_cli.COMMANDS, *data_cli.COMMANDS, review_cli.review):
    entrant.add_command(command)


@entrant.command("list")
@click.argument("campaign", required=False)
@click.option("--state", type=click.Choice(entrants.STATES), help="Only entrants in this state.")
@click.option("--limit", type=click.IntRange(1), help="At most so many; without --json 50 unless said.")
@click.option(
    "--newsletter",
    "only_readers",
    is_flag=True,
    help="Who confirmed that they want the newsletter, and still do; of all campaigns, or none.",
)
@click.option("--csv", "as_csv", is_flag=True, help="With --newsletter: CSV, with each reader's address to end it.")
@console.json_option
def list_(campaign: str | None, *, state: str | None, limit: int | None, only_readers: bool, as_csv: bool, as_json: bool) -> None:
    """List a campaign's entrants in the order of their registration, or the newsletter's readers.

    Without CAMPAIGN: those of the campaign that is open now (the one that closes first).

    Example: flask entrant list win-100 --state confirmed --json
    """
    if as_csv and not only_readers:
        raise click.UsageError("--csv goes with --newsletter; `flask entrant export` writes a campaign's entrants.")
    if limit is None and not as_json and not as_csv:
        limit = 50
    if only_readers:
        _list_readers(campaign, limit, as_csv=as_csv, as_json=as_json)
        return
    if campaign is None:
        current = current_campaign(db.session(), clock.now())
        if current is None:
            raise click.UsageError("No campaign is open now: name one, or ask for --newsletter.")
        campaign = current.slug
    with refusals():
        find(db.session(), campaign)
        people = list(entrants.everybody(db.session(), campaign, state=state, limit=limit, keys=keyring()))
        counts = entrants.count(db.session(), campaign)
    told = ", ".join(f"{number:,} {name}" for name, number in counts.items() if number) or "nobody yet"
    console.say(f"{_table(people)}{campaign}: {told}.", [_facts(person) for person in people], as_json=as_json)


def _list_readers(campaign: str | None, limit: int | None, *, as_csv: bool, as_json: bool) -> None:
    with refusals():
        if campaign is not None:
            find(db.session(), campaign)
        people = list(islice(readers(db.session(), campaign, keys=keyring()), limit))
    if as_csv:
        lines = ([*_basics(one).values(), unsubscribe_link(one.id, alone=one.alone), *_proof(one.consent)] for one in people)
        csvs.write(sys.stdout, ("email", "name", "campaign", "unsubscribe", *PROOF), lines)
        return
    facts = [_basics(one) | {"headers": marketing_headers(one.id, alone=one.alone), "consent": one.consent.facts} for one in people]
    rows = [[one.email, one.name or "", one.campaign or ""] for one in people]
    console.say(console.table(["e-mail", "name", "campaign"], rows) if rows else "Nobody reads the newsletter yet.", facts, as_json=as_json)


def _basics(reader: Reader) -> dict[str, str | None]:
    return {"email": reader.email, "name": reader.name, "campaign": reader.campaign}


def _proof(consent: Consented) -> list[str | int]:
    return [stamp(consent.at), consent.source, consent.version, consent.text]


def _table(people: list[Person]) -> str:
    if not people:
        return ""
    headings = ["entry", "state", "source", "registered", "name", "e-mail"]
    return console.table(headings, [_cells(person) for person in people]) + "\n"


def _cells(person: Person) -> list[str]:
    entry = "" if person.entry_index is None else str(person.entry_index)
    source = f"{person.source} (made up)" if person.made_up else person.source
    return [entry, person.state, source, stamp(person.registered_at), person.name or "", person.email or ""]


def _facts(person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "campaign": person.contest.slug,
        "entry": person.entry_index,
        "state": person.state,
        "source": person.source,
        "name": person.name,
        "email": person.email,
        "newsletter": person.newsletter,
        "registered_at": stamp(person.registered_at),
        "confirmed_at": stamp(person.confirmed_at) if person.confirmed_at else None,
        "made_up": person.made_up,
        "disposable": person.disposable,
    }


@entrant.command()
@click.argument("campaign")
@click.argument("who")
@console.json_option
def show(campaign: str, who: str, as_json: bool) -> None:
    """Show one entrant, with every consent on record. WHO is an entry number or an e-mail address, in any spelling.

    Example: flask entrant show win-100 reader@example.com
    """
    with refusals():
        find(db.session(), campaign)
        person = _one(campaign, who)
    facts = _facts(person)
    agreed = consents_of(db.session(), person.id)
    words = [f"{name.replace('_', ' ')}: {'' if value is None else value}" for name, value in facts.items()]
    words += [_consent(consent) for consent in agreed]
    console.say("\n".join(words), facts | {"consents": [consent.facts for consent in agreed]}, as_json=as_json)


def _consent(consent: Consented) -> str:
    which = "agreed to" if consent.given else "taken back"
    return f"{stamp(consent.at)} {which} by {consent.source}, wording {consent.version}: {consent.text}"


def _one(campaign: str, who: str) -> Person:
    try:
        if not who.strip():
            raise click.UsageError("WHO is an entry number or an e-mail address, and must not be empty.")
        if who.isascii() and who.isdigit() and len(who) < 19:
            return entrants.by_entry(db.session(), campaign, int(who), keys=keyring())
        return entrants.by_address(db.session(), campaign, _address(who).canonical, keys=keyring())
    except NoSuchEntrant as error:
        raise console.refuse(f"Nobody in {campaign} has the entry number or address {who}. `flask entrant list {campaign}`") from error


def _address(typed: str) -> Address:
    if not typed.strip():
        raise click.UsageError("An e-mail address must not be empty.")
    try:
        return read_address(typed)
    except AddressRefused as error:
        raise console.refuse(f"{typed!r}: {error.sentence}") from error


@entrant.command()
@click.argument("campaign")
@click.option("--mail-in", is_flag=True, required=True, expose_value=False, help="It came on a card, as the rules allow.")
@click.option("--name", required=True, help="The name on the card.")
@click.option("--email", required=True, help="The e-mail address on the card: entry number and receipt go there.")
@click.option("--newsletter", "wants_newsletter", is_flag=True, help="The card asks for the newsletter.")
@console.json_option
def add(campaign: str, *, name: str, email: str, wants_newsletter: bool, as_json: bool) -> None:
    """Enter a mail-in card: confirmed at once, with the same chance as every other entry.

    Example: flask entrant add win-100 --mail-in --name "Ada Reader" --email ada@example.com
    """
    address = _address(email)
    if not name.strip():
        raise click.UsageError("--name must not be empty.")
    try:
        person = read_name(name)
    except NameRefused as error:
        raise console.refuse(f"{name!r}: {error.sentence}") from error
    with refusals():
        contest = find_opened(db.session(), campaign)
        words = (agreement(contest.minimum_age, contest.eligibility), newsletter(settings().site_name))
        consents = words if wants_newsletter else words[:1]
        key = log_key(db.session(), campaign)
        card = prepare_card(campaign, person, address, consents, nonce=secrets.token_bytes(32), keys=keyring())
        with writing() as session:
            index = add_card(session, key, campaign, card, actor=actor(), now=clock.now())
    facts = {"campaign": campaign, "entry": index, "email": address.email}
    console.say(f"Entered as number {index} in {campaign}. The receipt goes to {address.email} with the next mail.", facts, as_json=as_json)
