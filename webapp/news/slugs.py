"""Slugs: the last part of an article's address."""

import re
import unicodedata

from webapp.news.folding import LETTERS

LONGEST = 80


def is_slug(text: str) -> bool:
    """Whether `text` is 1 to 80 of a–z, 0–9 and single hyphens inside."""
    return len(text) <= LONGEST and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text) is not None


def make_slug(text: str) -> str:
    """The slug nearest to `text`, accents dropped, cut at a hyphen where possible; empty if nothing in it can be kept."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(LETTERS)).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", re.sub(r"['’]", "", plain)).strip("-")
    if len(slug) <= LONGEST:
        return slug
    return (slug[: LONGEST + 1].rpartition("-")[0] or slug[:LONGEST]).strip("-")
