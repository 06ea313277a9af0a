"""Addresses are given once: two files, or a file and the database, must not want the same one for different articles."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from webapp.news.faults import Fault
from webapp.news.known import Known

if TYPE_CHECKING:
    from webapp.news.fields import Parsed


def check_addresses(articles: Sequence["Parsed"], known: Known) -> tuple[dict[str, str], list[Fault]]:
    """New slug → stored slug of articles that move to a new address, and every clash.

    A file whose alias is the slug of a stored article moves that article, if it is the same piece (same title or same
    time of publication) and its own slug is new.
    """
    faults = _clashes(articles)
    arriving = {article.fields.slug for article in articles}
    moves: dict[str, str] = {}
    for article in articles:
        slug = article.fields.slug
        for alias in article.fields.aliases:
            if alias in known.articles and alias not in arriving:
                if slug not in moves and _is_same_piece(article, alias, known):
                    moves[slug] = alias
                else:
                    mend = "Choose another alias. (To move a piece to a new slug, keep its title or its time of publication.)"
                    faults.append(_fault(article, "aliases", f"{alias!r} is the address of another article", mend))
    arriving |= set(moves.values())
    for article in articles:
        slug = article.fields.slug
        for wanted, field in [(slug, "slug"), *((alias, "aliases") for alias in article.fields.aliases)]:
            owner = known.leads_to.get(wanted)
            # An article in this import gives up the aliases that its file no longer names.
            if owner is not None and owner not in arriving:
                mend = f"Choose another, or import {owner} with it, without this alias."
                faults.append(_fault(article, field, f"{wanted!r} is a former address of {owner!r}", mend))
    return moves, faults


def _clashes(articles: Sequence["Parsed"]) -> list[Fault]:
    """Files among themselves."""
    faults = []
    slugs: dict[str, Parsed] = {}
    for article in articles:
        slug = article.fields.slug
        if slug in slugs:
            faults.append(_fault(article, "slug", f"{slugs[slug].found.name} has the slug {slug!r}, too", "Give one of them another slug."))
        slugs.setdefault(slug, article)
    aliases: dict[str, Parsed] = {}
    for article in articles:
        for alias in article.fields.aliases:
            if alias in slugs:
                owner = "this article's own slug" if slugs[alias] is article else f"the slug of {slugs[alias].found.name}"
                faults.append(_fault(article, "aliases", f"the alias {alias!r} is {owner}", "Delete it."))
            elif alias in aliases:
                faults.append(
                    _fault(article, "aliases", f"{aliases[alias].found.name} has the alias {alias!r}, too", "Delete one of them.")
                )
            aliases.setdefault(alias, article)
    return faults


def _is_same_piece(article: "Parsed", alias: str, known: Known) -> bool:
    stored = known.articles[alias]
    fields = article.fields
    return fields.slug not in known.articles and (fields.title == stored.headline or fields.published == stored.published)


def _fault(article: "Parsed", field: str, reason: str, mend: str) -> Fault:
    return Fault(article.found.name, article.fields.lines.get(field, 1), reason, mend)
