"""What the pages read: a whole article, or the few columns that a list of headlines shows. No list loads a body."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from webapp.news.models import Alias, Article, Figure
from webapp.news.variants import SHARE_SIZE, share_file

PAGE_SIZE = 100
WORDS_A_MINUTE = 230


class NoSuchArticle(Exception):
    """Nothing is published under this slug: it never was, or is not yet."""


class Withdrawn(Exception):
    """The article at this slug was taken off the site."""


class Moved(Exception):
    """The article has another slug now."""

    def __init__(self, slug: str) -> None:
        super().__init__(slug)
        self.slug = slug


class NoSuchPage(Exception):
    """The list of headlines has no such section, or not so many pages."""


@dataclass(frozen=True)
class Headline:
    """A line of an index."""

    slug: str
    headline: str
    section: str | None
    published: datetime


@dataclass(frozen=True)
class SharePicture:
    """The picture that stands for an article on other sites: a JPEG in the media folder, with its size in pixels."""

    file: str
    width: int
    height: int
    alt: str


@dataclass(frozen=True)
class ArticleView:
    """An article as its page shows it. `body` is sanitised HTML; `minutes` is the reading time, rounded up."""

    slug: str
    headline: str
    standfirst: str | None
    section: str | None
    authors: list[str]
    tags: list[str]
    published: datetime
    updated: datetime | None
    correction: str | None
    ads: bool
    body: str
    minutes: int
    picture: SharePicture | None

    @property
    def byline(self) -> str:
        """`A, B and C`"""
        *others, last = self.authors or [""]
        return f"{', '.join(others)} and {last}" if others else last


@dataclass(frozen=True)
class HeadlinePage:
    """A page of ALL Headlines, newest first. `pages` is at least 1."""

    headlines: list[Headline]
    page: int
    pages: int
    total: int


def lead_article(session: Session, now: datetime) -> ArticleView | None:
    """The newest article marked `lead`, else the newest; None before the first is published."""
    return _view(session, _is_public(now), Article.lead.desc(), Article.published.desc(), Article.id.desc())


def article(session: Session, slug: str, now: datetime) -> ArticleView:
    """The published article `slug`. Raises NoSuchArticle, Withdrawn or Moved."""
    found = _view(session, and_(_is_public(now), Article.slug == slug))
    if found is None:
        _explain(session, slug)
    assert found is not None  # noqa: S101 - _explain always raises
    return found


def _explain(session: Session, slug: str) -> None:
    status = session.scalar(select(Article.status).where(Article.slug == slug))
    if status == "withdrawn":
        raise Withdrawn
    moved = session.scalar(select(Article.slug).join(Alias, Alias.article_id == Article.id).where(Alias.slug == slug))
    if status is None and moved is not None:
        raise Moved(moved)
    raise NoSuchArticle


def headlines(session: Session, now: datetime, *, limit: int, without: str | None = None) -> list[Headline]:
    """The newest `limit` headlines, leaving out the article that the page shows already."""
    return _headlines(session, and_(_is_public(now), Article.slug != (without or "")), limit)


def headline_page(session: Session, now: datetime, *, page: int, section: str | None = None) -> HeadlinePage:
    """Page `page` (from 1) of all headlines, or of a section's. Raises NoSuchPage."""
    which = _is_public(now) if section is None else and_(_is_public(now), Article.section == section)
    total = session.scalar(select(func.count()).select_from(Article).where(which)) or 0
    pages = max(1, -(-total // PAGE_SIZE))
    if not 1 <= page <= pages:
        raise NoSuchPage
    return HeadlinePage(_headlines(session, which, PAGE_SIZE, (page - 1) * PAGE_SIZE), page, pages, total)


def sections(session: Session, now: datetime) -> list[str]:
    """The sections that have articles, the fullest first."""
    rows = session.execute(
        select(Article.section)
        .where(_is_public(now), Article.section.is_not(None))
        .group_by(Article.section)
        .order_by(func.count().desc(), Article.section)
    )
    return [section for (section,) in rows if section]


def _is_public(now: datetime) -> ColumnElement[bool]:
    return and_(Article.status == "published", Article.published <= now)


def _headlines(session: Session, which: ColumnElement[bool], limit: int, offset: int = 0) -> list[Headline]:
    rows = session.execute(
        select(Article.slug, Article.headline, Article.section, Article.published)
        .where(which)
        .order_by(Article.published.desc(), Article.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [Headline(*row) for row in rows]


def _view(session: Session, which: ColumnElement[bool], *order: ColumnElement[Any]) -> ArticleView | None:
    columns = (
        Article.id,
        Article.slug,
        Article.headline,
        Article.standfirst,
        Article.section,
        Article.authors,
        Article.tags,
        Article.published,
        Article.updated,
        Article.correction,
        Article.ads,
        Article.body,
        Article.words,
    )
    row = session.execute(select(*columns).where(which).order_by(*order).limit(1)).first()
    if row is None:
        return None
    values = dict(row._mapping)
    picture = _share_picture(session, values.pop("id"))
    minutes = max(1, -(-values.pop("words") // WORDS_A_MINUTE))
    return ArticleView(**values, minutes=minutes, picture=picture)


def _share_picture(session: Session, article_id: int) -> SharePicture | None:
    """Made of the article's first figure."""
    figure = session.execute(
        select(Figure.picture_sha256, Figure.alt).where(Figure.article_id == article_id).order_by(Figure.position).limit(1)
    ).first()
    return None if figure is None else SharePicture(share_file(figure.picture_sha256), *SHARE_SIZE, figure.alt)
