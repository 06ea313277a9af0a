"""How many entries there will be at the close, if the last days go on. A projection, no forecast: it knows no weekday and no end spurt."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.sweepstakes.models import Entrant
from webapp.sweepstakes.reading import CampaignView

WINDOW = timedelta(days=7)
# Before that there is too little to go by.
_LEAST = timedelta(hours=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Projection:
    """Eligible `entries` at the close: those of now, and `a_day` more, as many as were confirmed a day in the last `days`."""

    entries: int
    a_day: float
    days: float

    @property
    def basis(self) -> str:
        """What it goes by, in words."""
        went = "the last 7 days" if self.days == WINDOW / _DAY else f"the {self.days:.1f} days since the opening"
        return f"the mean of {went}, {self.a_day:,.1f} entries a day, goes on until the close"


def projected(session: Session, seen: CampaignView, *, now: datetime) -> Projection | None:
    """None while nobody is in, outside the entry period, and in its first hour."""
    campaign, log = seen.campaign, seen.log
    window = min(WINDOW, now - campaign.opens_at)
    if seen.phase != "open" or log is None or not log.eligible or window < _LEAST:
        return None
    late = Entrant.campaign_id == campaign.id, Entrant.confirmed_at > now - window, Entrant.confirmed_at <= now
    a_day = session.execute(select(func.count()).select_from(Entrant).where(*late)).scalar_one() / (window / _DAY)
    more = a_day * ((campaign.closes_at - now) / _DAY)
    return Projection(entries=log.eligible + round(more), a_day=a_day, days=window / _DAY)
