"""The label that every page and letter about an operator's draw must bear (PROTOCOL §6)."""

from flask import current_app
from sqlalchemy import select

from webapp.database import db
from webapp.sweepstakes.clauses import is_operator_trusted
from webapp.sweepstakes.models import Campaign


def is_trusted(slug: str) -> bool:
    """Whether the draw of this opened campaign is operator-trusted. Asked by pages that everybody opens; as it never changes, once."""
    kept: dict[str, bool] = current_app.extensions.setdefault("operator_trusted", {})
    if slug not in kept:
        kept[slug] = is_operator_trusted(db.session().scalars(select(Campaign).where(Campaign.slug == slug)).one())
    return kept[slug]
