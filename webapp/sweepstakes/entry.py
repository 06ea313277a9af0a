"""What this room registers for entrants: pages, commands, letters."""

from flask import Flask


def register(app: Flask) -> None:
    """Register the entrants' pages, commands and letters."""
