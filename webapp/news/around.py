"""What stands around an article: the pieces before and after it, and those about the same."""

from collections import Counter
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from sqlalchemy import and_, or_, select, union_all
from sqlalchemy.orm import Session

from webapp.news.models import Article, Topic
from webapp.news.reading import LINE, NEWEST_FIRST, ArticleView, Headline, is_public

RELATED = 3
# Of each tag only so many of the newest pieces are looked at, however many there are.
LOOKED_AT = 20


class Around(NamedTuple):
    """The piece published before, the one after, and up to three about the same things, closest first."""

    before: Headline | None
    after: Headline | None
    related: tuple[Headline, ...]


def around(session: Session, found: ArticleView, now: datetime) -> Around:
    """What stands around `found`."""
    place = (found.published, found.id)
    earlier = or_(Article.published < place[0], and_(Article.published == place[0], Article.id < place[1]))
    later = or_(Article.published > place[0], and_(Article.published == place[0], Article.id > place[1]))
    before = session.execute(select(*LINE).where(is_public(min(now, place[0])), earlier).order_by(*NEWEST_FIRST).limit(1)).first()
    after = session.execute(
        select(*LINE).where(is_public(now), Article.published >= place[0], later).order_by(Article.published, Article.id).limit(1)
    ).first()
    return Around(
        Headline(*before) if before else None,
        Headline(*after) if after else None,
        _related(session, found, now),
    )


def _related(session: Session, found: ArticleView, now: datetime) -> tuple[Headline, ...]:
    """Those with the most tags in common, the newest first among equals; then the newest of the same section."""
    lines = _with_tags_in_common(session, found, now)
    if len(lines) < RELATED and found.section:
        query = select(*LINE).where(is_public(now), Article.section == found.section, Article.id != found.id)
        newest = [Headline(*row) for row in session.execute(query.order_by(*NEWEST_FIRST).limit(2 * RELATED))]
        lines += [line for line in newest if line not in lines]
    return tuple(lines[:RELATED])


def _with_tags_in_common(session: Session, found: ArticleView, now: datetime) -> list[Headline]:
    if not found.tags:
        return []
    newest = [
        select(
            select(Topic.article_id)
            .where(Topic.tag == tag)
            .order_by(Topic.published.desc(), Topic.article_id.desc())
            .limit(LOOKED_AT + 1)
            .subquery()
        )
        for tag in found.tags
    ]
    shared = Counter(session.scalars(union_all(*newest)))
    shared.pop(found.id, None)
    if not shared:
        return []
    # Whether they are public is looked at here: asked for it, SQLite walks through all that is, instead of taking these by their ids.
    rows = session.execute(select(Article.id, Article.status, *LINE).where(Article.id.in_(shared)))
    public = [row for row in rows if row.status == "published" and row.published <= now]
    public.sort(key=attrgetter("published"), reverse=True)
    public.sort(key=lambda row: -shared[row.id])
    return [Headline(*row[2:]) for row in public[:RELATED]]
