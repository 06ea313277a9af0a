"""What the form offers: the campaign that takes entries now, or what there is instead."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.sweepstakes.clauses import is_operator_trusted
from webapp.sweepstakes.consents import Words, agreement, newsletter, newsletter_alone
from webapp.sweepstakes.entrants import Contest, contest_of
from webapp.sweepstakes.models import Campaign
from webapp.sweepstakes.reading import CampaignView, current_campaign, view_of
from webapp.sweepstakes.wording import when


class Offer(NamedTuple):
    """A campaign as the form shows it, with the words of its two boxes."""

    contest: Contest
    opens_at: datetime
    operator_trusted: bool
    agree: Words
    newsletter: Words

    @property
    def slug(self) -> str:
        return self.contest.slug

    @property
    def title(self) -> str:
        return self.contest.title

    @property
    def closes(self) -> str:
        return when(self.contest.closes_at, self.contest.timezone)

    @property
    def opens(self) -> str:
        return when(self.opens_at, self.contest.timezone)


class Between(NamedTuple):
    """With no campaign open: the next that will be, the last that was drawn, if there are any, and the newsletter to offer."""

    next: Offer | None
    last: CampaignView | None
    newsletter: Words


def current_offer(session: Session, now: datetime, *, site_name: str) -> Offer | None:
    """The open campaign that closes first."""
    campaign = current_campaign(session, now)
    return None if campaign is None else offer(campaign, site_name)


def offer_of(session: Session, slug: str, *, site_name: str) -> Offer | None:
    """The campaign, open or over; None if it does not exist or is a draft."""
    campaign = session.scalars(select(Campaign).where(Campaign.slug == slug, Campaign.state != "draft")).first()
    return None if campaign is None else offer(campaign, site_name)


def between(session: Session, now: datetime, *, site_name: str) -> Between:
    """What to tell while nothing is open."""
    opening = select(Campaign).where(Campaign.state == "open", Campaign.opens_at > now).order_by(Campaign.opens_at, Campaign.id)
    drawn = select(Campaign).where(Campaign.state.in_(("drawn", "settled"))).order_by(Campaign.draws_at.desc(), Campaign.id.desc())
    first, last = session.scalars(opening.limit(1)).first(), session.scalars(drawn.limit(1)).first()
    return Between(
        next=None if first is None else offer(first, site_name),
        last=None if last is None else view_of(session, last, now),
        newsletter=newsletter_alone(site_name),
    )


def offer(campaign: Campaign, site_name: str) -> Offer:
    return Offer(
        contest=contest_of(campaign),
        opens_at=campaign.opens_at,
        operator_trusted=is_operator_trusted(campaign),
        agree=agreement(campaign.minimum_age, campaign.eligibility),
        newsletter=newsletter(site_name),
    )
