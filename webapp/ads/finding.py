"""Campaigns by their slug, and where each stands."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.ads.models import AdCampaign, AdCount, Creative


class NoSuchCampaign(Exception):
    """No advertiser's campaign has the slug that was asked for."""

    def __init__(self, slug: str) -> None:
        super().__init__(f"There is no campaign {slug!r}. See: flask ad list")


def find(session: Session, slug: str) -> AdCampaign:
    """The campaign. Raises NoSuchCampaign."""
    found = session.scalar(select(AdCampaign).where(AdCampaign.slug == slug)) if "\0" not in slug else None
    if found is None:
        raise NoSuchCampaign(slug)
    return found


def phase(campaign: AdCampaign, now: datetime) -> str:
    """Where it stands, in a word: paused, planned, running or ended. Its budget is another matter."""
    if now >= campaign.ends_at:
        return "ended"
    if campaign.state == "paused":
        return "paused"
    return "planned" if now < campaign.starts_at else "running"


def set_state(session: Session, slug: str, state: str) -> bool:
    """Pause (`paused`) or resume (`running`) a campaign; False if it was so before. Raises NoSuchCampaign."""
    campaign = find(session, slug)
    changed = campaign.state != state
    campaign.state = state
    return changed


def creatives(session: Session, campaign: AdCampaign) -> list[Creative]:
    """All of its creatives, those first that are shown."""
    statement = select(Creative).where(Creative.campaign_id == campaign.id).order_by(Creative.active.desc(), Creative.slug)
    return list(session.scalars(statement))


def totals(session: Session) -> dict[int, tuple[int, int, int]]:
    """Served, viewable and clicks of each campaign, by its id; the days summed up."""
    statement = (
        select(Creative.campaign_id, func.sum(AdCount.served), func.sum(AdCount.viewable), func.sum(AdCount.clicks))
        .join(Creative, Creative.id == AdCount.creative_id)
        .where(Creative.campaign_id.is_not(None))
        .group_by(Creative.campaign_id)
    )
    return {int(row[0] or 0): (int(row[1]), int(row[2]), int(row[3])) for row in session.execute(statement)}
