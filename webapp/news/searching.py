"""Search articles by words and beginnings of words: the one file that knows FTS5 (SQLite) and tsvector (PostgreSQL).

What is indexed and what is asked go through folding.py first, and no parser of either database sees what a reader typed:
neither operators nor quotes mean anything. All words must be there, each at least as a beginning.

FTS5 gives its rows in the order of their numbers and stops when it has enough; so a row's number is its article's second of
publication, then the article's id. However many articles hold a word, the newest forty cost the same.
"""

import re
from datetime import datetime
from functools import lru_cache
from math import floor
from typing import Any, NamedTuple

from markupsafe import Markup
from sqlalchemy import BigInteger, ColumnElement, TableClause, TextClause, bindparam, column, select, table, text
from sqlalchemy.orm import Session, lazyload

from webapp.database import is_sqlite
from webapp.news.folding import MOST_SIGNS, fold, without_marks, words_of
from webapp.news.models import Article
from webapp.news.reading import NEWEST_FIRST

LONGEST = 200
MOST_WORDS = 12
AT_ONCE = 200
AROUND = 70  # signs before the first hit of an excerpt
EXCERPT = 200
ID_BITS = 25  # 33 million articles; with 38 bits for the seconds until the year 9000 that fits a row number
_SHOWN_WORD = re.compile(r"[^\W_][\w\u0300-\u036f]*")


class TooLong(Exception):
    """Nobody means a search of this length."""


class Search(NamedTuple):
    """What somebody looks for: as typed (single spaces, no control characters), and its folded words. No word: nothing is found."""

    typed: str
    words: tuple[str, ...]


def read_search(typed: str) -> Search:
    """Raises TooLong for more than 200 signs, or more than twelve words."""
    plain = " ".join("".join(sign if sign.isprintable() else " " for sign in typed).split())
    words = words_of([plain])
    if len(typed) > LONGEST or len(words) > MOST_WORDS:
        raise TooLong
    return Search(plain, tuple(words))


class Found(NamedTuple):
    """The full-text rows that hold a search's words: each row's article, and the order that puts the newest first."""

    rows: TableClause
    matches: TextClause
    article_id: ColumnElement[int]
    newest_first: tuple[ColumnElement[Any], ...]


def index(session: Session, article: Article, *, was_published: datetime | None = None) -> None:
    """Have `article`, which must have its id, found by what it says now. `was_published`: as it was indexed before, if it was."""
    words = words_of([article.headline, article.standfirst or "", *article.tags, *article.authors, without_marks(article.body)])
    document = " ".join(words)
    if len(document) > MOST_SIGNS:
        document = document[:MOST_SIGNS].rpartition(" ")[0]
    if is_sqlite(session):
        # Under the new number, too: nothing must stay of an article whose row was deleted and whose id is used again.
        for published in {article.published, was_published or article.published}:
            session.execute(text("DELETE FROM news_search WHERE rowid = :number"), {"number": row_number(article.id, published)})
        row = {"number": row_number(article.id, article.published), "words": document}
        session.execute(text("INSERT INTO news_search (rowid, words) VALUES (:number, :words)"), row)
        return
    statement = text(
        "INSERT INTO news_search (article_id, words, document) VALUES (:id, :words, array_to_tsvector(:list)) "
        "ON CONFLICT (article_id) DO UPDATE SET words = excluded.words, document = excluded.document"
    )
    session.execute(statement, {"id": article.id, "words": document, "list": document.split()})


def reindex(session: Session) -> int:
    """Index all articles anew, for a database that was copied without its full-text table; returns how many."""
    session.execute(text("DELETE FROM news_search"))
    ids = session.scalars(select(Article.id)).all()
    for start in range(0, len(ids), AT_ONCE):
        for article in session.scalars(select(Article).options(lazyload("*")).where(Article.id.in_(ids[start : start + AT_ONCE]))):
            index(session, article)
        session.expunge_all()
    return len(ids)


def row_number(article_id: int, published: datetime) -> int:
    return floor(published.timestamp()) << ID_BITS | article_id


def found(session: Session, search: Search) -> Found:
    """The articles that hold every word of `search`."""
    if is_sqlite(session):
        asked = " ".join(f'"{word}"*' for word in search.words) or '""'
        number: ColumnElement[int] = column("rowid", BigInteger())
        matches = text("news_search MATCH :asked").bindparams(bindparam("asked", asked))
        return Found(table("news_search", number), matches, number.bitwise_and((1 << ID_BITS) - 1), (number.desc(),))  # type: ignore[arg-type]
    asked = " & ".join(f"'{word}':*" for word in search.words)
    article_id: ColumnElement[int] = column("article_id", BigInteger())
    matches = text("document @@ CAST(:asked AS tsquery)").bindparams(bindparam("asked", asked))
    return Found(table("news_search", article_id), matches, article_id, NEWEST_FIRST)  # type: ignore[arg-type]


def highlight(shown: str, search: Search) -> Markup:
    """`shown`, escaped, with the words that were looked for in <mark>."""
    out, end = Markup(""), 0
    for match in _SHOWN_WORD.finditer(shown):
        if _is_hit(match[0], search):
            out += Markup("{}<mark>{}</mark>").format(shown[end : match.start()], match[0])
            end = match.end()
    return out + shown[end:]


def excerpt(shown: str, search: Search) -> str:
    """Some 200 signs of `shown` around the first hit in it; its beginning if there is none."""
    hit = _first_hit(shown, search)
    start = 0 if hit <= AROUND else shown.find(" ", hit - AROUND) + 1
    part = shown[start : start + EXCERPT]
    whole = start + EXCERPT >= len(shown)
    return ("… " if start else "") + (part if whole else part.rpartition(" ")[0] + " …")


def _first_hit(shown: str, search: Search) -> int:
    """Where the first word that was looked for stands; 0 if there is none."""
    flat = "".join(map(_flat, shown))
    quick = re.search(rf"(?<![^\W_])(?:{'|'.join(search.words)})", flat) if search.words else None
    if quick or flat == fold(shown):
        return quick.start() if quick else 0
    # A sign that is several when folded (ß, ﬁ) hides a word from the quick way.
    return next((match.start() for match in _SHOWN_WORD.finditer(shown) if _is_hit(match[0], search)), 0)


@lru_cache(4096)
def _flat(sign: str) -> str:
    """One sign for one: folded, if that leaves a single one."""
    folded = fold(sign)
    return folded if len(folded) == 1 else sign


def _is_hit(word: str, search: Search) -> bool:
    parts = [word.lower()] if word.isascii() and word.isalnum() else words_of([word])
    return any(part.startswith(search.words) for part in parts)
