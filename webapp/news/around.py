"""What stands around an article: the pieces before and after it, and those about the same."""

from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import and_, bindparam, func, or_, select, union_all

from webapp.database import BigInt, Moment
from webapp.news.models import Article, Topic
from webapp.news.reading import LIMIT, LINE, NEWEST_FIRST, NOW, ArticleView, Headline, is_public, numbered
from webapp.prepared import Prepared, Writer

RELATED = 3
# Of each tag only so many of the newest pieces are looked at, however many there are.
LOOKED_AT = 20


class Around(NamedTuple):
    """The piece published before, the one after, and up to three about the same things, closest first."""

    before: Headline | None
    after: Headline | None
    related: tuple[Headline, ...]


_PUBLISHED, _ID = bindparam("published", type_=Moment()), bindparam("id", type_=BigInt)
_EARLIER = or_(Article.published < _PUBLISHED, and_(Article.published == _PUBLISHED, Article.id < _ID))
_LATER = or_(Article.published > _PUBLISHED, and_(Article.published == _PUBLISHED, Article.id > _ID))
_BEFORE = Prepared(select(*LINE).where(is_public(NOW), _EARLIER).order_by(*NEWEST_FIRST).limit(1))
_AFTER = Prepared(
    select(*LINE).where(is_public(NOW), Article.published >= _PUBLISHED, _LATER).order_by(Article.published, Article.id).limit(1)
)
_SAME_SECTION = Prepared(
    select(*LINE).where(is_public(NOW), Article.section == bindparam("section"), Article.id != _ID).order_by(*NEWEST_FIRST).limit(LIMIT)
)


def around(session: Writer, found: ArticleView, now: datetime) -> Around:
    """What stands around `found`."""
    place = {"published": found.published, "id": found.id}
    before = _BEFORE.first(session, now=min(now, found.published), **place)
    after = _AFTER.first(session, now=now, **place)
    return Around(
        Headline(*before) if before else None,
        Headline(*after) if after else None,
        _related(session, found, now),
    )


def _related(session: Writer, found: ArticleView, now: datetime) -> tuple[Headline, ...]:
    """Those with the most tags in common, the newest first among equals; then the newest of the same section."""
    lines = _with_tags_in_common(session, found, now) if found.tags else []
    if len(lines) < RELATED and found.section:
        rows = _SAME_SECTION.all(session, now=now, section=found.section, id=found.id, limit=2 * RELATED)
        lines += [line for line in (Headline(*row) for row in rows) if line not in lines]
    return tuple(lines[:RELATED])


def _with_tags_in_common(session: Writer, found: ArticleView, now: datetime) -> list[Headline]:
    # Whether they are public is looked at here: asked for it, SQLite walks through all that is, instead of taking these by their ids.
    rows = _tagged(len(found.tags)).all(session, id=found.id, **numbered("tag", found.tags))
    public = [Headline(*line) for status, *line in rows if status == "published" and line[-1] <= now]
    return public[:RELATED]


@lru_cache(maxsize=16)
def _tagged(tags: int) -> Prepared:
    """The newest articles of each of so many tags: those with the most of them first, then the newest."""
    newest = [
        select(
            select(Topic.article_id)
            .where(Topic.tag == bindparam(name))
            .order_by(Topic.published.desc(), Topic.article_id.desc())
            .limit(LOOKED_AT + 1)
            .subquery()
        )
        for name in numbered("tag", range(tags))
    ]
    each = union_all(*newest).subquery()
    shared = select(each.c.article_id, func.count().label("tags")).group_by(each.c.article_id).subquery()
    joined = select(Article.status, *LINE).join(shared, shared.c.article_id == Article.id)
    return Prepared(joined.where(Article.id != _ID).order_by(shared.c.tags.desc(), *NEWEST_FIRST))
