"""Hand a message over: to the mail server, or, where none is set, to a folder. Says what became of it; decides nothing."""

import os
import re
import smtplib
import ssl
from dataclasses import dataclass, replace
from email.message import EmailMessage
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Protocol

from webapp.config import MailServer, is_loopback

# Five answers of a slow server still fit into the lease of the letter.
TIMEOUT = 10.0
# Bad mailbox, bad domain, moved away, a domain that takes no mail (RFC 7505), disabled.
NO_MAILBOX = frozenset({"5.1.1", "5.1.2", "5.1.6", "5.1.10", "5.2.1"})
ABOUT_US = re.compile(r"relay|denied|authenti|polic|block|spam|listed|reject|verif|sender|\bip\b|dmarc|spf|dkim", re.IGNORECASE)


class Fate(Enum):
    """SENT: taken over. REFUSED: for good (5xx). LATER: for now. UNKNOWN: the line broke after the text; it may have arrived.
    NOT_OWED: nothing was handed over, as it need not or must not be."""

    SENT = "sent"
    REFUSED = "refused"
    LATER = "later"
    UNKNOWN = "unknown"
    NOT_OWED = "not owed"


@dataclass(frozen=True)
class Outcome:
    """What became of one message, and the server's words if it was not taken. `no_mailbox`: there is nobody to write to, ever."""

    fate: Fate
    reason: str | None = None
    no_mailbox: bool = False


class Unreachable(Exception):
    """No mail can be handed over at all now; the letters are not to blame."""


class Transport(Protocol):
    """Somewhere to hand messages over, one after the other, while it is `usable`."""

    encoding: str  # the Content-Transfer-Encoding that gets through unharmed

    @property
    def usable(self) -> bool: ...

    def deliver(self, message: EmailMessage, *, envelope: str, to: str, name: str) -> Outcome:
        """Hand `message` over. `name` is short, unique to the letter and fit for a file."""

    def close(self) -> None: ...


class Folder:
    """Writes each message as a .eml file that only the owner can read; links in it are whole, to be copied by hand."""

    encoding = "8bit"
    usable = True

    def __init__(self, path: Path) -> None:
        self.path = path

    def deliver(self, message: EmailMessage, *, envelope: str, to: str, name: str) -> Outcome:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = self.path / f".{name}.{os.getpid()}"
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(message.as_bytes())
        part.replace(self.path / f"{name}.eml")
        return Outcome(Fate.SENT)

    def close(self) -> None:
        """Nothing is open."""


class Server:
    """A connection to a mail server. STARTTLS with certificate check unless the server is this very machine."""

    encoding = "quoted-printable"  # not every server takes 8 bits, none takes endless lines

    def __init__(self, server: MailServer, *, our_name: str, timeout: float = TIMEOUT) -> None:
        """Connect and log in. Raises Unreachable."""
        try:
            self._smtp = _connect(server, our_name, timeout)
        except OSError as error:
            raise Unreachable(f"The mail server {server.host}:{server.port} cannot be used: {_words(error)}") from error

    def deliver(self, message: EmailMessage, *, envelope: str, to: str, name: str) -> Outcome:
        try:
            return self._hand_over(message.as_bytes(policy=message.policy.clone(linesep="\r\n")), envelope, to)
        except OSError as error:  # smtplib's own exceptions are OSErrors
            self._smtp.close()
            return Outcome(Fate.LATER, _words(error))

    def _hand_over(self, content: bytes, envelope: str, to: str) -> Outcome:
        for ask, names_mailbox in ((partial(self._smtp.mail, envelope), False), (partial(self._smtp.rcpt, to), True)):
            code, answer = ask()
            if code not in {250, 251}:
                self._start_over(code)
                outcome = _refusal(code, answer)
                return replace(outcome, no_mailbox=names_mailbox and _no_mailbox(outcome))
        try:
            code, answer = self._smtp.data(content)
        except smtplib.SMTPDataError as error:
            self._start_over(error.smtp_code)
            return _refusal(error.smtp_code, error.smtp_error)
        except OSError as error:
            self._smtp.close()
            return Outcome(Fate.UNKNOWN, _words(error))
        return Outcome(Fate.SENT) if code == 250 else _refusal(code, answer)

    def _start_over(self, code: int) -> None:
        """Clear the half-begun mail, so that the connection serves the next one; 421 means that the server hangs up."""
        try:
            if code != 421:
                self._smtp.rset()
                return
        except OSError:
            pass
        self._smtp.close()

    @property
    def usable(self) -> bool:
        return self._smtp.sock is not None

    def close(self) -> None:
        try:
            self._smtp.quit()
        except OSError:
            self._smtp.close()


def _connect(server: MailServer, our_name: str, timeout: float) -> smtplib.SMTP:
    if server.tls:
        context = ssl.create_default_context()
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, our_name, timeout=timeout, context=context)
    else:
        smtp = smtplib.SMTP(server.host, server.port, our_name, timeout=timeout)
    try:
        if not server.tls and not is_loopback(server.host):
            smtp.starttls(context=ssl.create_default_context())
        smtp.ehlo_or_helo_if_needed()
        if server.user is not None:
            smtp.login(server.user, server.password or "")
    except BaseException:
        smtp.close()
        raise
    return smtp


def _refusal(code: int, answer: bytes | str) -> Outcome:
    words = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return Outcome(Fate.REFUSED if code >= 500 else Fate.LATER, f"{code} {' '.join(words.split())}"[:300])


def _no_mailbox(refusal: Outcome) -> bool:
    """Whether a refused RCPT says that the mailbox does not exist, by its enhanced code (RFC 3463) or else by 550.

    A 550 for what we are (relaying, policy, a block list) is none: taking it for one would silence people for our fault.
    """
    reason = refusal.reason or ""
    enhanced = re.match(r"5\d\d[ -](5\.\d{1,3}\.\d{1,3})\b", reason)
    if enhanced:
        return enhanced[1] in NO_MAILBOX
    return reason.startswith("550") and not ABOUT_US.search(reason)


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return str(_refusal(error.smtp_code, error.smtp_error).reason)
    return f"{type(error).__name__}: {error}"[:300]
