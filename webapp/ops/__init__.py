"""Room for running the site: installing it, watching it, keeping it."""

from flask import Flask

from webapp.ops.installing import install

__all__ = ["init_app", "install"]


def init_app(app: Flask) -> None:
    """Register this room's commands."""
    from webapp.ops import cli

    cli.register(app)
