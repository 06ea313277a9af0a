"""`flask entrant export | rekey | purge`: the data of all entrants, taken out, sealed anew, or deleted when its time is over."""

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import click

from webapp import clock, console, csvs
from webapp.clock import stamp
from webapp.database import db, forget_deleted, writing
from webapp.keys import add_data_key
from webapp.mail import LetterUnderWay
from webapp.site import keyring, settings
from webapp.sweepstakes import entrants, purging, rekeying
from webapp.sweepstakes.commanding import refusals
from webapp.sweepstakes.entrants import Person
from webapp.sweepstakes.finding import find
from webapp.sweepstakes.wording import counted

COLUMNS = ("entry", "state", "source", "name", "email", "newsletter", "registered_at", "confirmed_at", "made_up", "disposable")


def facts_of(person: Person) -> dict[str, Any]:
    """An entrant as exports have it; moments in UTC."""
    known = {"entry": person.entry_index, "confirmed_at": stamp(person.confirmed_at) if person.confirmed_at else None}
    known |= {"registered_at": stamp(person.registered_at)}
    return {name: known[name] if name in known else getattr(person, name) for name in COLUMNS}


def write_csv(people: Iterable[Person]) -> None:
    """A line per person on standard output."""
    csvs.write(sys.stdout, COLUMNS, (list(facts_of(person).values()) for person in people))


@click.command()
@click.argument("campaign")
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values (the default).")
@click.option("--json", "as_json", is_flag=True, help="A JSON array.")
@click.option("--state", type=click.Choice(entrants.STATES), help="Only entrants in this state.")
def export(campaign: str, as_csv: bool, as_json: bool, state: str | None) -> None:
    """Write a campaign's entrants to standard output. Keep the file safe, and delete it in time: it is not encrypted.

    Example: flask entrant export win-100 --csv --state confirmed > entrants.csv
    """
    if as_csv and as_json:
        raise click.UsageError("Choose one: --csv or --json.")
    with refusals():
        find(db.session(), campaign)
        people = entrants.everybody(db.session(), campaign, state=state, limit=None, keys=keyring())
        if not as_json:
            write_csv(people)
        else:
            for text in _array(people):
                click.echo(text, nl=False)


def _array(people: Iterable[Person]) -> Iterator[str]:
    """A JSON array, an element at a time: there may be millions."""
    before = "[\n"
    for person in people:
        yield before + json.dumps(facts_of(person), ensure_ascii=False)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


@click.command()
@click.option("--new-key", is_flag=True, help="Add a data key first, under which everything is sealed from then on.")
@console.json_option
def rekey(new_key: bool, as_json: bool) -> None:
    """Seal all personal data anew under the newest data key. Can be broken off and begun again at any time.

    Example: flask entrant rekey --new-key
    """
    with refusals():
        if new_key:
            try:
                add_data_key(settings().keys)
            except FileExistsError as error:
                raise console.refuse(
                    "Another process is adding a key, or was killed at it: remove keys/.data.new, then try again."
                ) from error
        keys = keyring()
        resealed = 0
        # Until nothing is left: a form that was being stored when the key came may still have used the one before.
        while done := _pass(quiet=as_json):
            resealed += done
        forget_deleted(compact=resealed > 0)
    newest, older = next(reversed(keys.data)), list(keys.data)[:-1]
    spare = f" No row needs {', '.join(older)} any more; backups do." if older else ""
    console.say(
        f"{counted(resealed, 'row')} sealed anew; all are under {newest}.{spare} Back up the folder instance/keys again.",
        {"resealed": resealed, "key": newest, "older": older},
        as_json=as_json,
    )


def _pass(*, quiet: bool) -> int:
    looked, resealed = 0, 0
    with console.progress("Sealing", rekeying.total(db.session()), quiet=quiet) as progress:
        for page in rekeying.pages(db.session(), keys=keyring()):
            if page.rows:
                with writing() as session:
                    rekeying.store(session, page)
            resealed += len(page.rows)
            looked += page.read
            progress(looked)
    return resealed


@click.command()
@console.yes_option
@console.json_option
def purge(yes: bool, as_json: bool) -> None:
    """Say which data has been kept long enough; with --yes delete it.

    Example: flask entrant purge --yes
    """
    plan = [(step, purging.count(db.session(), step)) for step in purging.steps(db.session(), now=clock.now())]
    plan = [(step, number) for step, number in plan if number]
    if yes:
        try:
            for step, number in plan:
                _purge(step, number, quiet=as_json)
        except LetterUnderWay as error:
            raise console.refuse(str(error)) from error
        forget_deleted(compact=True)
    facts = [{"what": step.kept.what, "until": step.kept.ends, "campaign": step.campaign, "act": step.act, "rows": n} for step, n in plan]
    rows = [[f"{number:,}", step.act, step.campaign or "", f"{step.kept.what}: {step.kept.ends}"] for step, number in plan]
    table = console.table(["rows", "act", "campaign", "what was kept, and until when"], rows) if rows else "Nothing has been kept too long."
    then = ("\nDone." if yes else "\nNothing was deleted: `flask entrant purge --yes` does it.") if rows else ""
    console.say(table + then, {"done": yes, "steps": facts}, as_json=as_json)


def _purge(step: purging.Step, number: int, *, quiet: bool) -> None:
    done = 0
    with console.progress(step.kept.what[:40], number, quiet=quiet) as progress:
        while True:
            with writing() as session:
                some = purging.purge_some(session, step, outbox=settings().instance / "outbox", now=clock.now())
            if not some:
                return
            done += some
            progress(done)


COMMANDS = (export, rekey, purge)
