"""What the pages and lists about campaigns show. Reads only."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.sweepstakes.models import Campaign


def current_campaign(session: Session, now: datetime) -> Campaign | None:
    """The campaign that takes entries at `now`; of several the one that closes first."""
    taking = select(Campaign).where(Campaign.state == "open", Campaign.opens_at <= now, Campaign.closes_at > now)
    return session.scalars(taking.order_by(Campaign.closes_at, Campaign.id).limit(1)).first()
