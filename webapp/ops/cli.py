"""Commands that look after the installation."""

import click
from flask import Flask

from webapp import console
from webapp.ops.installing import install
from webapp.site import settings


def register(app: Flask) -> None:
    app.cli.add_command(init)


@click.command()
@console.json_option
def init(as_json: bool) -> None:
    """Make database, folders and keys; safe to repeat.

    Example: flask init
    """
    done = install(settings())
    keys = f"New keys: {', '.join(done.keys)}. Back them up apart from the database." if done.keys else "Keys: all there."
    moved = f"at {done.after}" if done.before == done.after else f"brought from {done.before or 'nothing'} to {done.after}"
    facts = {"instance": settings().instance, "keys": done.keys, "before": done.before, "after": done.after}
    console.say(f"Instance folder: {settings().instance}\n{keys}\nDatabase: {moved}.", facts, as_json=as_json)
