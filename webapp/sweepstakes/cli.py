"""`flask sweepstakes`: what an admin does with a campaign."""

import click
from flask import Flask


@click.group()
def sweepstakes() -> None:
    """Campaigns: check, create, open, close, draw, settle."""


def register(app: Flask) -> None:
    """Register the group."""
    app.cli.add_command(sweepstakes)
