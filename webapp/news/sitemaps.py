"""Where everything is, for search engines: sitemap (sitemaps.org) and news sitemap (Google's, two days, a thousand articles)."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from html import escape

from sqlalchemy import Integer, bindparam, func, select, text
from sqlalchemy.orm import Session

from webapp.clock import stamp
from webapp.database import Moment
from webapp.news.describing import LANGUAGE, Publisher
from webapp.news.models import Article
from webapp.news.reading import NEWEST_FIRST, is_public

# Articles in a file of the sitemap (50,000 addresses and 50 MB are allowed): small enough to be made anew in no time, by numbers
# that never change, so that a growing archive changes its last file alone.
PART = 2_000
MOST_NEWS = 1_000
NEWS_FOR = timedelta(days=2)
_SCHEMA = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_HEAD = f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset {_SCHEMA}'


# One step through the articles' numbers for each file that has any: from the first that readers may see to the first behind its file.
# coalesce keeps the databases from looking for it in the index of times instead.
_NEXT = """(SELECT id FROM news_article WHERE coalesce(status, '') = 'published' AND coalesce(published, :now) <= :now
  AND id > {after} ORDER BY id LIMIT 1)"""
_PARTS = text(f"""
WITH RECURSIVE firsts(article) AS (
  SELECT {_NEXT.format(after="0")}
  UNION ALL
  SELECT {_NEXT.format(after="(article + :size - 1) / :size * :size")} FROM firsts WHERE article IS NOT NULL)
SELECT (article + :size - 1) / :size FROM firsts WHERE article IS NOT NULL ORDER BY 1""").bindparams(  # noqa: S608 - our own words
    bindparam("now", type_=Moment()), bindparam("size", type_=Integer())
)


def index(session: Session, now: datetime, publisher: Publisher) -> str:
    """The files there are: the one of the lists, and one for each two thousand articles of which readers may see any."""
    files = ["lists", *session.scalars(_PARTS, {"now": now, "size": PART})]
    lines = "".join(f"<sitemap><loc>{publisher.url}/sitemap/{file}.xml</loc></sitemap>\n" for file in files)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<sitemapindex {_SCHEMA}>\n{lines}</sitemapindex>\n'


def lists(publisher: Publisher, paths: Iterable[str]) -> str:
    """The pages that are no articles."""
    lines = "".join(f"<url><loc>{escape(publisher.url + path, quote=False)}</loc></url>\n" for path in paths)
    return f"{_HEAD}>\n{lines}</urlset>\n"


def part(session: Session, now: datetime, publisher: Publisher, number: int) -> str | None:
    """The articles with the numbers of file `number`, from 1; None if there are none."""
    within = (Article.id > (number - 1) * PART, Article.id <= number * PART)
    rows = session.execute(select(Article.slug, Article.published, Article.updated, Article.status).where(*within).order_by(Article.id))
    lines = [
        f"<url><loc>{publisher.url}/news/{slug}</loc><lastmod>{stamp(updated or published)}</lastmod></url>\n"
        for slug, published, updated, status in rows
        if status == "published" and published <= now
    ]
    return f"{_HEAD}>\n{''.join(lines)}</urlset>\n" if lines else None


def news_sitemap(session: Session, now: datetime, publisher: Publisher) -> str:
    """Articles of the last two days, the newest first, at most 1,000."""
    columns = (Article.slug, Article.headline, Article.published)
    new = select(*columns).where(is_public(now), Article.published > now - NEWS_FOR)
    rows = session.execute(new.order_by(*NEWEST_FIRST).limit(MOST_NEWS))
    name = escape(publisher.name, quote=False)
    paper = f"<news:publication><news:name>{name}</news:name><news:language>{LANGUAGE}</news:language></news:publication>"
    lines = [
        f"<url><loc>{publisher.url}/news/{slug}</loc><news:news>{paper}<news:publication_date>{stamp(published)}</news:publication_date>"
        f"<news:title>{escape(headline, quote=False)}</news:title></news:news></url>"
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
