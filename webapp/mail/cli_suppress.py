"""`flask mail suppress | unsuppress | suppressed`: who gets no mail from us."""

import click
from flask import current_app

from webapp import clock, console
from webapp.database import db, writing
from webapp.mail.registered import mailbox_key
from webapp.mail.suppressing import REASONS, NotAnAddress, Reason, count_suppressed, unsuppress
from webapp.mail.suppressing import suppress as add


def _key(address: str) -> bytes:
    try:
        return mailbox_key(current_app)(address)
    except NotAnAddress as error:
        raise console.refuse(f"{address!r}: {error}") from error


@click.command()
@click.argument("address")
@click.option("--reason", type=click.Choice(REASONS), required=True, help="unsubscribed keeps back marketing only, the others everything.")
@console.json_option
def suppress(address: str, reason: Reason, as_json: bool) -> None:
    """Send no more mail to ADDRESS, in whatever spelling. Only a keyed hash of it is kept.

    Example: flask mail suppress reader@example.com --reason complaint
    """
    key = _key(address)
    with writing() as session:
        new = add(session, key, reason, now=clock.now())
    words = "It gets no more mail." if reason != "unsubscribed" else "It gets no more marketing mail."
    console.say(words if new else "It is on the list already.", {"added": new, "reason": reason}, as_json=as_json)


@click.command()
@click.argument("address")
@console.json_option
def unsuppress_(address: str, as_json: bool) -> None:
    """Send mail to ADDRESS again, whatever kept it back.

    Example: flask mail unsuppress reader@example.com
    """
    key = _key(address)
    with writing() as session:
        gone = unsuppress(session, key)
    if not gone:
        raise console.refuse("This address is not on the list. `flask mail suppressed` counts who is.")
    console.say("It gets mail again. Letters dropped meanwhile stay dropped.", {"removed": True}, as_json=as_json)


@click.command()
@console.json_option
def suppressed(as_json: bool) -> None:
    """Count the addresses that get no mail. Which they are, nobody can read.

    Example: flask mail suppressed
    """
    counts = count_suppressed(db.session())
    table = console.table(["reason", "addresses"], [[reason, f"{number:,}"] for reason, number in counts.items()])
    console.say(table, counts, as_json=as_json)


COMMANDS = {"suppress": suppress, "unsuppress": unsuppress_, "suppressed": suppressed}
