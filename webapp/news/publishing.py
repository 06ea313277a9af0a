"""Take an article off the site, or put it back."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.news.models import Article
from webapp.news.reading import NoSuchArticle

PUBLISHED, WITHDRAWN = "published", "withdrawn"


def set_status(session: Session, slug: str, status: str) -> tuple[bool, datetime]:
    """Give the article `slug` this status; whether that changed anything, and its time of publication. Raises NoSuchArticle."""
    article = session.scalar(select(Article).where(Article.slug == slug).with_for_update())
    if article is None:
        raise NoSuchArticle
    changed = article.status != status
    article.status = status
    return changed, article.published
