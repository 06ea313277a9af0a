"""Campaigns and the people who enter them: from a TOML file to winners, on the command line and on /draws."""

from flask import Flask

from webapp.sweepstakes.reading import current_campaign

__all__ = ["current_campaign", "init_app"]


def init_app(app: Flask) -> None:
    """Register this room's pages, commands and template globals."""
    from webapp.sweepstakes import cli, entry, views

    cli.register(app)
    views.register(app)
    entry.register(app)
