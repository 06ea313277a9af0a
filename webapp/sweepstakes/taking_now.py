"""Which campaign takes entries, remembered for a second: in a rush everybody would have the same answer looked up."""

from datetime import datetime, timedelta

from flask import current_app

from webapp.database import db
from webapp.sweepstakes.on_hold import refuse_on_hold
from webapp.sweepstakes.registering import Taking, taking

GOOD_FOR = timedelta(seconds=1)


def taking_now(slug: str | None, *, now: datetime) -> Taking:
    """As `taking`, of a moment ago at most. `register` decides: it looks again, in its transaction. Raises NotTaking, LogBehind."""
    kept: dict[str | None, tuple[datetime, Taking]] = current_app.extensions.setdefault("taking", {})
    found = kept.get(slug)
    if found is not None and found[0] <= now < found[0] + GOOD_FOR:
        return found[1]
    campaign = taking(db.session(), slug, now=now)
    refuse_on_hold(db.session(), campaign.slug)
    kept[slug] = now, campaign  # only campaigns that there are, so this stays small
    return campaign
