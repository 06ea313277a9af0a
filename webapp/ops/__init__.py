"""Room for running the site: installing it, watching it, keeping it."""

from flask import Flask

from webapp.ops.installing import install
from webapp.ops.ticking import Ticked, last_tick, tick

__all__ = ["Ticked", "init_app", "install", "last_tick", "tick"]


def init_app(app: Flask) -> None:
    """Register this room's pages and commands."""
    from webapp.ops import cli, views

    app.register_blueprint(views.blueprint)
    cli.register(app)
