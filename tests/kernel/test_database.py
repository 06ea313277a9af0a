"""Writing: one at a time, whole or not at all, durable."""

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from flask import Flask
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session

from webapp.ads.models import Creative
from webapp.database import db, is_sqlite, writing
from webapp.mail.models import Outbox
from webapp.server_timeouts import set_timeouts

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def creative(slug: str) -> Creative:
    return Creative(slug=slug, advertiser="a", alt="a", target="/", pictures={})


def test_a_failed_write_leaves_nothing(session: Session) -> None:
    def fail() -> None:
        with writing() as writer:
            writer.add(creative("one"))
            writer.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert session.scalar(select(func.count()).select_from(Creative)) == 0


def test_sixteen_writers_at_once_all_get_through(app: Flask, session: Session) -> None:
    faults: list[BaseException] = []

    def write(writer_number: int) -> None:
        with app.app_context():
            try:
                for number in range(5):
                    with writing() as writer:
                        writer.add(creative(f"{writer_number}-{number}"))
            except BaseException as error:
                faults.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert session.scalar(select(func.count()).select_from(Creative)) == 80


def test_a_request_that_has_read_can_still_write(session: Session) -> None:
    session.scalars(select(Creative)).all()
    with writing() as writer:
        writer.add(creative("after-reading"))
    assert session.scalar(select(Creative.slug)) == "after-reading"


def test_times_keep_their_moment_whatever_zone_they_came_in(session: Session) -> None:
    elsewhere = NOON.astimezone(timezone(timedelta(hours=-5)))
    with writing() as writer:
        writer.add(Outbox(kind="k", ref=1, dedupe_key="k1", message_id="m", next_at=elsewhere, created_at=NOON))
    assert session.scalar(select(Outbox.next_at)) == NOON
    assert session.scalar(select(func.count()).where(Outbox.next_at == elsewhere)) == 1


def test_a_time_without_a_zone_is_refused(session: Session) -> None:
    with pytest.raises(StatementError, match="without a zone"):
        session.scalar(select(Outbox.id).where(Outbox.next_at == datetime(2026, 1, 1)))


def test_sqlite_connections_are_set_up_for_durability(session: Session) -> None:
    if not is_sqlite(session):
        assert session.scalar(text("SHOW synchronous_commit")) == "on"
        return
    pragmas = {name: session.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")}
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}


@pytest.mark.parametrize(("seconds", "statement"), [("0", "5s"), ("-1", "5s"), ("3", "2s"), ("1", "500ms"), ("60", "5s")])
def test_a_connect_timeout_in_the_url_shortens_what_statements_may_take_and_never_lifts_it(
    postgresql: str, seconds: str, statement: str
) -> None:
    engine = create_engine(make_url(postgresql).update_query_dict({"connect_timeout": seconds}))
    set_timeouts(engine)
    with engine.connect() as connection:
        assert connection.scalar(text("SHOW statement_timeout")) == statement
    engine.dispose()
