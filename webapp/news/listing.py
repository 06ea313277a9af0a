"""Lists of headlines: all, of a section, with a tag, of a month, with some words in them; page by page, without bodies."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import islice

from markupsafe import Markup
from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from webapp.dates import MONTHS, local_date
from webapp.news.folding import without_marks
from webapp.news.models import Article, Topic
from webapp.news.reading import LINE, NEWEST_FIRST, Headline, is_public
from webapp.news.searching import Search, excerpt, highlight, matching

PAGE_SIZE = 100
# Hits are shown with an excerpt each, which a hundred of would be too heavy.
HITS = 40
MONTHS_SHOWN = 12


class NoSuchList(Exception):
    """There is no such section, tag or month, or nothing is in it."""


class NoSuchPage(Exception):
    """The list has not so many pages."""


@dataclass(frozen=True, order=True)
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


@dataclass(frozen=True)
class Wanted:
    """Which headlines: those to which all of this applies."""

    section: str | None = None
    tag: str | None = None
    month: Month | None = None
    search: Search | None = None

    def conditions(self, session: Session, now: datetime, zone: tzinfo) -> ColumnElement[bool]:
        every = [is_public(now)]
        if self.section is not None:
            every.append(Article.section == self.section)
        if self.tag is not None:
            every.append(Article.id.in_(select(Topic.article_id).where(Topic.tag == self.tag)))
        if self.month is not None:
            every += [Article.published >= self.month.start(zone), Article.published < self.month.end(zone)]
        if self.search is not None:
            every.append(Article.id.in_(matching(session, self.search)))
        return and_(*every)


@dataclass(frozen=True)
class Hit:
    """A line of a search's result: escaped HTML with the words in <mark>."""

    line: Headline
    headline: Markup
    excerpt: Markup


@dataclass(frozen=True)
class HeadlinePage:
    """A page of headlines, newest first; `hits` only of a search. `pages` is at least 1."""

    headlines: list[Headline]
    hits: list[Hit]
    page: int
    pages: int
    total: int


def headline_page(session: Session, now: datetime, zone: tzinfo, wanted: Wanted, *, page: int) -> HeadlinePage:
    """Page `page` (from 1) of what is wanted. Raises NoSuchList or NoSuchPage."""
    if wanted.search is not None and not wanted.search.words:
        return HeadlinePage([], [], 1, 1, 0)
    which = wanted.conditions(session, now, zone)
    total = session.scalar(select(func.count()).select_from(Article).where(which)) or 0
    if not total and wanted.search is None and wanted != Wanted():
        raise NoSuchList
    size = PAGE_SIZE if wanted.search is None else HITS
    pages = max(1, -(-total // size))
    if not 1 <= page <= pages:
        raise NoSuchPage
    # The ids first, out of the index alone: what comes before a late page is counted off without its articles being read.
    chosen = select(Article.id).where(which).order_by(*NEWEST_FIRST).limit(size).offset((page - 1) * size).subquery()
    query = select(*LINE).join(chosen, chosen.c.id == Article.id).order_by(*NEWEST_FIRST)
    if wanted.search is None:
        return HeadlinePage([Headline(*row) for row in session.execute(query)], [], page, pages, total)
    return HeadlinePage(
        [],
        [
            _hit(wanted.search, Headline(*row[:4]), row[4] or "", row[5])
            for row in session.execute(query.add_columns(Article.standfirst, Article.body))
        ],
        page,
        pages,
        total,
    )


def _hit(search: Search, line: Headline, standfirst: str, body: str) -> Hit:
    """The standfirst if it has a word that was looked for, else what stands around the first in the text."""
    shown = highlight(standfirst, search)
    if "<mark>" not in shown:
        inside = highlight(excerpt(without_marks(body), search), search)
        shown = inside if "<mark>" in inside or not standfirst else shown
    return Hit(line, highlight(line.headline, search), shown)


def months(session: Session, now: datetime, zone: tzinfo) -> list[Month]:
    """The newest twelve months that have articles, newest first: one step in the index for each."""
    return list(islice(_walk(session, now, zone), MONTHS_SHOWN))


def _walk(session: Session, now: datetime, zone: tzinfo) -> Iterator[Month]:
    before = None
    while True:
        query = select(func.max(Article.published)).where(is_public(now))
        newest = session.scalar(query if before is None else query.where(Article.published < before))
        if newest is None:
            return
        month = Month.of(newest, zone)
        yield month
        before = month.start(zone)


def around_month(session: Session, now: datetime, zone: tzinfo, month: Month) -> tuple[Month | None, Month | None]:
    """The nearest earlier and the nearest later month with articles."""
    earlier = session.scalar(select(func.max(Article.published)).where(is_public(now), Article.published < month.start(zone)))
    later = session.scalar(select(func.min(Article.published)).where(is_public(now), Article.published >= month.end(zone)))
    return (Month.of(earlier, zone) if earlier else None), (Month.of(later, zone) if later else None)
