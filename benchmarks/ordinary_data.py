"""Databases for the ordinary app, and the app started on them."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from benchmarks.servers import ROOT, Server

_TABLES = """
CREATE TABLE article (id INTEGER PRIMARY KEY, slug TEXT UNIQUE, headline TEXT, html TEXT, published DATETIME);
CREATE INDEX article_published ON article (published);
CREATE TABLE entrant (id INTEGER PRIMARY KEY, name TEXT, email TEXT UNIQUE, token TEXT UNIQUE, newsletter BOOLEAN,
                      confirmed DATETIME, created DATETIME);
"""


def make(file: Path) -> str:
    """A database with the sample edition's articles; its URL."""
    with sqlite3.connect(file) as database:
        database.executescript(_TABLES)
        for number, source in enumerate(sorted((ROOT / "webapp/demo/edition").rglob("*.md"))):
            text = source.read_text(encoding="utf-8")
            body = "".join(f"<p>{line}</p>\n" for line in text.split("---", 2)[2].split("\n\n") if line.strip())
            found = re.search(r"^slug: *(\S+)$", text, re.MULTILINE)
            slug = found[1] if found else source.stem
            row = (slug, slug.replace("-", " ").capitalize(), body, f"2026-01-01 {number % 24:02}:00:00.000000")
            database.execute("INSERT INTO article (slug, headline, html, published) VALUES (?, ?, ?, ?)", row)
    return f"sqlite:///{file}"


@contextmanager
def pages(folder: Path, gunicorn: Callable[..., AbstractContextManager[Server]]) -> Iterator[Server]:
    """The ordinary app under the project's own gunicorn settings."""
    with gunicorn("ordinary Flask", "benchmarks.ordinary.wsgi:app", {"ORDINARY_DATABASE": make(folder / "ordinary.sqlite3")}) as server:
        yield server
