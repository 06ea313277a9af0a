"""Room of the sample edition: something to read, a campaign to try, made-up people to draw from. All of it is marked."""

from flask import Flask

from webapp import commands

__all__ = ["fill_if_empty", "init_app"]


def init_app(app: Flask) -> None:
    """Register this room's command."""
    commands.add_lazily(app, {"demo": "webapp.demo.cli:demo"})


def fill_if_empty() -> None:
    """Put the sample edition into a database that holds nothing yet; `make run` calls it at every start."""
    from webapp.demo.filling import fill, is_empty

    if is_empty():
        fill()
