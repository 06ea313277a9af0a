"""Prepared statements say and hear what SQLAlchemy would, and their faults are raised as everywhere."""

import logging
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import BigInteger, Boolean, LargeBinary, Table, bindparam, delete, insert, literal, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.orm import Session

from tests.kernel.test_database import NOON, creative
from webapp import group_commit
from webapp.ads.models import Creative
from webapp.database import Moment, db, is_sqlite, writing
from webapp.mail.models import Outbox
from webapp.plain_connections import reading_for_page, reading_plainly
from webapp.prepared import Plain, Prepared, insert_on, plain, rows_of
from webapp.sweepstakes.models import ConsentText

OUTBOX, TEXT = Outbox.__table__, ConsentText.__table__
assert isinstance(OUTBOX, Table)
assert isinstance(TEXT, Table)
KEEP = Prepared(
    insert(TEXT).values(
        kind="k",
        sha256=bindparam("sha256", type_=TEXT.c.sha256.type),
        text=bindparam("text"),
        since=bindparam("since", type_=TEXT.c.since.type),
    )
)
KEPT = Prepared(select(TEXT.c.sha256, TEXT.c.text, TEXT.c.since, literal(True).label("yes")).where(TEXT.c.kind == "k").order_by(TEXT.c.id))


def keep(session: Plain | Session, digest: bytes = b"d" * 32, words: str = "Ⓦords", since: datetime = NOON) -> int:
    return KEEP.run(session, sha256=digest, text=words, since=since)


def test_values_go_in_and_come_out_as_with_the_models(session: Session) -> None:
    elsewhere = NOON.astimezone(timezone(timedelta(hours=-5)))
    assert group_commit.write("test", lambda writer: keep(writer, since=elsewhere)) == 1
    assert reading_plainly(KEPT.all) == [(b"d" * 32, "Ⓦords", NOON, True)]
    assert reading_plainly(KEPT.first) == (b"d" * 32, "Ⓦords", NOON, True)
    row = session.scalars(select(ConsentText)).one()
    assert (row.sha256, row.text, row.since) == (b"d" * 32, "Ⓦords", NOON)


def test_rows_given_as_arrays_arrive_as_they_are(session: Session) -> None:
    if is_sqlite(session):
        return  # where a statement is run for each row
    types = {"number": BigInteger(), "bytes": LargeBinary(), "at": Moment(), "yes": Boolean()}
    rows = [(2**62, bytes(range(256)), NOON, True), (-1, b"", NOON + timedelta(microseconds=1), False), (0, b'"\\{},', NOON, True)]
    columns = dict(zip(types, map(list, zip(*rows, strict=True)), strict=True))
    assert Prepared(rows_of(types)).all(session, **columns) == rows
    with pytest.raises(AttributeError):
        Prepared(rows_of(types)).all(session, **{**columns, "bytes": [b"", None, b""]})
    with pytest.raises(StatementError, match="a time without a zone"):
        session.execute(rows_of(types), {**columns, "at": [datetime(2026, 11, 23)] * 3})


def test_a_page_that_ends_in_a_refusal_keeps_its_connection(session: Session) -> None:
    def refuse(reader: Plain) -> None:
        used.append(reader.driver)
        raise LookupError

    used: list[object] = []
    for _ in range(3):
        with pytest.raises(LookupError):
            reading_for_page(refuse)
    assert used[0] is used[1] is used[2]


def test_nothing_found_is_none_and_no_row_changed_is_zero(session: Session) -> None:
    assert reading_plainly(KEPT.first) is None
    assert reading_plainly(KEPT.all) == []
    gone = Prepared(delete(TEXT).where(TEXT.c.kind == bindparam("kind")))
    assert group_commit.write("test", lambda writer: gone.run(writer, kind="nothing")) == 0


