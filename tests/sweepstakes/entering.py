"""What tests of entering share: an open campaign, a reader's posts, the letters that came of them."""

import re
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import unescape
from pathlib import Path

from flask.testing import FlaskClient, FlaskCliRunner
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.sweepstakes.campaigns import CLOSES
from webapp.database import db
from webapp.mail.models import Outbox
from webapp.site import settings
from webapp.sweepstakes.models import Entrant

LATER = CLOSES + timedelta(hours=48)


def typed(**fields: str) -> dict[str, str]:
    """A well-filled form, with changes; an empty value is a field left out."""
    form = {"campaign": "win-100", "name": "Ada Reader", "email": "ada@example.com", "agree": "yes", **fields}
    return {name: value for name, value in form.items() if value}


def post(client: FlaskClient, **fields: str) -> TestResponse:
    return client.post("/register", data=typed(**fields))


def ticked(page: str) -> list[str]:
    """The names of the boxes that are ticked on a page."""
    return re.findall(r'name="(\w+)" type="checkbox" value="yes"[^>]* checked', page)


def parsed(page: str) -> dict[str, str]:
    """What a browser would send of the entry form on a page as it stands."""
    form = page.split('action="/register"', 1)[1].split("</form>", 1)[0]
    fields = {}
    for tag in re.findall(r"<input [^>]+>", form):
        name, value = re.search(r'name="(\w+)"', tag), re.search(r'value="([^"]*)"', tag)
        assert name
        assert value
        if 'type="checkbox"' not in tag or " checked" in tag:
            fields[name.group(1)] = unescape(value.group(1))
    return fields


def entrants() -> list[Entrant]:
    db.session.rollback()
    return list(db.session.scalars(select(Entrant).order_by(Entrant.id)))


def outbox() -> list[tuple[str, str]]:
    """Kind and state of every letter owed."""
    db.session.rollback()
    return [(row.kind, row.state) for row in db.session.scalars(select(Outbox).order_by(Outbox.id))]


@dataclass
class Letters:
    """The .eml files written so far."""

    folder: Path

    def all(self) -> list[EmailMessage]:
        files = sorted(self.folder.glob("*.eml"))
        return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]  # type: ignore[misc]

    def text(self, number: int = -1) -> str:
        part = self.all()[number].get_body(("plain",))
        assert part is not None
        return str(part.get_content())


def letters(run: FlaskCliRunner) -> Letters:
    """Send what is due, and look into the folder."""
    result = run.invoke(args=["mail", "send"])
    assert result.exit_code == 0, result.output
    return Letters(settings().instance / "outbox")


def link(text: str, path: str = "/confirm/") -> str:
    """The path of the first address in `text` that begins with `path`."""
    found = re.search(rf"https?://[^/\s]+({re.escape(path)}\S*)", text)
    assert found, text
    return found.group(1)
