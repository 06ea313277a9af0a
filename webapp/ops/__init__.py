"""Room for running the site: installing it, watching it, keeping it."""

from flask import Flask

from webapp import commands
from webapp.mail import on_round
from webapp.ops.installing import install
from webapp.ops.ticking import Ticked, last_tick, tick

__all__ = ["Ticked", "init_app", "install", "last_tick", "tick"]

COMMANDS = {
    "init": "webapp.ops.cli:init",
    "tick": "webapp.ops.cli:tick",
    "doctor": "webapp.ops.cli_doctor:doctor",
    "backup": "webapp.ops.cli_keep:backup",
    "restore": "webapp.ops.cli_keep:restore",
    "copy-to": "webapp.ops.cli_keep:copy_to",
}


def init_app(app: Flask) -> None:
    """Register this room's pages and commands."""
    from webapp.ops import ticking, views

    app.register_blueprint(views.blueprint)
    commands.add_lazily(app, COMMANDS)
    on_round(app, ticking.every_minute())
