"""Room: draw."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register this room's pages, commands and template globals."""
    from webapp.draw import models  # noqa: F401
