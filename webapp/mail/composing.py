"""From a letter to the message that is sent (RFC 5322): text and HTML, the publisher's address at the foot, headers."""

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cache
from textwrap import fill
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from webapp.config import ROOT, Settings
from webapp.mail.letters import Button, Fixed, Letter, Paragraph, Part

WIDTH = 72


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Who writes: `address` is the From line, `envelope` the bare address to which bounces go; `host` names us in Message-IDs
    and to mail servers."""

    name: str
    address: str
    envelope: str
    host: str
    site_url: str
    postal_address: str | None
    contact: str | None

    @classmethod
    def of(cls, settings: Settings) -> "Sender":
        return cls(
            name=settings.site_name,
            address=settings.mail_from,
            envelope=settings.bounce_address,
            host=urlsplit(settings.site_url).hostname or "localhost",
            site_url=settings.site_url,
            postal_address=settings.postal_address,
            contact=settings.contact,
        )


def compose(letter: Letter, sender: Sender, *, message_id: str, now: datetime, encoding: str = "quoted-printable") -> EmailMessage:
    """The message of `letter`. A line break in any header raises ValueError, by EmailMessage's default policy."""
    message = EmailMessage()
    message["From"] = sender.address
    message["To"] = Address(addr_spec=letter.to)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{message_id}@{sender.host}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
    for name, value in letter.headers:
        message[name] = value
    message.set_content(text_of(letter, sender), cte=encoding)
    message.add_alternative(html_of(letter, sender), subtype="html", cte=encoding)
    for attachment in letter.attachments:
        message.add_attachment(attachment.text, filename=attachment.filename, cte=encoding)
    return message


def text_of(letter: Letter, sender: Sender) -> str:
    """The plain text: paragraphs folded, links and fixed lines as they are."""
    return "\n\n".join([*(_plain(part) for part in letter.parts), "-- \n" + "\n".join(_foot(sender))]) + "\n"


def _plain(part: Part) -> str:
    match part:
        case Paragraph(text):
            return fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)
        case Button(label, url):
            return f"{label}:\n{url}"
        case Fixed(text):
            return text.rstrip("\n")


def _foot(sender: Sender) -> list[str]:
    lines = [sender.name, sender.site_url]
    if sender.postal_address:
        lines += [line.strip() for line in sender.postal_address.splitlines()]
    if sender.contact:
        lines.append(f"Questions: {sender.contact}")
    return lines


def html_of(letter: Letter, sender: Sender) -> str:
    """The HTML part; everything in it is escaped by the template."""
    return _templates().get_template("mail/letter.html").render(letter=letter, sender=sender)


@cache
def _templates() -> Environment:
    # An environment of its own: a letter is written by commands, with nothing of a page around it.
    return Environment(
        loader=FileSystemLoader(ROOT / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
