"""No more is counted than was ordered, whatever came into view at once: neither in all nor on a day, nor in several processes."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Protocol, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.ads.models import AdCampaign, AdCount, Creative


class Counted(Protocol):
    """As much of an Event as is asked here."""

    @property
    def kind(self) -> str: ...
    @property
    def day(self) -> date: ...
    @property
    def creative(self) -> int: ...


E = TypeVar("E", bound=Counted)


def split(session: Session, events: Sequence[E]) -> tuple[list[E], list[E]]:
    """Those that are within what was ordered, and those beyond it. Campaigns stay locked to the end of the transaction."""
    campaigns = _campaigns(session, {event.creative for event in events if event.kind != "served"})
    sums = _sums(session, {one.id for one in campaigns.values()})
    kept: list[E] = []
    beyond: list[E] = []
    for event in events:
        campaign = campaigns.get(event.creative)
        if campaign is None or event.kind != ("click" if campaign.goal == "clicks" else "viewable"):
            kept.append(event)
            continue
        days = sums.setdefault(campaign.id, Counter())
        full = days.total() >= campaign.budget or (campaign.daily_cap is not None and days[event.day] >= campaign.daily_cap)
        if not full:
            days[event.day] += 1
        (beyond if full else kept).append(event)
    return kept, beyond


def _campaigns(session: Session, creatives: set[int]) -> dict[int, AdCampaign]:
    """The campaign of each creative that has one with a budget."""
    if not creatives:
        return {}
    statement = (
        select(Creative.id, AdCampaign)
        .join(AdCampaign, AdCampaign.id == Creative.campaign_id)
        .where(Creative.id.in_(creatives), AdCampaign.budget > 0)
        .order_by(AdCampaign.id)
        .with_for_update(of=AdCampaign)
    )
    return {row[0]: row[1] for row in session.execute(statement)}


def _sums(session: Session, campaigns: set[int]) -> dict[int, Counter[date]]:
    """What each has got, by day."""
    if not campaigns:
        return {}
    statement = (
        select(AdCampaign.id, AdCampaign.goal, AdCount.day, func.sum(AdCount.viewable), func.sum(AdCount.clicks))
        .join(Creative, Creative.campaign_id == AdCampaign.id)
        .join(AdCount, AdCount.creative_id == Creative.id)
        .where(AdCampaign.id.in_(campaigns))
        .group_by(AdCampaign.id, AdCampaign.goal, AdCount.day)
    )
    sums: dict[int, Counter[date]] = {}
    for campaign, goal, day, viewable, clicks in session.execute(statement):
        sums.setdefault(campaign, Counter())[day] = int(clicks if goal == "clicks" else viewable)
    return sums
