"""Room of the sample edition: something to read, a campaign to try, made-up people to draw from. All of it is marked."""

from flask import Flask

__all__ = ["fill_if_empty", "init_app"]


def init_app(app: Flask) -> None:
    """Register this room's command."""
    from webapp.demo import cli

    cli.register(app)


def fill_if_empty() -> None:
    """Put the sample edition into a database that holds nothing yet; `make run` calls it at every start."""
    from webapp.demo.filling import fill, is_empty

    if is_empty():
        fill()
