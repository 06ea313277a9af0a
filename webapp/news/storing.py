"""Store what an import has read. A large one in parts, a transaction each: sign-ups must not wait until ten thousand articles
are written. What was stored when it broke off is found unchanged by the next try, which so goes on where this one ended."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from webapp.database import is_sqlite
from webapp.news import guids, known, searching, variants
from webapp.news.importing import Draft, Plan
from webapp.news.known import Known
from webapp.news.models import Alias, Article, Figure, Picture

# Some 500 rows with their tags, authors, figures and words: a fifth of a second.
PART = 100


class ChangedMeanwhile(Exception):
    """Somebody else stored articles under these addresses while our files were read."""

    def __init__(self) -> None:
        super().__init__("Other articles were stored while these files were read; theirs were left alone.")


@dataclass(frozen=True)
class Summary:
    """What an import did, by slug; `moved` is former slug → new slug, `pictures` how many were made."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    moved: dict[str, str]
    pictures: int


def summarize(plan: Plan) -> Summary:
    """What `store` does, or would do."""
    return Summary(plan.new, plan.changed, plan.unchanged, plan.moved, plan.pictures_made)


def in_parts(plan: Plan) -> Iterator[Plan]:
    """`plan` in parts of a hundred articles, each to be stored on its own. Those that give and take an address are in the first."""
    taken_from = {draft.fields.slug: _owners(draft, plan.known) for draft in plan.drafts}
    givers = {owner for owners in taken_from.values() for owner in owners}
    bound = {slug for slug, owners in taken_from.items() if owners} | givers
    drafts = sorted(plan.drafts, key=lambda draft: not bound & {draft.fields.slug, draft.was})
    first = max(PART, sum(bool(bound & {draft.fields.slug, draft.was}) for draft in drafts))
    for start, end in [(0, first), *((start, start + PART) for start in range(first, len(drafts), PART))]:
        if part := tuple(drafts[start:end]):
            wanted = frozenset[str]().union(*(_names(draft) for draft in part))
            yield replace(plan, drafts=part, unchanged=(), pictures_made=0, wanted=wanted, known=plan.known.only(wanted))


def _names(draft: Draft) -> set[str]:
    """The addresses that the article wants."""
    return {draft.fields.slug, *draft.fields.aliases}


def _owners(draft: Draft, known: Known) -> set[str]:
    """The stored articles that it takes a former address from."""
    return {known.leads_to[name] for name in _names(draft) if name in known.leads_to} - {draft.fields.slug, draft.was or ""}


def store(session: Session, plan: Plan, *, now: datetime, made_up: bool = False) -> Summary:
    """Store the articles of `plan`; new ones without a time of publication are published `now`. Raises ChangedMeanwhile.

    A withdrawn article stays withdrawn. `made_up` marks new ones as samples.
    """
    if not is_sqlite(session):  # SQLite has one writer at a time; readers are never kept waiting on either
        session.execute(text("LOCK TABLE news_article IN SHARE ROW EXCLUSIVE MODE"))
    if known.look_up(session, plan.wanted) != plan.known or guids.owners(session, [draft.guid for draft in plan.drafts if draft.guid]):
        raise ChangedMeanwhile
    _store_pictures(session, plan)
    stored = _load(session, plan)
    for draft in plan.drafts:
        slug = draft.was or draft.fields.slug
        if slug not in stored:
            stored[slug] = Article(made_up=made_up, published=now, guid=draft.guid)
            session.add(stored[slug])
        _fill(stored[slug], draft)
    session.flush()
    for slug, article in stored.items():
        before = plan.known.articles.get(slug)
        searching.index(session, article, was_published=before.published if before else None)
    return summarize(plan)


def _load(session: Session, plan: Plan) -> dict[str, Article]:
    slugs = [draft.was or draft.fields.slug for draft in plan.drafts if draft.stored]
    articles: dict[str, Article] = {}
    for start in range(0, len(slugs), known.AT_ONCE):
        some = session.scalars(select(Article).where(Article.slug.in_(slugs[start : start + known.AT_ONCE])))
        articles.update({article.slug: article for article in some})
    return articles


def _fill(article: Article, draft: Draft) -> None:
    fields = draft.fields
    article.slug = fields.slug
    article.headline = fields.title
    article.standfirst = fields.standfirst
    article.section = fields.section
    article.authors = list(fields.authors)
    article.tags = list(fields.tags)
    article.published = fields.published or article.published
    article.updated = fields.updated
    article.correction = fields.correction
    article.lead = fields.lead
    article.ads = fields.ads
    article.body = draft.body
    article.words = draft.words
    article.source = draft.source
    article.card = draft.card.sha256 if draft.card else None
    article.aliases = [Alias(slug=alias) for alias in fields.aliases]
    article.list_anew()
    article.figures = [
        Figure(position=position, picture_sha256=figure.picture.sha256, alt=figure.alt, caption=figure.caption, credit=figure.credit)
        for position, figure in enumerate(draft.figures)
    ]


def _store_pictures(session: Session, plan: Plan) -> None:
    pictures = {figure.picture.sha256: figure.picture for draft in plan.drafts for figure in draft.figures}
    for picture in pictures.values():
        made = variants.variants(picture.sha256, picture.width, picture.height)
        session.merge(Picture(sha256=picture.sha256, width=picture.width, height=picture.height, variants=variants.as_rows(made)))
    session.flush()
