"""Where everything is, for search engines: sitemap (sitemaps.org) and news sitemap (Google's, two days, a thousand articles)."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from xml.sax.saxutils import escape

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.clock import stamp
from webapp.news.describing import LANGUAGE, Publisher
from webapp.news.models import Article
from webapp.news.reading import NEWEST_FIRST, is_public

MOST = 50_000
MOST_NEWS = 1_000
NEWS_FOR = timedelta(days=2)
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def sitemap(session: Session, now: datetime, publisher: Publisher, pages: Iterable[str]) -> str:
    """`pages` (paths) and the newest articles, 50,000 together."""
    paths = list(pages)
    columns = (Article.slug, Article.published, Article.updated)
    rows = session.execute(select(*columns).where(is_public(now)).order_by(*NEWEST_FIRST).limit(MOST - len(paths)))
    lines = [f"<url><loc>{escape(publisher.url + path)}</loc></url>" for path in paths]
    lines += [
        f"<url><loc>{publisher.url}/news/{slug}</loc><lastmod>{stamp(updated or published)}</lastmod></url>"
        for slug, published, updated in rows
    ]
    return f"{_HEAD}>\n" + "\n".join(lines) + "\n</urlset>\n"


def news_sitemap(session: Session, now: datetime, publisher: Publisher) -> str:
    """Articles of the last two days, the newest first, at most 1,000."""
    columns = (Article.slug, Article.headline, Article.published)
    new = select(*columns).where(is_public(now), Article.published > now - NEWS_FOR)
    rows = session.execute(new.order_by(*NEWEST_FIRST).limit(MOST_NEWS))
    paper = f"<news:publication><news:name>{escape(publisher.name)}</news:name><news:language>{LANGUAGE}</news:language></news:publication>"
    lines = [
        f"<url><loc>{publisher.url}/news/{slug}</loc><news:news>{paper}<news:publication_date>{stamp(published)}</news:publication_date>"
        f"<news:title>{escape(headline)}</news:title></news:news></url>"
        for slug, headline, published in rows
    ]
    return (
        f'{_HEAD} xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">\n' + "".join(f"{line}\n" for line in lines) + "</urlset>\n"
    )


def next_change(session: Session, now: datetime) -> datetime | None:
    """The next moment after `now` at which the clock alone publishes an article, or makes one too old for the news sitemap."""
    published = select(func.min(Article.published)).where(Article.status == "published")
    coming = session.scalar(published.where(Article.published > now))
    ageing = session.scalar(published.where(Article.published > now - NEWS_FOR))
    return min((moment for moment in (coming, ageing and ageing + NEWS_FOR) if moment is not None), default=None)
