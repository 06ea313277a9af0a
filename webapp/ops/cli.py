"""Commands that look after the installation."""

from dataclasses import asdict

import click
from flask import current_app

from webapp import clock, console
from webapp.mail import Tally, send_what_is_due
from webapp.ops import ticked as remembered
from webapp.ops import ticking
from webapp.ops.installing import NoPlace, install
from webapp.site import settings


@click.command()
@console.json_option
def init(as_json: bool) -> None:
    """Make database, folders and keys; safe to repeat.

    Example: flask init
    """
    wrong = [str(fault) for fault in current_app.extensions["faults"] if fault.name in {"DATABASE_URL", "DATABASE_URL_FILE"}]
    if wrong:
        raise console.refuse(*wrong)
    try:
        done = install(settings())
    except NoPlace as error:
        raise console.refuse(str(error)) from error
    keys = f"New keys: {', '.join(done.keys)}. Back them up apart from the database." if done.keys else "Keys: all there."
    moved = f"at {done.after}" if done.before == done.after else f"brought from {done.before or 'nothing'} to {done.after}"
    facts = {"instance": settings().instance, "keys": done.keys, "before": done.before, "after": done.after}
    console.say(f"Instance folder: {settings().instance}\n{keys}\nDatabase: {moved}.", facts, as_json=as_json)


@click.command()
@console.json_option
@click.pass_context
def tick(context: click.Context, as_json: bool) -> None:
    """Do whatever is due: seal, fetch the beacon and draw, remind winners, send mail; tell which claims are overdue.

    With PURGE=on it also deletes what was kept long enough (`flask entrant purge` says what that is).

    It opens, forfeits and voids nothing. `flask mail send --loop` ticks each minute; without it, let cron do so.

    Example: flask tick
    """
    ticked = ticking.tick(now=clock.now(), quiet=as_json)
    mail, mail_problem = _mail()
    lines = [f"{done.campaign}: {done.words}" for done in ticked.did]
    lines += [f"{problem.campaign}: FAILED. {problem.words}" for problem in ticked.problems]
    lines += [f"Mail: FAILED. {mail_problem}"] if mail_problem else [f"Mail: {mail.sent} sent."] if mail and mail.sent else []
    facts = remembered.facts(ticked) | {"mail": asdict(mail) if mail else None, "mail_problem": mail_problem}
    console.say("\n".join(lines) or "Nothing was due.", facts, as_json=as_json)
    if ticked.problems or mail_problem:
        context.exit(1)


def _mail() -> tuple[Tally | None, str | None]:
    try:
        return send_what_is_due(), None
    except click.ClickException as error:
        return None, error.message
