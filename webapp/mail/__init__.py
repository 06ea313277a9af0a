"""Room of the mail: an outbox of letters owed, and the sender that writes them at the moment they go out."""

from flask import Flask

from webapp.mail.letters import Attachment, Button, Fixed, Letter, Paragraph, register_letter
from webapp.mail.owing import owe
from webapp.mail.rounds import on_round

__all__ = ["Attachment", "Button", "Fixed", "Letter", "Paragraph", "init_app", "on_round", "owe", "register_letter"]


def init_app(app: Flask) -> None:
    """Register this room's commands."""
    from webapp.mail import cli, models  # noqa: F401

    cli.register(app)
