"""Room for running the site: installing it, watching it, keeping it."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register this room's commands."""
    from webapp.ops import cli

    cli.register(app)
