"""What pages cost as the archive grows: each is made anew (no page cache) with 100 to 100,000 articles on SQLite.

The newest hundred articles are in the section, have the tag and hold the word that are asked for, and one in eight of all others,
so that every page is full at every size and only the number of articles differs. For the same reason the oldest twelve are a month
apart from one another. CPU time of the one process that answers and reads its database, so that other work does not count.
"""

import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, insert, text

from benchmarks.table import Row
from webapp import clock, create_app
from webapp.database import db, writing
from webapp.news.folding import words_of
from webapp.news.models import Article, Byline, Topic
from webapp.news.searching import row_number
from webapp.ops.installing import install
from webapp.site import settings

FEWEST = 100
SIZES = (1_000, 10_000, 100_000)
QUICK_SIZES = (10_000,)
ROUNDS = 15
GOAL = 1.5
PAGES = {
    "front page": "/",
    "article": "/news/piece-50",
    "headlines": "/headlines",
    "section": "/headlines?section=World",
    "tag": "/headlines?tag=Tides",
    "author": "/headlines?author=Ann+Lee",
    "search, a word": "/headlines?q=harbour",
    "search, a beginning": "/headlines?q=harb",
    "search, two words": "/headlines?q=harbour+tide",
    "RSS": "/feed.xml",
    "sitemap": "/sitemap.xml",
    "sitemap of lists": "/sitemap/lists.xml",
    "news sitemap": "/news-sitemap.xml",
}
RHYTHM = timedelta(minutes=15)
MONTH = timedelta(days=31)
MONTHS = 12
AT_ONCE = 2_000
SECTIONS = ("Business", "Culture", "Health", "Politics", "Science", "Sport", "Weather")


@dataclass(frozen=True)
class Archive:
    """A paper with so many articles, and a client that asks for its pages."""

    size: int
    client: FlaskClient


def measure(quick: bool) -> list[Row]:
    """For each page its CPU time with more articles, held against that with a hundred, measured in alternating rounds."""
    rows = []
    with tempfile.TemporaryDirectory() as folder, archive(Path(folder), FEWEST) as few:
        for size in QUICK_SIZES if quick else SIZES:
            with archive(Path(folder), size) as many:
                rows += [_row(name, address, few, many) for name, address in PAGES.items()]
    return rows


def _row(name: str, address: str, few: Archive, many: Archive) -> Row:
    """The quickest of the rounds on each side: what disturbs a machine only ever makes it slower. The noise is that of the medians."""
    ours, reference = [], []
    for _ in range(ROUNDS):
        reference.append(_seconds(few.client, address))
        ours.append(_seconds(many.client, address))
    ratio = min(ours) / min(reference)
    middle = sorted(ours)[ROUNDS // 2] / sorted(reference)[ROUNDS // 2]
    noise = abs(middle / ratio - 1)
    return Row(f"{name}, {many.size:,} articles", min(ours) * 1000, min(reference) * 1000, ratio, GOAL, "lower", noise, "ms")


def _seconds(client: FlaskClient, address: str) -> float:
    began = time.process_time()
    response = client.get(address)
    took = time.process_time() - began
    if response.status_code != 200:
        raise RuntimeError(f"{address}: {response.status}")
    return took


@contextmanager
def archive(folder: Path, size: int) -> Iterator[Archive]:
    """A paper of `size` articles in a database of its own below `folder`."""
    app = create_app({"INSTANCE_PATH": str(folder / f"paper-{size}"), "PAGE_CACHE_MB": "0"})
    with app.app_context():
        install(settings())
        db.engine.dispose()
        event.listen(db.engine, "connect", _hurry)
        fill(size)
    try:
        yield Archive(size, app.test_client())
    finally:
        _close(app)


def _hurry(connection: Any, _record: object) -> None:
    """A hundred thousand articles need not survive a power cut."""
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA secure_delete=OFF")


def _close(app: Flask) -> None:
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def fill(size: int) -> None:
    """Store `size` made-up articles of some 120 words, one each quarter of an hour until now, without the importer."""
    chance = random.Random(size)
    texts = [_paragraph(chance) for _ in range(200)]
    # What a search would index, worked out once for each paragraph instead of once for each article.
    known = [set(words_of([paragraph])) for paragraph in texts]
    newest = clock.now().replace(microsecond=0)
    for start in range(1, size + 1, AT_ONCE):
        articles, words = [], []
        for number in range(start, min(start + AT_ONCE, size + 1)):
            picks = chance.sample(range(len(texts)), 2)
            wanted = number > size - FEWEST or number % 8 == 0
            published = newest - RHYTHM * (size - number) - MONTH * max(0, MONTHS + 1 - number)
            article = _article(number, published, wanted=wanted, body="".join(f"<p>{texts[pick]}</p>" for pick in picks))
            articles.append(article)
            found = set(words_of([article["headline"]])).union(*(known[pick] for pick in picks))
            words.append({"number": row_number(number, published), "words": " ".join(sorted(found))})
        _store(articles, words)


def _store(articles: list[dict[str, Any]], words: list[dict[str, Any]]) -> None:
    with writing() as session:
        session.execute(insert(Article), articles)
        for model, name, field in ((Topic, "tag", "tags"), (Byline, "author", "authors")):
            rows = [{name: label, "article_id": one["id"], "published": one["published"]} for one in articles for label in one[field]]
            session.execute(insert(model), rows)
        session.execute(text("INSERT INTO news_search (rowid, words) VALUES (:number, :words)"), words)


def _article(number: int, published: datetime, *, wanted: bool, body: str) -> dict[str, Any]:
    return {
        "id": number,
        "slug": f"piece-{number}",
        "headline": f"Harbour waits for tide {number}" if wanted else f"Nothing new in report {number}",
        "standfirst": f"What happened in case {number}, and what comes next.",
        "section": "World" if wanted else SECTIONS[number % len(SECTIONS)],
        "authors": ["Ann Lee"] if wanted else [f"Reporter {number % 20}"],
        "tags": ["Tides", "Ports"] if wanted else [f"Topic {number % 50}", f"Theme {number % 31}"],
        "published": published,
        "lead": False,
        "ads": True,
        "status": "published",
        "body": body,
        "words": 120,
        "source": "",
        "made_up": True,
    }


def _paragraph(chance: random.Random) -> str:
    syllables = [consonant + vowel for consonant in "bcdfglmnprstv" for vowel in "aeiou"]
    return " ".join("".join(chance.choices(syllables, k=chance.randint(1, 4))) for _ in range(60)).capitalize() + "."
