"""Finding a campaign by its slug, and noting in the local audit trail what was done to it."""

import re
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.sweepstakes.models import Audit, Campaign

SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class NotPossible(Exception):
    """Something asked of a campaign that its state does not allow; `str` is a sentence for the admin."""


class CampaignMissing(NotPossible):
    def __init__(self, slug: str, known: list[str]) -> None:
        there = f"There are: {', '.join(known)}." if known else "There is none yet: `flask sweepstakes create FILE`."
        super().__init__(f"There is no campaign {slug}. {there}")
        self.slug = slug


class NotOpened(NotPossible):
    def __init__(self, slug: str) -> None:
        super().__init__(f"The campaign {slug} is a draft that was never opened: `flask sweepstakes open {slug}`.")
        self.slug = slug


def find(session: Session, slug: str, *, lock: bool = False) -> Campaign:
    """The campaign; with `lock`, nobody else changes it before this transaction ends. Raises CampaignMissing."""
    query = select(Campaign).where(Campaign.slug == slug)
    if lock:
        query = query.with_for_update(of=Campaign).execution_options(populate_existing=True)
    # What is no slug (NUL, broken UTF-8) must not reach a database that cannot hold it.
    campaign = session.scalars(query).one_or_none() if SLUG.fullmatch(slug) else None
    if campaign is None:
        raise CampaignMissing(slug, list(session.scalars(select(Campaign.slug).order_by(Campaign.slug))))
    return campaign


def find_opened(session: Session, slug: str, *, lock: bool = False) -> Campaign:
    """As `find`, for what needs a log. Raises NotOpened, too."""
    campaign = find(session, slug, lock=lock)
    if campaign.state == "draft":
        raise NotOpened(slug)
    return campaign


def note(session: Session, campaign: Campaign, action: str, detail: dict[str, object], *, actor: str, now: datetime) -> None:
    """Add a row to the audit trail, in the caller's transaction."""
    session.add(Audit(campaign_id=campaign.id, at=now, actor=actor, action=action, detail=detail))
