"""Where letters are handed to by the settings: a mail server or a folder; and whether it would take any."""

from contextlib import closing

from webapp.config import Settings
from webapp.mail.composing import Sender
from webapp.mail.connecting import Unreachable
from webapp.mail.delivering import TIMEOUT, Folder, Server, Transport

SHORT = 5.0


def connect(settings: Settings, *, timeout: float = TIMEOUT) -> Transport:
    """The mail server of MAIL_URL, or the folder instance/outbox. Raises Unreachable."""
    if settings.mail_server is None:
        return Folder(settings.instance / "outbox")
    return Server(settings.mail_server, our_name=Sender.of(settings).host, timeout=timeout)


def mail_server_problem(settings: Settings) -> str | None:
    """What keeps letters from being handed over, in a sentence; None if nothing does.

    Connects, greets, starts TLS and logs in, with short timeouts; sends nothing. Without MAIL_URL: whether the folder can be written.
    """
    try:
        with closing(connect(settings, timeout=SHORT)):
            return None
    except Unreachable as error:
        return str(error)
