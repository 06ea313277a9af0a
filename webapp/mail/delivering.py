"""Hand a message over: to the mail server, or, where none is set, to a folder. Says what became of it; decides nothing."""

import os
import re
from dataclasses import dataclass, replace
from email.message import EmailMessage
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Protocol

from webapp.config import MailServer
from webapp.mail.connecting import Unreachable, answer_in_words, in_words, open_smtp

# Five answers of a slow server still fit into the lease of the letter.
TIMEOUT = 10.0
# Bad mailbox, bad domain, bad syntax, moved away, a domain that takes no mail (RFC 7505), disabled, a domain that is not there.
NO_MAILBOX = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.4"})
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

    def __init__(self, path: Path) -> None:
        """Raises Unreachable if no file can be written there: before a letter is taken, not after."""
        self.path = path
        self.usable = True
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write(f".try.{os.getpid()}", b"Can this be written?\n").unlink()
        except OSError as error:
            raise Unreachable(f"The folder {path}, into which letters go while MAIL_URL is not set, {_why_not(error)}.") from error

    def deliver(self, message: EmailMessage, *, envelope: str, to: str, name: str) -> Outcome:
        try:
            part = self._write(f".{name}.{os.getpid()}", message.as_bytes())
            part.replace(self.path / f"{name}.eml")
        except OSError as error:
            self.usable = False
            return Outcome(Fate.LATER, f"The folder {_why_not(error)}")
        return Outcome(Fate.SENT)

    def _write(self, name: str, content: bytes) -> Path:
        path = self.path / name
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        return path

    def close(self) -> None:
        """Nothing is open."""


class Server:
    """A connection to a mail server. STARTTLS with certificate check unless the server is this very machine."""

    encoding = "quoted-printable"  # not every server takes 8 bits, none takes endless lines

    def __init__(self, server: MailServer, *, our_name: str, timeout: float = TIMEOUT) -> None:
        """Connect and log in. Raises Unreachable."""
        self._smtp = open_smtp(server, our_name, timeout)

    def deliver(self, message: EmailMessage, *, envelope: str, to: str, name: str) -> Outcome:
        try:
            return self._hand_over(message.as_bytes(policy=message.policy.clone(linesep="\r\n")), envelope, to)
        except OSError as error:  # smtplib's own exceptions are OSErrors
            self._smtp.close()
            return Outcome(Fate.LATER, in_words(error))

    def _hand_over(self, content: bytes, envelope: str, to: str) -> Outcome:
        smtp = self._smtp
        for ask, yes in (
            (partial(smtp.mail, envelope), (250,)),
            (partial(smtp.rcpt, to), (250, 251)),
            (partial(smtp.docmd, "DATA"), (354,)),
        ):
            code, answer = ask()
            if code not in yes:
                self._start_over(code)
                outcome = _refusal(code, answer)
                return replace(outcome, no_mailbox=ask.func == smtp.rcpt and no_mailbox(outcome.reason or ""))
        try:
            smtp.send(_dotted(content))
            code, answer = smtp.getreply()
        except OSError as error:
            smtp.close()
            return Outcome(Fate.UNKNOWN, in_words(error))
        if code == 250:
            return Outcome(Fate.SENT)
        self._start_over(code)
        return _refusal(code, answer)

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


def _refusal(code: int, answer: bytes | str) -> Outcome:
    return Outcome(Fate.REFUSED if code >= 500 else Fate.LATER, answer_in_words(code, answer))


def _dotted(content: bytes) -> bytes:
    """The text as it crosses the line, end mark included (RFC 5321 §4.5.2)."""
    return re.sub(rb"(?m)^\.", b"..", content).removesuffix(b"\r\n") + b"\r\n.\r\n"


def no_mailbox(reason: str) -> bool:
    """Whether a refusal for good says that the mailbox does not exist, by its enhanced code (RFC 3463) or else by 550.

    A 550 for what we are (relaying, policy, a block list) is none: taking it for one would silence people for our fault.
    """
    enhanced = re.match(r"5\d\d[ -](5\.\d{1,3}\.\d{1,3})\b", reason)
    if enhanced:
        return enhanced[1] in NO_MAILBOX
    return reason.startswith("550") and not ABOUT_US.search(reason)


def _why_not(error: OSError) -> str:
    return f"cannot be written: {error.strerror or type(error).__name__}"
