"""`flask sweepstakes`: from a file to an open campaign, and the lists. What ends a campaign is in cli_draw and cli_settle."""

from hashlib import sha256
from pathlib import Path
from secrets import token_bytes

import click

from webapp import clock, console
from webapp.clock import stamp
from webapp.database import db, writing
from webapp.site import keyring
from webapp.sweepstakes import cli_draw, cli_record, cli_settle, cli_stats, commanding, telling
from webapp.sweepstakes.creating import BEACON_SECRET, beacon_terms
from webapp.sweepstakes.creating import create as create_campaign
from webapp.sweepstakes.describing import LONGEST_FILE, Description, FaultyDescription, describe
from webapp.sweepstakes.finding import find
from webapp.sweepstakes.opening import NotADraft, open_campaign
from webapp.sweepstakes.plans import plan_of_draft, plan_of_file
from webapp.sweepstakes.reading import all_views
from webapp.sweepstakes.remarks import remarks
from webapp.sweepstakes.rules import official_rules

file_argument = click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))


@click.group()
def sweepstakes() -> None:
    """Campaigns: check, create, open, close, draw, settle."""


for command in (*cli_draw.COMMANDS, *cli_record.COMMANDS, *cli_settle.COMMANDS, *cli_stats.COMMANDS):
    sweepstakes.add_command(command)


def _read(file: Path) -> Description:
    """The description in the file; refuses with every fault on its line."""
    try:
        with file.open("rb") as source:
            return describe(source.read(LONGEST_FILE + 1), now=clock.now())
    except OSError as error:
        raise console.refuse(f"{file} cannot be read: {error.strerror}.") from error
    except FaultyDescription as error:
        raise console.refuse(f"{file} cannot become a campaign:", *(str(fault) for fault in error.faults)) from error


@sweepstakes.command()
@file_argument
@console.json_option
def check(file: Path, as_json: bool) -> None:
    """Say everything that is wrong with a campaign's FILE, or how it was understood and what to look at. Changes nothing.

    Example: flask sweepstakes check docs/campaign.example.toml
    """
    said = _read(file)
    found = remarks(plan_of_file(said, now=clock.now()))
    moments = ("opens_at", "closes_at", "confirm_until", "seals_at", "draws_at")
    facts = vars(said) | {name: stamp(getattr(said, name)) for name in moments} | telling.remarks_facts(found)
    words = [telling.described(said), *telling.remarked(found), f"Nothing is wrong with {file}."]
    console.say("\n\n".join(words), facts, as_json=as_json)


@sweepstakes.command()
@file_argument
@click.option("--replace", is_flag=True, help="Write over a draft of the same slug.")
@console.json_option
def create(file: Path, replace: bool, as_json: bool) -> None:
    """Make a draft from a campaign's FILE. Nobody sees it until it is opened.

    Example: flask sweepstakes create win-100.toml
    """
    said = _read(file)
    with commanding.refusals():
        secret = token_bytes(32) if said.beacon == "operator" else b""
        sealed = keyring().seal(BEACON_SECRET, secret.hex()) if secret else None
        beacon = beacon_terms(said, secret)
        commanding.new_key(said.slug)
        with writing() as session:
            create_campaign(session, said, beacon=beacon, sealed_secret=sealed, actor=commanding.actor(), now=clock.now(), replace=replace)
        seen = commanding.look(said.slug)
    after = (
        f"Made the draft {said.slug}. Read its rules: flask sweepstakes show {said.slug} --rules\nThen: flask sweepstakes open {said.slug}"
    )
    console.say(f"{telling.described(said)}\n\n{after}", telling.facts(seen), as_json=as_json)


@sweepstakes.command()
@click.argument("slug")
@console.yes_option
@console.json_option
def open(slug: str, yes: bool, as_json: bool) -> None:
    """Approve the draft SLUG for good: freeze its rules, begin its log, take entries from opens_at on.

    Example: flask sweepstakes open win-100 --yes
    """
    with commanding.refusals():
        campaign = find(db.session(), slug)
        if campaign.state != "draft":
            raise NotADraft(slug, campaign.state)
        found = remarks(plan_of_draft(campaign, now=clock.now()))
        for words in telling.remarked(found):
            click.echo(f"{words}\n", err=True)
        console.ask(f"Open {campaign.title} ({slug})? Nothing that its rules state can be changed after this.", yes=yes)
        key = commanding.new_key(slug)
        with writing() as session:
            open_campaign(session, slug, key=key, publisher=commanding.publisher(), actor=commanding.actor(), now=clock.now())
        seen = commanding.look(slug)
    assert seen.campaign.rules is not None  # noqa: S101 - opening wrote them
    digest = sha256(seen.campaign.rules.encode()).hexdigest()
    words = f"{telling.shown(seen)}\n\nOpened. SHA-256 of its rules: {digest}"
    console.say(words, telling.facts(seen) | telling.remarks_facts(found), as_json=as_json)


@sweepstakes.command("list")
@console.json_option
def list_campaigns(as_json: bool) -> None:
    """All campaigns, drafts too.

    Example: flask sweepstakes list
    """
    views = all_views(db.session(), clock.now(), drafts=True)
    rows = [
        [
            seen.campaign.slug,
            seen.label + (", operator-trusted" if seen.operator_trusted else ""),
            seen.value,
            seen.when(seen.campaign.closes_at),
            f"{seen.log.eligible:,}" if seen.log else "–",
            ", ".join(f"{entry:,}" for entry in seen.winning_entries) or "–",
        ]
        for seen in views
    ]
    words = console.table(["slug", "state", "prize", "closes", "eligible", "winning entry"], rows) if rows else "No campaign yet."
    console.say(words, [telling.facts(seen) for seen in views], as_json=as_json)


@sweepstakes.command()
@click.argument("slug")
@click.option("--rules", is_flag=True, help="Print the official rules: as frozen, or of a draft as they would be.")
@console.json_option
def show(slug: str, rules: bool, as_json: bool) -> None:
    """One campaign: its state, times, entries, seal and log.

    Example: flask sweepstakes show win-100
    """
    with commanding.refusals():
        seen = commanding.look(slug)
        text = _rules(slug) if rules else None
    if text is not None:
        console.say(text.rstrip("\n"), {"slug": slug, "frozen": seen.campaign.state != "draft", "rules": text}, as_json=as_json)
        return
    console.say(telling.shown(seen), telling.facts(seen), as_json=as_json)


def _rules(slug: str) -> str:
    campaign = find(db.session(), slug)
    if campaign.rules is not None:
        return campaign.rules
    key = commanding.new_key(slug)
    return official_rules(campaign, commanding.publisher(), origin=key.origin, vkey=key.vkey)
