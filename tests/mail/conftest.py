"""Letters of a kind that only these tests have, and a server to take them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.mail.server import Box, smtp_server
from webapp import clock
from webapp.database import db, writing
from webapp.mail import Button, Letter, Paragraph, owe, register_letter
from webapp.mail.models import Outbox

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)


def render(_session: Session, ref: int) -> Letter | None:
    """Letter `ref` to reader`ref`; letter 13 is no longer owed, 14 cannot be written."""
    if ref == 13:
        return None
    if ref == 14:
        raise KeyError(ref)
    return Letter(
        to=f"reader{ref}@example.com",
        subject=f"Letter {ref} – é",
        parts=(Paragraph("Hello <b>é</b> & all. " * 12), Button("Press here", f"https://news.example/confirm/{'x' * 90}")),
    )


@pytest.fixture
def server() -> Iterator[Box]:
    with smtp_server() as box:
        yield box


@pytest.fixture
def environ(server: Box) -> dict[str, str]:
    return {"MAIL_URL": f"smtp://127.0.0.1:{server.port}", "POSTAL_ADDRESS": "1 Main Street\nSpringfield", "CONTACT": "help@example.com"}


@pytest.fixture
def app(app: Flask) -> Flask:
    register_letter(app, "note", render)
    return app


@pytest.fixture
def owed(app: Flask) -> Callable[..., None]:
    def owed(*refs: int) -> None:
        with writing() as session:
            for ref in refs:
                owe(session, "note", ref, dedupe_key=f"note/{ref}", now=clock.now())

    return owed


def rows() -> list[Outbox]:
    db.session.rollback()
    db.session.expire_all()
    return list(db.session.scalars(select(Outbox).order_by(Outbox.id)))


def states() -> list[str]:
    return [row.state for row in rows()]
