"""Room: demo."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register this room's commands."""
