"""Lists of headlines: all, of a section, an author, a month, with a tag, with some words in them; page by page, without bodies."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from markupsafe import Markup
from sqlalchemy import ColumnElement, CompoundSelect, Integer, Select, bindparam, func, select
from sqlalchemy.orm import Session

from webapp.database import Moment
from webapp.dates import MONTHS, local_date
from webapp.news.folding import without_marks
from webapp.news.models import Article, Byline, Topic
from webapp.news.reading import LIMIT, LINE, NEWEST_FIRST, NOW, Headline, is_public, numbered, was_public
from webapp.news.searching import Search, excerpt, found, highlight
from webapp.prepared import Prepared, Writer

PAGE_SIZE = 100
# Hits are shown with an excerpt each, which a hundred of would be too heavy.
HITS = 40
MONTHS_SHOWN = 12
# Whoever gets more than a thousand hits needs another word, not another page.
COUNTED = 1_000


class NoSuchList(Exception):
    """There is no such section, tag, author or month, or nothing is in it."""


class NoSuchPage(Exception):
    """The list has not so many pages."""


@dataclass(frozen=True, order=True)  # and no tuple: url_for would take one for several values
class Month:
    """A calendar month of the site's time zone."""

    year: int
    number: int

    @classmethod
    def read(cls, text: str) -> "Month":
        """The month of `2024-12`. Raises NoSuchList for anything else."""
        match = re.fullmatch(r"([0-9]{4})-(0[1-9]|1[0-2])", text, re.ASCII)
        if match is None or not 1600 <= int(match[1]) <= 9000:
            raise NoSuchList
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, moment: datetime, zone: tzinfo) -> "Month":
        on = local_date(moment, zone)
        return cls(on.year, on.month)

    def start(self, zone: tzinfo) -> datetime:
        return datetime(self.year, self.number, 1, tzinfo=zone).astimezone(UTC)

    def end(self, zone: tzinfo) -> datetime:
        """The first moment of the next month."""
        return Month(self.year + self.number // 12, self.number % 12 + 1).start(zone)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    @property
    def name(self) -> str:
        """`December 2024`"""
        return f"{MONTHS[self.number - 1]} {self.year}"


class Wanted(NamedTuple):
    """Which headlines: those to which all of this applies."""

    section: str | None = None
    tag: str | None = None
    author: str | None = None
    month: Month | None = None
    search: Search | None = None


class Hit(NamedTuple):
    """A line of a search's result: escaped HTML with the words in <mark>."""

    line: Headline
    headline: Markup
    excerpt: Markup


class HeadlinePage(NamedTuple):
    """A page of headlines, newest first; `hits` only of a search. `total`: how many the list holds, None for over a thousand."""

    headlines: list[Headline]
    hits: list[Hit]
    page: int
    has_older: bool
    total: int | None
    size: int

    @property
    def pages(self) -> int | None:
        """At least 1; None where nobody counted."""
        return None if self.total is None else max(1, -(-self.total // self.size))


_IDS = select(Article.id).where(is_public(NOW)).order_by(*NEWEST_FIRST).limit(LIMIT).offset(bindparam("offset", type_=Integer()))
_ALL = Prepared(select(*LINE).where(Article.id.in_(_IDS)).order_by(*NEWEST_FIRST))
_COUNT_ALL = Prepared(select(func.count()).select_from(select(Article.id).where(is_public(NOW)).limit(COUNTED + 1).subquery()))


# Both cost the same however many articles there are: what comes first in an index is taken, and nothing beyond a thousand counted.
# The ids first, out of the index alone: what comes before a late page is passed over without its articles being read.


def all_headlines(session: Writer, now: datetime, *, page: int) -> HeadlinePage:
    """Page `page` (from 1) of all there are. Raises NoSuchPage."""
    if page < 1:
        raise NoSuchPage
    lines = [Headline(*row) for row in _ALL.all(session, now=now, limit=PAGE_SIZE + 1, offset=(page - 1) * PAGE_SIZE)]
    if not lines and page > 1:
        raise NoSuchPage
    more = len(lines) > PAGE_SIZE
    [(total,)] = _COUNT_ALL.all(session, now=now) if more or page > 1 else [(len(lines),)]
    return HeadlinePage(lines[:PAGE_SIZE], [], page, more, _if_counted(total), PAGE_SIZE)


def headline_page(session: Session, now: datetime, zone: tzinfo, wanted: Wanted, *, page: int) -> HeadlinePage:
    """Page `page` (from 1) of what is wanted. Raises NoSuchList or NoSuchPage."""
    size = PAGE_SIZE if wanted.search is None else HITS
    if wanted.search is not None and not wanted.search.words:
        return HeadlinePage([], [], 1, False, 0, size)
    if page < 1 or (wanted.search is not None and page * size > COUNTED):
        raise NoSuchPage
    chosen = list(session.scalars(_ids(session, now, zone, wanted).limit(size + 1).offset((page - 1) * size)))
    if not chosen and page > 1:
        raise NoSuchPage
    if not chosen and wanted.search is None:
        raise NoSuchList
    more = len(chosen) > size
    total = _count(session, _from_one_index(session, now, zone, wanted)) if more or page > 1 else len(chosen)
    has_older = more and (wanted.search is None or (page + 1) * size <= COUNTED)
    lines, hits = _lines(session, chosen[:size], wanted.search)
    return HeadlinePage(lines, hits, page, has_older, total, size)


def _ids(session: Session, now: datetime, zone: tzinfo, wanted: Wanted) -> Select[int]:
    """The ids of what is wanted, newest first, by the one index that has them in this order."""
    end = wanted.month.end(zone) if wanted.month else None
    # One bound, not two: SQLite would walk from the later one down to the other.
    query = select(Article.id).where(is_public(now) if end is None or end > now else was_public(end))
    order: tuple[ColumnElement[Any], ...] = NEWEST_FIRST
    if wanted.section is not None:
        query = query.where(Article.section == wanted.section)
    if wanted.month is not None:
        query = query.where(Article.published >= wanted.month.start(zone))
    for label, value in ((Topic, wanted.tag), (Byline, wanted.author)):
        if value is not None:
            name = Topic.tag if label is Topic else Byline.author
            query = query.join(label, label.article_id == Article.id).where(name == value, label.published <= now)
            order = (label.published.desc(), label.article_id.desc())
    if wanted.search is not None:
        hits = found(session, wanted.search)
        query = query.join(hits.rows, hits.article_id == Article.id).where(hits.matches)
        order = hits.newest_first
    return query.order_by(*order)


def _from_one_index(session: Session, now: datetime, zone: tzinfo, wanted: Wanted) -> Select[int]:
    """`_ids` for counting: where one index holds them all, without a look at each article, which takes ten times as long.

    What readers may not see is left out by a list of it, which is short.
    """
    hidden = _hidden(now)
    match wanted:
        case Wanted(section=None, month=None, tag=str(tag), author=None, search=None):
            return select(Topic.article_id).where(Topic.tag == tag, Topic.published <= now, Topic.article_id.not_in(hidden))
        case Wanted(section=None, month=None, tag=None, author=str(author), search=None):
            return select(Byline.article_id).where(Byline.author == author, Byline.published <= now, Byline.article_id.not_in(hidden))
        case Wanted(section=None, month=None, tag=None, author=None, search=Search() as search):
            hits = found(session, search)
            return select(hits.article_id).select_from(hits.rows).where(hits.matches, hits.article_id.not_in(hidden))
    return _ids(session, now, zone, wanted)


def _hidden(now: datetime) -> CompoundSelect[int]:
    """The articles that readers may not see at `now`: those withdrawn, those to come."""
    ids = select(Article.id)
    return ids.where(Article.status == "withdrawn").union_all(ids.where(Article.status == "published", Article.published > now))


def _count(session: Session, ids: Select[int]) -> int | None:
    """How many there are; None for more than a thousand."""
    return _if_counted(session.scalar(select(func.count()).select_from(ids.order_by(None).limit(COUNTED + 1).subquery())) or 0)


def _if_counted(total: int) -> int | None:
    return total if total <= COUNTED else None


def _lines(session: Session, ids: Sequence[int], search: Search | None) -> tuple[list[Headline], list[Hit]]:
    if not ids:
        return [], []
    rows = _lines_of(len(ids), search is not None).all(session, **numbered("article", ids))
    if search is None:
        return [Headline(*row) for row in rows], []
    return [], [_hit(search, Headline(*row[:4]), row[4] or "", row[5]) for row in rows]


@lru_cache(maxsize=128)  # for each length that a page may have
def _lines_of(articles: int, with_text: bool) -> Prepared:
    columns = (*LINE, Article.standfirst, Article.body) if with_text else LINE
    which = Article.id.in_([bindparam(name) for name in numbered("article", range(articles))])
    return Prepared(select(*columns).where(which).order_by(*NEWEST_FIRST))


def _hit(search: Search, line: Headline, standfirst: str, body: str) -> Hit:
    """The standfirst if it has a word that was looked for, else what stands around the first in the text."""
    shown = highlight(standfirst, search)
    if "<mark>" not in shown:
        inside = highlight(excerpt(without_marks(body), search), search)
        shown = inside if "<mark>" in inside or not standfirst else shown
    return Hit(line, highlight(line.headline, search), shown)


def months(session: Writer, now: datetime, zone: tzinfo) -> list[Month]:
    """The newest twelve months that have articles, newest first: one step in the index for each."""
    return list(islice(_walk(session, now, zone), MONTHS_SHOWN))


# One bound, not two: SQLite would walk from the later one down to the other.
_NEWEST = Prepared(select(func.max(Article.published)).where(is_public(NOW)))
_NEWEST_BEFORE = Prepared(select(func.max(Article.published)).where(was_public(bindparam("before", type_=Moment()))))


def _walk(session: Writer, now: datetime, zone: tzinfo) -> Iterator[Month]:
    newest = _NEWEST.first(session, now=now)
    while newest and newest[0]:
        month = Month.of(newest[0], zone)
        yield month
        newest = _NEWEST_BEFORE.first(session, before=month.start(zone))


def around_month(session: Session, now: datetime, zone: tzinfo, month: Month) -> tuple[Month | None, Month | None]:
    """The nearest earlier and the nearest later month with articles."""
    earlier = session.scalar(select(func.max(Article.published)).where(was_public(min(now, month.start(zone)))))
    later = session.scalar(select(func.min(Article.published)).where(is_public(now), Article.published >= month.end(zone)))
    return (Month.of(earlier, zone) if earlier else None), (Month.of(later, zone) if later else None)
