"""How much of a campaign should have been delivered by now, and whether it may stand in a slot. Pure: told everything."""

from datetime import datetime, timedelta
from typing import NamedTuple

# An impression handed out is seen, if ever, within seconds; after this it no longer counts as on its way.
IN_FLIGHT = timedelta(seconds=10)


class Order(NamedTuple):
    """What was ordered of a campaign (see AdCampaign), and what has been delivered of it, in all and today.

    `in_flight`: impressions handed out within IN_FLIGHT; `rate`: how many of them will count, as far as one knows.
    """

    starts_at: datetime
    ends_at: datetime
    goal: str
    budget: int
    daily_cap: int | None
    pacing: str
    delivered: int
    delivered_today: int
    in_flight: int = 0
    rate: float = 1.0


def planned(order: Order, now: datetime) -> float:
    """How many viewable impressions (or clicks) the plan has by `now`: in proportion to the time gone by, or all at once."""
    if now < order.starts_at:
        return 0.0
    if order.pacing == "asap" or now >= order.ends_at:
        return float(order.budget)
    return order.budget * ((now - order.starts_at) / (order.ends_at - order.starts_at))


def room(order: Order, now: datetime) -> float:
    """How many more may be delivered now without running ahead of plan, budget or daily cap; 0 outside its time.

    What is on its way to being seen counts as delivered, so that a crowd at once does not run a campaign ahead of its plan: as much
    of it as one may expect, but all of it where it could exceed what was ordered. (A click is too rare for that; see recording.py.)
    """
    if not order.starts_at <= now < order.ends_at:
        return 0.0
    left = float(order.budget - order.delivered)
    if order.daily_cap is not None:
        left = min(left, order.daily_cap - order.delivered_today)
    if order.goal != "clicks":
        left -= order.in_flight
    return max(0.0, min(left, planned(order, now) - order.delivered - order.in_flight * order.rate))
