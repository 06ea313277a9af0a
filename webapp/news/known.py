"""What the database holds already under the slugs that an import wants to use."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.news.models import Alias, Article, Figure

AT_ONCE = 500  # databases limit how many values a question may hold


@dataclass(frozen=True)
class Stored:
    """An article as far as an import compares it: its source by SHA-256, its pictures by theirs, and its card by its own."""

    id: int
    slug: str
    guid: str
    headline: str
    published: datetime
    source: bytes
    pictures: tuple[bytes, ...]
    card: bytes | None


@dataclass(frozen=True)
class Known:
    """Articles by slug, and for each former slug the slug of the article it leads to."""

    articles: dict[str, Stored]
    leads_to: dict[str, str]

    def only(self, slugs: Iterable[str]) -> "Known":
        """What of it is under `slugs`."""
        names = set(slugs)
        return Known(
            {name: self.articles[name] for name in names if name in self.articles},
            {name: self.leads_to[name] for name in names if name in self.leads_to},
        )


def look_up(session: Session, slugs: Iterable[str]) -> Known:
    """What is stored under `slugs`."""
    wanted = sorted(set(slugs))
    known = Known({}, {})
    for start in range(0, len(wanted), AT_ONCE):
        some = wanted[start : start + AT_ONCE]
        columns = (Article.id, Article.slug, Article.guid, Article.headline, Article.published, Article.source, Article.card)
        rows = session.execute(select(*columns).where(Article.slug.in_(some))).all()
        pictures: dict[int, list[bytes]] = {row.id: [] for row in rows}
        for article, picture in session.execute(
            select(Figure.article_id, Figure.picture_sha256)
            .where(Figure.article_id.in_(pictures))
            .order_by(Figure.article_id, Figure.position)
        ):
            pictures[article].append(picture)
        for row in rows:
            known.articles[row.slug] = Stored(
                row.id, row.slug, row.guid, row.headline, row.published, digest(row.source), tuple(pictures[row.id]), row.card
            )
        query = select(Alias.slug, Article.slug).join(Article, Article.id == Alias.article_id).where(Alias.slug.in_(some))
        known.leads_to.update((row[0], row[1]) for row in session.execute(query))
    return known


def digest(source: str) -> bytes:
    return sha256(source.encode()).digest()
