"""What this room registers for entrants who are in: their own page, the ways out, and the commands for the same."""

from flask import Flask

from webapp.sweepstakes import data_cli, entry_cli, leaving_cli, leaving_views, link_views, own_views, unsubscribe_views


def register(app: Flask) -> None:
    """Register the pages behind an entrant's link, and the rest of `flask entrant`."""
    for views in (link_views, own_views, leaving_views, unsubscribe_views):
        app.register_blueprint(views.pages)
    for command in (*leaving_cli.COMMANDS, *data_cli.COMMANDS):
        entry_cli.entrant.add_command(command)
