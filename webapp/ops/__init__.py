"""Room for running the site: installing it, watching it, keeping it."""

from typing import TYPE_CHECKING

from flask import Flask, current_app

from webapp import commands
from webapp.doors import lazily
from webapp.mail import on_round

if TYPE_CHECKING:
    from webapp.ops.installing import install
    from webapp.ops.ticked import Ticked, last_tick
    from webapp.ops.ticking import tick
else:
    __getattr__ = lazily(
        __name__,
        installing="install",
        ticked="Ticked last_tick",
        ticking="tick",
    )

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
    from webapp.ops import views

    app.register_blueprint(views.blueprint)
    commands.add_lazily(app, COMMANDS)
    on_round(app, _tick_if_due)


def _tick_if_due() -> None:
    """Once a minute, in the loop of `flask mail send`."""
    from webapp.ops.ticking import every_minute

    if "tick_if_due" not in current_app.extensions:
        current_app.extensions["tick_if_due"] = every_minute()
    current_app.extensions["tick_if_due"]()
