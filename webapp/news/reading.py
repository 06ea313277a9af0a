"""What the pages read of articles: whole ones, and the newest headlines. Lists with filters are in listing.py."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, NoReturn

from sqlalchemy import BindParameter, ColumnElement, Integer, and_, bindparam, select, text
from sqlalchemy.orm import Session

from webapp.database import Moment
from webapp.news.models import Alias, Article, Figure, Picture
from webapp.prepared import Prepared, Writer

WORDS_A_MINUTE = 230
NEWEST_FIRST = (Article.published.desc(), Article.id.desc())
# The columns of a Headline.
LINE = (Article.slug, Article.headline, Article.section, Article.published)


class NoSuchArticle(Exception):
    """Nothing is published under this slug: it never was, or is not yet."""


class Withdrawn(Exception):
    """The article at this slug was taken off the site."""


class Moved(Exception):
    """The article has another slug now."""

    def __init__(self, slug: str) -> None:
        super().__init__(slug)
        self.slug = slug


class Headline(NamedTuple):
    """A line of an index."""

    slug: str
    headline: str
    section: str | None
    published: datetime


class FigureView(NamedTuple):
    """A picture of an article: the SHA-256 and the size in pixels of the file it came from, and its words."""

    sha256: bytes
    width: int
    height: int
    alt: str
    caption: str
    credit: str | None


class ArticleView(NamedTuple):
    """An article as its page shows it. `body` is sanitised HTML; `figures` in their order; `card` the file shared if there are none."""

    id: int
    slug: str
    guid: str
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
    words: int
    card: bytes | None
    figures: tuple[FigureView, ...]

    @property
    def minutes(self) -> int:
        """The reading time, rounded up."""
        return max(1, -(-self.words // WORDS_A_MINUTE))

    @property
    def byline(self) -> str:
        """`A, B and C`"""
        *others, last = self.authors or [""]
        return f"{', '.join(others)} and {last}" if others else last


def is_public(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Whether readers may see an article at `now`."""
    return and_(Article.status == "published", Article.published <= now)


def was_public(before: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Whether readers may see an article that appeared before `before`, which is not in the future."""
    return and_(Article.status == "published", Article.published < before)


# What statements that are prepared once are given when they are run.
NOW, LIMIT = bindparam("now", type_=Moment()), bindparam("limit", type_=Integer())

_WHOLE = select(*[getattr(Article, name) for name in ArticleView._fields if name != "figures"])
_NEWEST = Prepared(_WHOLE.where(is_public(NOW)).order_by(*NEWEST_FIRST).limit(LIMIT))
_LEAD = Prepared(_WHOLE.where(is_public(NOW), Article.lead).order_by(*NEWEST_FIRST).limit(1))
_PUBLISHED = Prepared(_WHOLE.where(is_public(NOW), Article.slug == bindparam("slug")))
_ANY = Prepared(_WHOLE.where(Article.slug == bindparam("slug")))
_STATUS = Prepared(select(Article.status).where(Article.slug == bindparam("slug")))
_MOVED = Prepared(select(Article.slug).join(Alias, Alias.article_id == Article.id).where(Alias.slug == bindparam("slug")))
_HEADLINES = Prepared(select(*LINE).where(is_public(NOW)).order_by(*NEWEST_FIRST).limit(LIMIT))


def lead_article(session: Writer, now: datetime) -> ArticleView | None:
    """The newest article marked `lead`, else the newest; None before the first is published."""
    # Two walks down the index of times: one query sorted by `lead` would sort every article there is.
    return next(iter(_views(session, _LEAD, now=now) or latest(session, now, limit=1)), None)


def latest(session: Writer, now: datetime, *, limit: int) -> list[ArticleView]:
    """The newest `limit` articles in full."""
    return _views(session, _NEWEST, now=now, limit=limit)


def article(session: Writer, slug: str, now: datetime) -> ArticleView:
    """The published article `slug`. Raises NoSuchArticle, Withdrawn or Moved."""
    found = _views(session, _PUBLISHED, now=now, slug=slug)
    if not found:
        _explain(session, slug)
    return found[0]


def any_article(session: Writer, slug: str) -> ArticleView:
    """The article `slug`, whether readers may see it or not. Raises NoSuchArticle."""
    found = _views(session, _ANY, slug=slug)
    if not found:
        raise NoSuchArticle
    return found[0]


def _explain(session: Writer, slug: str) -> NoReturn:
    found = _STATUS.first(session, slug=slug)
    if found == ("withdrawn",):
        raise Withdrawn
    moved = None if found else _MOVED.first(session, slug=slug)
    if moved is not None:
        raise Moved(moved[0])
    raise NoSuchArticle


def headlines(session: Writer, now: datetime, *, limit: int) -> list[Headline]:
    """The newest `limit` headlines."""
    return [Headline(*row) for row in _HEADLINES.all(session, now=now, limit=limit)]


# One step in the index for each section, and no more than so many articles of each counted: the cost of a page's masthead
# must not grow with the archive.
_COUNTED = 1_000
_SECTIONS = text("""
WITH RECURSIVE names(name) AS (
  SELECT min(section) FROM news_article WHERE status = 'published'
  UNION ALL
  SELECT (SELECT min(section) FROM news_article WHERE status = 'published' AND section > name) FROM names WHERE name IS NOT NULL)
SELECT name, (SELECT count(*) FROM (SELECT 1 FROM news_article
  WHERE status = 'published' AND section = name AND published <= :now LIMIT :counted) AS counted)
FROM names WHERE name IS NOT NULL""").bindparams(bindparam("now", type_=Moment()))


def sections(session: Session, now: datetime) -> list[str]:
    """The sections that have articles, the fullest first; with over a thousand all are equally full, and go by name."""
    rows = session.execute(_SECTIONS, {"now": now, "counted": _COUNTED}).all()
    return [name for name, count in sorted(rows, key=lambda row: (-row[1], row[0])) if name and count]


def _views(session: Writer, statement: Prepared, **values: Any) -> list[ArticleView]:
    rows = statement.all(session, **values)
    figures: dict[int, list[FigureView]] = {row[0]: [] for row in rows}
    for article, *facts in _figures_of(len(rows)).all(session, **numbered("article", figures)) if rows else ():
        figures[article].append(FigureView(*facts))
    return [ArticleView._make((*row, tuple(figures[row[0]]))) for row in rows]


@lru_cache(maxsize=8)  # one article and a feed's
def _figures_of(articles: int) -> Prepared:
    columns = (Figure.article_id, Picture.sha256, Picture.width, Picture.height, Figure.alt, Figure.caption, Figure.credit)
    which = Figure.article_id.in_([bindparam(name) for name in numbered("article", range(articles))])
    joined = select(*columns).join(Picture, Picture.sha256 == Figure.picture_sha256)
    return Prepared(joined.where(which).order_by(Figure.article_id, Figure.position))


def numbered(name: str, values: Iterable[Any]) -> dict[str, Any]:
    """`values` by the names of as many bindparams: name0, name1, ..."""
    return {f"{name}{number}": value for number, value in enumerate(values)}
