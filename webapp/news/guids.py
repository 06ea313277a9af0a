"""What feeds call an article for good, whatever becomes of its address: its first slug, or what its file says (`id`).

A feed's reader that sees another id shows the piece a second time (RFC 4287, 4.2.6), so no two articles ever share one, and none
is given another.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.news.faults import Fault
from webapp.news.known import AT_ONCE, Known
from webapp.news.models import Article
from webapp.news.slugs import LONGEST

if TYPE_CHECKING:
    from webapp.news.fields import Parsed


def owners(session: Session, guids: Iterable[str]) -> dict[str, str]:
    """The slugs of the stored articles that have one of `guids`."""
    found: dict[str, str] = {}
    wanted = sorted(set(guids))
    for start in range(0, len(wanted), AT_ONCE):
        query = select(Article.guid, Article.slug).where(Article.guid.in_(wanted[start : start + AT_ONCE]))
        found.update((row[0], row[1]) for row in session.execute(query))
    return found


def give_guids(session: Session, articles: Sequence["Parsed"], known: Known, moves: dict[str, str]) -> tuple[dict[str, str], list[Fault]]:
    """Slug → guid of the articles that are not stored yet, and every clash."""
    faults, new = [], []
    for article in articles:
        fields = article.fields
        stored = known.articles.get(moves.get(fields.slug, fields.slug))
        if stored is None:
            new.append(article)
        elif fields.guid not in {None, stored.guid}:
            reason = f"the article's id is {stored.guid!r} already, and stays so: feeds' readers know it by that"
            faults.append(_fault(article, reason, f"Write id: {stored.guid}, or delete the line."))
    taken = owners(session, {name for article in new for name in (article.fields.slug, article.fields.guid) if name})
    files: dict[str, str] = {}
    given: dict[str, str] = {}
    for article in new:
        guid = article.fields.guid
        if guid is None:
            continue
        if other := taken.get(guid) or files.get(guid):
            faults.append(_fault(article, f"{guid!r} is the id of {other}", "Choose another, or delete the line."))
        files.setdefault(guid, article.found.name)
        given[article.fields.slug] = guid
    for article in new:
        slug = article.fields.slug
        if slug not in given:
            given[slug] = _free(session, slug, taken, files)
            files[given[slug]] = article.found.name
    return given, faults


def _free(session: Session, slug: str, taken: dict[str, str], given: dict[str, str]) -> str:
    """`slug`, or with the first number behind it that makes it nobody's."""
    guid, number = slug, 1
    while guid in given or guid in taken or (number > 1 and owners(session, [guid])):
        number += 1
        end = f"-{number}"
        guid = slug[: LONGEST - len(end)].rstrip("-") + end
    return guid


def _fault(article: "Parsed", reason: str, mend: str) -> Fault:
    return Fault(article.found.name, article.fields.lines.get("id", 1), reason, mend)
