"""Room of the mail: an outbox of letters owed, and the sender that writes them at the moment they go out."""

from typing import TYPE_CHECKING

from flask import Flask

from webapp import commands
from webapp.doors import lazily

if TYPE_CHECKING:
    from webapp.mail.forgetting import LetterUnderWay, forget, written_about
    from webapp.mail.handing import mail_server_problem
    from webapp.mail.letters import Attachment, Button, Fixed, Letter, Paragraph, Part
    from webapp.mail.looking import Queue, Row, Sent, about, count_by_kind, queue_state, sent_about
    from webapp.mail.owing import insert_letter, letter_values, owe, owe_all
    from webapp.mail.registered import (
        before_mail,
        on_round,
        register_addressee,
        register_letter,
        register_mailbox_key,
        register_mailing,
    )
    from webapp.mail.rounds import Tally
    from webapp.mail.suppressing import NotAnAddress, suppressed
else:
    __getattr__ = lazily(
        __name__,
        forgetting="LetterUnderWay forget written_about",
        handing="mail_server_problem",
        letters="Attachment Button Fixed Letter Paragraph Part",
        looking="Queue Row Sent about count_by_kind queue_state sent_about",
        owing="insert_letter letter_values owe owe_all",
        registered="before_mail on_round register_addressee register_letter register_mailbox_key register_mailing",
        rounds="Tally",
        suppressing="NotAnAddress suppressed",
    )

__all__ = [
    "Attachment",
    "Button",
    "Fixed",
    "Letter",
    "LetterUnderWay",
    "NotAnAddress",
    "Paragraph",
    "Part",
    "Queue",
    "Row",
    "Sent",
    "Tally",
    "about",
    "before_mail",
    "count_by_kind",
    "forget",
    "init_app",
    "insert_letter",
    "letter_values",
    "mail_server_problem",
    "on_round",
    "owe",
    "owe_all",
    "queue_state",
    "register_addressee",
    "register_letter",
    "register_mailbox_key",
    "register_mailing",
    "send_what_is_due",
    "sent_about",
    "suppressed",
    "written_about",
]


def init_app(app: Flask) -> None:
    """Register this room's commands."""
    from webapp.mail import models  # noqa: F401 - the tables of this room

    commands.add_lazily(app, {"mail": "webapp.mail.cli:mail"})


def send_what_is_due() -> "Tally":
    """One round of `flask mail send`, for other commands."""
    from webapp.mail import cli

    return cli.send_once()
