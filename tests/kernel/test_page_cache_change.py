"""No page from memory outlives a change: of the content, by any process, or by the clock; nor is it lost with the database."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from flask import Flask, Response
from flask.testing import FlaskClient, FlaskCliRunner
from sqlalchemy import create_engine, select, text
from sqlalchemy.orm import Session

from tests.kernel.page_cache_tools import add_page, asked, cache_of, catch_up
from tests.news.test_pages import publish
from tests.sweepstakes.campaigns import CLOSES, NOW, OPENS, done, enter, open_one
from tests.sweepstakes.entering import post
from webapp import page_cache
from webapp.content_version import ContentVersion
from webapp.database import Base, db, is_sqlite, writing
from webapp.headers import PAGE
from webapp.news.models import Article
from webapp.origin import judges_origin

# Tables of which no kept page shows a row, or only rows written together with one that is watched; and those that each sign-up
# touches: how many entries there are is read off the sizes of the logs. All others have triggers (migration 0010 and later).
NOT_SHOWN = {
    "ads_count",
    "ads_filtered",
    "ads_used_token",
    "content_version",
    "draw_leaf",
    "draw_log",
    "draw_node",
    "mail_mailing",
    "mail_outbox",
    "mail_suppression",
    "moved_to",
    "news_byline",
    "sweepstakes_audit",
    "sweepstakes_consent",
    "sweepstakes_consent_text",
    "sweepstakes_entrant",
    "sweepstakes_subscriber",
}


@pytest.fixture
def environ() -> dict[str, str]:
    return {"PAGE_CACHE_MB": "8", "LIMITS": "off", "SITE_TIMEZONE": "America/New_York"}


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def version(session: Session) -> int:
    session.rollback()
    return session.scalars(select(ContentVersion.version)).one()


def words(client: FlaskClient, path: str = "/") -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.get_data(as_text=True)


# -- The version ------------------------------------------------------------------------------------------------------------


def test_every_table_is_watched_or_known_to_be_on_no_page(session: Session) -> None:
    query = "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%_shown%'"
    if not is_sqlite(session):
        query = "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgname LIKE '%_shown%'"
    found: dict[str, set[str]] = {}
    for table, trigger in session.execute(text(query)):
        found.setdefault(table, set()).add(trigger.removeprefix(f"{table}_shown"))
    kinds = {"_insert", "_update", "_delete"} if is_sqlite(session) else {"", "_truncate"}
    assert found == dict.fromkeys(set(Base.metadata.tables) - NOT_SHOWN, kinds)


def test_every_change_of_an_article_raises_the_version_whoever_makes_it(session: Session) -> None:
    seen = {version(session)}
    publish("one")
    seen.add(version(session))
    for change in ("UPDATE news_article SET headline = 'Another'", "DELETE FROM news_article"):
        with db.engine.begin() as connection:  # as a hand at the database's own prompt
            connection.execute(text(change))
        seen.add(version(session))
    assert len(seen) == 4


def test_the_version_changes_with_the_transaction_or_not_at_all(session: Session) -> None:
    publish("one")
    before = version(session)
    with db.engine.connect() as connection:
        with connection.begin() as transaction:
            connection.execute(text("UPDATE news_article SET headline = 'Another'"))
            transaction.rollback()
        with connection.begin():
            savepoint = connection.begin_nested()
            connection.execute(text("UPDATE news_article SET headline = 'Another'"))
            savepoint.rollback()
    assert version(session) == before
    with db.engine.begin() as connection:
        savepoint = connection.begin_nested()
        connection.execute(text("UPDATE news_article SET headline = 'Another'"))
        savepoint.rollback()
        connection.execute(text("UPDATE news_article SET headline = 'A third'"))
    assert version(session) != before


def test_signing_up_and_confirming_empty_nothing_but_the_pages_that_count_entries(
    app: Flask, client: FlaskClient, run: FlaskCliRunner, session: Session, tmp_path: Path
) -> None:
    publish("one")
    open_one(run, tmp_path)
    before = version(session)
    catch_up(app)
    for path in ("/", "/draws/win-100"):
        words(client, path)
    assert post(client).status_code == 303
    enter(3)
    catch_up(app)
    assert version(session) == before
    with asked() as statements:
        words(client)
    assert statements == []
    assert "3 entries" in words(client, "/draws")
    assert "<dt>Entries</dt><dd>3</dd>" in words(client, "/draws/win-100")


# -- What pages have in common --------------------------------------------------------------------------------------------


def add_counting_pages(app: Flask, *names: str) -> list[str]:
    """Pages that each show the same part; what each of its makings was for."""
    made: list[str] = []

    def part(name: str) -> str:
        made.append(name)
        return f"made for {made[0]}"

    for name in names:
        add_page(app, lambda name=name: page_cache.shared("part", lambda: part(name)), f"/{name}")
    return made


def test_what_pages_have_in_common_is_made_once_for_a_version(app: Flask, client: FlaskClient) -> None:
    made = add_counting_pages(app, "a", "b")
    catch_up(app)
    assert [words(client, "/a"), words(client, "/b")] == ["made for a"] * 2
    assert made == ["a"]
    publish("one")
    catch_up(app)
    words(client, "/b")
    words(client, "/a")
    assert made == ["a", "b"]


def test_it_is_made_anew_when_the_clock_brings_something(app: Flask, client: FlaskClient, clock: Any) -> None:
    made = add_counting_pages(app, "a", "b")
    publish("coming", published=NOW + timedelta(minutes=5))
    catch_up(app)
    words(client, "/a")
    clock.move_to(NOW + timedelta(minutes=5))
    words(client, "/b")
    assert made == ["a", "b"]


def test_an_answer_to_a_form_makes_it_for_itself(app: Flask, client: FlaskClient) -> None:
    asked_for: list[int] = []

    @app.post("/form")
    @judges_origin("a form of this test")
    def form() -> Response:
        words = [page_cache.shared("part", lambda: asked_for.append(1) or "made") for _ in range(2)]
        return Response(words, mimetype="text/plain")

    assert client.post("/form").text == "mademade"
    assert client.post("/form").text == "mademade"
    assert len(asked_for) == 2


def test_a_command_makes_it_each_time(app: Flask) -> None:
    with app.app_context():
        assert [page_cache.shared("part", lambda n=n: n) for n in range(2)] == [0, 1]


# -- Changes shown ----------------------------------------------------------------------------------------------------------


def test_a_change_by_another_process_is_on_the_page_at_the_next_look(app: Flask, client: FlaskClient) -> None:
    publish("one")
    catch_up(app)
    assert "Headline of one" in words(client)
    url = app.config["SQLALCHEMY_DATABASE_URI"].replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE news_article SET headline = 'Changed elsewhere'"))
    engine.dispose()
    catch_up(app)
    assert "Changed elsewhere" in words(client)


def test_on_sqlite_what_this_process_commits_is_on_the_page_at_once(client: FlaskClient, session: Session) -> None:
    if not is_sqlite(session):
        return
    for n in range(5):
        publish(f"n{n}", published=NOW - timedelta(minutes=9 - n))
        assert f"Headline of n{n}" in words(client)


def test_withdrawn_and_opened_and_voided_show_at_once(app: Flask, client: FlaskClient, run: FlaskCliRunner, tmp_path: Path) -> None:
    publish("one")
    publish("two", published=NOW - timedelta(days=3))
    catch_up(app)
    assert "Headline of one" in words(client)
    assert "No draw is open now" in words(client)
    assert run.invoke(args=["article", "unpublish", "one"]).exit_code == 0
    catch_up(app)
    assert "Headline of one" not in words(client)
    assert client.get("/news/one").status_code == 410
    open_one(run, tmp_path)
    catch_up(app)
    assert "Win $100" in words(client)
    done(run, "void", "win-100", "--reason", "beacon_ended", "--yes")
    catch_up(app)
    assert "Win $100 – Register" not in words(client)
    assert "Void" in words(client, "/draws")


def test_what_was_read_before_a_change_is_not_kept_as_after_it(app: Flask, client: FlaskClient) -> None:
    headlines = ["before"]

    def make() -> str:
        said = headlines[-1]
        if len(headlines) == 1:  # the change comes while the page is made
            headlines.append("after")
            publish("two")
        return said

    add_page(app, make)
    catch_up(app)
    assert words(client, "/made") == "before"
    catch_up(app)
    assert words(client, "/made") == "after"


# -- The clock --------------------------------------------------------------------------------------------------------------


def test_an_article_appears_on_every_page_at_its_second(app: Flask, client: FlaskClient, clock: Any) -> None:
    due = NOW + timedelta(hours=1)
    publish("one")
    publish("coming", published=due)
    catch_up(app)
    clock.move_to(due - timedelta(seconds=1))
    for path in ("/", "/headlines", "/feed.xml", "/news-sitemap.xml"):
        assert "coming" not in words(client, path)
    clock.move_to(due)
    for path in ("/", "/headlines", "/feed.xml", "/news-sitemap.xml"):
        assert "coming" in words(client, path)


def test_closing_time_ends_the_form_on_the_second(app: Flask, client: FlaskClient, run: FlaskCliRunner, clock: Any, tmp_path: Path) -> None:
    publish("one")
    clock.move_to(OPENS - timedelta(days=1))
    publish("old", published=OPENS - timedelta(days=9))
    open_one(run, tmp_path)
    catch_up(app)
    for moment, is_open in ((OPENS, False), (CLOSES, True)):
        clock.move_to(moment - timedelta(seconds=1))
        assert ('action="/register"' in words(client)) is is_open
        assert ('action="/register"' in words(client)) is is_open
        clock.move_to(moment)
        assert ('action="/register"' in words(client)) is not is_open


@pytest.mark.parametrize(
    ("left", "shared"),
    [
        (3600, (30, 30)),
        (60, (30, 30)),
        (59, (30, 29)),
        (30, (30, 0)),
        (29.5, (29, 0)),
        (1, (1, 0)),
        (0.2, (0, 0)),
    ],
)
def test_shared_caches_keep_no_page_beyond_the_moment_it_changes(
    app: Flask, client: FlaskClient, clock: Any, left: float, shared: tuple[int, int]
) -> None:
    publish("one")
    publish("coming", published=NOW + timedelta(hours=2))
    catch_up(app)
    client.get("/")
    clock.move_to(NOW + timedelta(hours=2) - timedelta(seconds=left))
    wanted = PAGE.replace("s-maxage=30", f"s-maxage={shared[0]}").replace("revalidate=30", f"revalidate={shared[1]}")
    response = client.get("/")
    assert response.headers["Cache-Control"] == wanted
    again = client.get("/", headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.headers["Cache-Control"]) == (304, wanted)


def test_the_date_changes_at_the_readers_midnight(app: Flask, client: FlaskClient, clock: Any) -> None:
    publish("one")
    catch_up(app)
    midnight = datetime(2026, 12, 2, 0, 0, tzinfo=ZoneInfo("America/New_York")).astimezone(UTC)
    clock.move_to(midnight - timedelta(seconds=1))
    assert "Tuesday 1 December 2026" in words(client)
    clock.move_to(midnight)
    assert "Wednesday 2 December 2026" in words(client)


def test_a_clock_set_back_shows_what_was_then(app: Flask, client: FlaskClient, clock: Any) -> None:
    publish("one")
    publish("coming", published=NOW + timedelta(hours=1))
    catch_up(app)
    clock.move_to(NOW + timedelta(hours=1))
    assert "Headline of coming" in words(client)
    clock.move_to(NOW)
    assert "Headline of coming" not in words(client)


# -- The database away ------------------------------------------------------------------------------------------------------


@contextmanager
def away(app: Flask, session: Session) -> Iterator[None]:
    """The database gone for everybody, and back."""
    session.rollback()
    db.session.remove()
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    if url.startswith("sqlite"):
        db.engine.dispose()
        file = Path(url.removeprefix("sqlite:///"))
        aside = file.rename(file.with_suffix(".away"))
        file.mkdir()  # nothing can be made there meanwhile
        yield
        db.engine.dispose()
        file.rmdir()
        aside.rename(file)
        return
    name = db.engine.url.database
    server = create_engine(db.engine.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"))
        yield
        connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
    server.dispose()


def test_with_the_database_away_pages_are_served_as_they_last_were_and_change_again_when_it_is_back(
    app: Flask, client: FlaskClient, session: Session, clock: Any
) -> None:
    app.testing = False  # its errors are answers, as they are to readers
    publish("one")
    catch_up(app)
    page = words(client)
    with away(app, session):
        assert words(client) == page
        clock.move_to(NOW + timedelta(days=1))  # due to be made anew, which nobody can now
        for _ in range(3):
            response = client.get("/")
            assert (response.status_code, response.get_data(as_text=True)) == (200, page)
            assert "s-maxage=0, stale-while-revalidate=0" in response.headers["Cache-Control"]
        assert cache_of(app).figures().stale == 3
        assert client.get("/headlines").status_code == 503
    publish("two", published=NOW + timedelta(hours=20))
    catch_up(app)
    assert "Headline of two" in words(client)


def test_a_page_that_cannot_be_made_anew_is_served_as_it_was(app: Flask, client: FlaskClient) -> None:
    app.testing = False
    catch_up(app)
    broken: list[bool] = []
    add_page(app, lambda: "fine" if not broken else str(1 // 0))
    words(client, "/made")
    publish("one")
    catch_up(app)
    broken.append(True)
    assert words(client, "/made") == "fine"
    assert words(client, "/made") == "fine"
    assert cache_of(app).figures().stale == 2


def test_what_is_gone_for_good_is_not_served_as_it_was(app: Flask, client: FlaskClient, session: Session) -> None:
    app.testing = False
    publish("one")
    catch_up(app)
    words(client, "/news/one")
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE news_article SET status = 'withdrawn'"))
    catch_up(app)
    assert client.get("/news/one").status_code == 410
    with away(app, session):
        assert client.get("/news/one").status_code == 503


def test_a_database_restored_over_the_old_one_is_noticed(app: Flask, client: FlaskClient, session: Session) -> None:
    if not is_sqlite(session):
        return
    publish("one")
    file = Path(app.config["SQLALCHEMY_DATABASE_URI"].removeprefix("sqlite:///"))
    copy = file.with_suffix(".backup")
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    publish("two", published=NOW - timedelta(minutes=1))
    assert "Headline of two" in words(client)
    db.session.remove()
    db.engine.dispose()
    for left in file.parent.glob(f"{file.name}-*"):
        left.unlink()
    copy.rename(file)
    catch_up(app)
    assert "Headline of two" not in words(client)


def test_a_row_deleted_by_hand_is_no_error(app: Flask, client: FlaskClient) -> None:
    publish("one")
    catch_up(app)
    page = words(client)
    with db.engine.begin() as connection:
        connection.execute(text("DELETE FROM content_version"))
    assert words(client) == page


def test_articles_stored_many_at_a_time_cost_one_row_of_version(session: Session) -> None:
    with writing() as writer:
        for n in range(300):
            article = Article(slug=f"n{n}", headline="h", authors=[], tags=[], body="", words=1, source="", published=NOW)
            writer.add(article)
    assert session.scalar(text("SELECT count(*) FROM content_version")) == 1
