"""Pages about campaigns: /draws and what is under it."""

from flask import Blueprint, Flask

pages = Blueprint("draws", __name__)


def register(app: Flask) -> None:
    """Register the pages."""
    app.register_blueprint(pages)
