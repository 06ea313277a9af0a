"""Signing up: the whole of our POST /register and POST /confirm beside an ordinary handler's, durable on both sides."""

import os
import re
import sqlite3
import tempfile
import time
import urllib.request
from pathlib import Path

from sqlalchemy import create_engine, select

from benchmarks import ordinary_data
from benchmarks.load import Effort, Sample, press
from benchmarks.ordinary.app import Base
from benchmarks.ours import Site, installed
from benchmarks.servers import Server, gunicorn
from benchmarks.table import Row, rounds_row

HERE = Path(__file__).resolve().parent
# Counted as always, but out of reach: one machine plays all readers.
WIDE = dict.fromkeys(("LIMIT_IPV4", "LIMIT_IPV4_REFUSED", "LIMIT_ADDRESS", "LIMIT_DOMAIN", "LIMIT_MAILS"), "100000000 per hour")


def measure(quick: bool) -> list[Row]:
    """Posts a second, 99th percentile and CPU, and the share of what the database itself can commit."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        site = installed(folder, {"LIMITS": "on", **WIDE})
        database = ordinary_data.make(folder / "ordinary.sqlite3")
        rows = _compare("", folder, site, database, Effort(1, 3) if quick else Effort(6, 5))
        commits = _commits(folder, 0.5 if quick else 4.0)
        posts = next(row.ours for row in rows if row.unit == "/s")
        return [
            *rows,
            Row("POST /register, as a share of bare durable commits", posts, commits, posts / commits, None, "higher", unit="/s"),
        ]


def measure_postgresql(quick: bool) -> list[Row]:
    """The same on one PostgreSQL server, 8 connections each."""
    from tests import postgres

    with tempfile.TemporaryDirectory() as name, postgres.server(durable=True) as url:
        folder = Path(name)
        ours, other = (_database(url, which) for which in ("ours", "ordinary"))
        site = installed(folder, {"LIMITS": "on", "DATABASE_URL": ours, **WIDE})
        other = other.replace("postgresql://", "postgresql+psycopg://")
        _make_tables(other)
        return _compare("on PostgreSQL, ", folder, site, other, Effort(1, 3) if quick else Effort(6, 5))


def _compare(where: str, folder: Path, site: Site, database: str, effort: Effort) -> list[Row]:
    seconds, rounds, clients = effort.seconds, effort.rounds, 8 if where else 32
    environ = {"ORDINARY_DATABASE": database}
    with gunicorn("ours", "wsgi:app", site.environ) as ours, gunicorn("ordinary Flask", "benchmarks.ordinary.wsgi:app", environ) as other:
        our_form, their_form = {"FIELDS": "&campaign=win-100", "COOKIE": ""}, _their_form(other)
        turns = [
            (_post(ours, our_form, seconds, clients, turn), _post(other, their_form, seconds, clients, turn)) for turn in range(-1, rounds)
        ][1:]
        mine, usual = [list(samples) for samples in zip(*turns, strict=True)]
        rows = _rows(f"{where}POST /register", mine, usual)
        # The first slice is longer: a statement is planned anew on each connection until it has run there ten times.
        first, *later = zip(_slices(_our_links(site), rounds), _slices(_their_links(database), rounds), strict=True)
        confirmed = [
            (_confirm(ours, folder, mine, length, clients), _confirm(other, folder, theirs, length, clients))
            for (mine, theirs), length in [(first, seconds), *((pair, seconds / 2) for pair in later)]
        ][1:]
        mine, usual = [list(samples) for samples in zip(*confirmed, strict=True)]
        return rows + _rows(f"{where}POST /confirm", mine, usual)


def _rows(what: str, mine: list[Sample], usual: list[Sample]) -> list[Row]:
    return [
        rounds_row(
            f"{what}/s, beside an ordinary handler",
            [sample.per_second for sample in mine],
            [sample.per_second for sample in usual],
            goal=1.25,
            better="higher",
            unit="/s",
        ),
        rounds_row(f"{what}: 99th percentile", [s.p99 for s in mine], [s.p99 for s in usual], goal=1.0, unit="ms"),
        rounds_row(f"{what}: CPU per 1,000", [s.cpu_per_1000 for s in mine], [s.cpu_per_1000 for s in usual], goal=None),
        rounds_row(f"{what}: refused or failed", [sum(s.failed for s in mine)], None, goal=0, unit=""),
    ]


def _their_form(server: Server) -> dict[str, str]:
    """What a browser sends back with their form: its token and the session's cookie. Ours has neither, as Sec-Fetch-Site is judged."""
    with urllib.request.urlopen(f"{server.url}/register", timeout=20) as page:
        token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page.read().decode())
        cookie = page.headers["Set-Cookie"].partition(";")[0]
    assert token, "the ordinary form has no token"
    return {"FIELDS": f"&csrf_token={token[1]}", "COOKIE": cookie}


def _post(server: Server, form: dict[str, str], seconds: float, clients: int, turn: int) -> Sample:
    os.environ.update(form, SALT=f"{time.time_ns()}t{turn + 1}")
    return press(server, "/register", seconds=seconds, script=HERE / "register.lua", clients=clients)


def _confirm(server: Server, folder: Path, paths: list[str], seconds: float, clients: int) -> Sample:
    file = folder / "paths"
    file.write_text("\n".join(paths))
    os.environ["PATHS"] = str(file)
    sample = press(server, "/", seconds=seconds, script=HERE / "confirm.lua", clients=clients)
    if sample.per_second * seconds > len(paths):
        raise RuntimeError(f"{len(paths)} links were too few for {sample.per_second:.0f} a second: some were pressed twice.")
    return sample


def _slices(paths: list[str], number: int) -> list[list[str]]:
    """So many of one size, after one of twice that size."""
    size = len(paths) // (number + 2)
    return [paths[: 2 * size], *(paths[size * turn : size * (turn + 1)] for turn in range(2, number + 2))]


def _our_links(site: Site) -> list[str]:
    from webapp import create_app
    from webapp.database import db
    from webapp.site import keyring
    from webapp.sweepstakes.models import Entrant
    from webapp.tokens import make_token

    app = create_app(site.environ)
    with app.app_context():
        rows = db.session.execute(select(Entrant.id, Entrant.token_counter).where(Entrant.state == "pending")).all()
        paths = [f"/confirm/{make_token(keyring().secret, 'confirm', row.id, row.token_counter)}" for row in rows]
        db.session.remove()
        db.engine.dispose()
    return paths


def _their_links(database: str) -> list[str]:
    engine = create_engine(database)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT token FROM entrant WHERE confirmed IS NULL").all()
    engine.dispose()
    return [f"/confirm/{row.token}" for row in rows]


def _commits(folder: Path, seconds: float) -> float:
    """How many durable one-row commits a second this disk and SQLite allow, with nothing else around them."""
    with sqlite3.connect(folder / "commits.sqlite3", isolation_level=None) as database:
        database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE one (id INTEGER PRIMARY KEY, text TEXT)")
        began, done = time.perf_counter(), 0
        while time.perf_counter() - began < seconds:
            database.execute("INSERT INTO one (text) VALUES (?)", ("x" * 200,))
            done += 1
        return done / (time.perf_counter() - began)


def _database(url: str, name: str) -> str:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return url.replace("/postgres?", f"/{name}?", 1)


def _make_tables(url: str) -> None:
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    engine.dispose()