def test_within_a_session_they_see_what_it_holds_and_share_its_transaction(session: Session) -> None:
    point = Prepared(update(Creative.__table__).where(Creative.__table__.c.slug == bindparam("of")).values(target="/there"))  # type: ignore[arg-type]

    def fail() -> None:
        with writing() as writer:
            writer.add(creative("one"))
            assert point.run(writer, of="one") == 1
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert session.scalar(select(Creative.slug)) is None


def test_each_transaction_has_a_connection_of_its_own(session: Session) -> None:
    session.rollback()
    first = plain(session)
    assert plain(session) is first
    session.rollback()
    with db.engine.connect() as taken:  # the one that the session has given back
        assert plain(session).driver is not taken.connection.driver_connection
        assert plain(session).driver is session.connection().connection.driver_connection


def test_one_statement_for_each_database(session: Session) -> None:
    made: list[str] = []

    def ignore(dialect: str) -> object:
        made.append(dialect)
        row = {
            "kind": "k",
            "sha256": bindparam("sha256", type_=TEXT.c.sha256.type),
            "text": "t",
            "since": bindparam("since", type_=TEXT.c.since.type),
        }
        return insert_on(dialect, TEXT).values(row).on_conflict_do_nothing(index_elements=["sha256"]).returning(TEXT.c.text)

    statement = Prepared(ignore)  # type: ignore[arg-type]
    given = {"sha256": b"d" * 32, "since": NOON}
    assert group_commit.write("test", lambda writer: statement.first(writer, **given)) == ("t",)
    assert group_commit.write("test", lambda writer: statement.first(writer, **given)) is None
    assert made == [db.engine.dialect.name], "it is prepared once"


def test_faults_are_those_of_sqlalchemy_and_tell_no_value(session: Session) -> None:
    group_commit.write("test", keep)
    with pytest.raises(IntegrityError) as plainly:
        group_commit.write("test", lambda writer: keep(writer, words="something secret"))
    with pytest.raises(IntegrityError) as usually, writing() as writer:
        writer.add(ConsentText(kind="k", sha256=b"d" * 32, text="something secret", since=NOON))
        writer.flush()
    assert type(plainly.value.orig) is type(usually.value.orig)
    assert "something secret" not in str(plainly.value) + repr(plainly.value)
    with pytest.raises(DBAPIError) as lacking:
        reading_plainly(Prepared(text("SELECT 1 FROM no_such_table")).all)
    with pytest.raises(DBAPIError) as usual:
        session.execute(text("SELECT 1 FROM no_such_table"))
    assert type(lacking.value) is type(usual.value)
    session.rollback()


def test_a_connection_that_failed_is_as_good_as_new(session: Session) -> None:
    for _ in range(20):
        with pytest.raises(DBAPIError):
            reading_plainly(Prepared(text("SELECT 1 FROM no_such_table")).all)
    assert group_commit.write("test", keep) == 1


def test_a_connection_that_died_while_nobody_used_it_costs_nobody_anything(session: Session) -> None:
    group_commit.write("test", keep)
    if not is_sqlite(session):
        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        for ask in (lambda: reading_plainly(KEPT.first), lambda: group_commit.write("test", KEPT.first)):
            session.execute(text(f"SELECT pg_terminate_backend(pid, 5000) {others}"))
            session.rollback()
            assert ask() == (b"d" * 32, "Ⓦords", NOON, True)


def test_a_time_without_a_zone_is_refused(session: Session) -> None:
    with pytest.raises((ValueError, StatementError), match="without a zone"):
        group_commit.write("test", lambda writer: keep(writer, since=datetime(2026, 1, 1)))
    assert group_commit.write("test", lambda writer: keep(writer, since=datetime(2026, 1, 1, tzinfo=UTC))) == 1


def test_values_do_not_get_into_the_log(session: Session, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "webapp.prepared"):
        group_commit.write("test", lambda writer: keep(writer, words="something secret"))
    assert "INSERT INTO sweepstakes_consent_text" in caplog.text
    assert "something secret" not in caplog.text
