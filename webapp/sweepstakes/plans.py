"""What a campaign would be, as the rules of remarks.py look at it: from its file, or from a draft made of it."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from webapp.sweepstakes.describing import Description
from webapp.sweepstakes.models import Campaign
from webapp.sweepstakes.wording import money, when

# Exclusions end so long before the seal (PROTOCOL §3).
REVIEW = timedelta(hours=48)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A campaign before it is opened; fields as in its description. No `conditions` are an empty text. `now`: when it is looked at."""

    now: datetime
    prize_minor: int
    currency: str
    winners: int
    alternates: int
    claim_days: int
    timezone: str
    opens_at: datetime
    closes_at: datetime
    confirm_until: datetime
    seals_at: datetime
    draws_at: datetime
    minimum_age: int
    regions: str
    conditions: str
    retail: bool
    operator: bool

    @property
    def total(self) -> int:
        return self.prize_minor * self.winners

    @property
    def dollars(self) -> bool:
        return self.currency == "USD"

    def money(self, minor: int) -> str:
        return money(minor, self.currency)

    def when(self, moment: datetime) -> str:
        return when(moment, self.timezone)

    def wall(self, moment: datetime) -> datetime:
        return moment.astimezone(ZoneInfo(self.timezone))


_SHARED = (
    *("prize_minor", "currency", "winners", "alternates", "claim_days", "timezone", "minimum_age"),
    *("opens_at", "closes_at", "confirm_until", "seals_at", "draws_at"),
)


def plan_of_file(said: Description, *, now: datetime) -> Plan:
    """As a campaign's file describes it."""
    return Plan(
        now=now,
        regions=said.regions,
        conditions=said.conditions or "",
        retail=said.retail,
        operator=said.beacon == "operator",
        **{name: getattr(said, name) for name in _SHARED},
    )


def plan_of_draft(campaign: Campaign, *, now: datetime) -> Plan:
    """As the draft holds it."""
    return Plan(
        now=now,
        regions=campaign.eligibility,
        conditions=str(campaign.terms.get("conditions") or ""),
        retail=bool(campaign.terms.get("retail")),
        operator=campaign.beacon["kind"] == "operator",
        **{name: getattr(campaign, name) for name in _SHARED},
    )


_EXCEPT = re.compile(r"\b(except(ing)?|excluding|excluded?|other than|without|but not|void in|not)\b", re.IGNORECASE)
_EVERYWHERE = re.compile(
    r"\bunited states\b|\bU\.?\s?S\.?(A\b\.?)?(?!\w)|\bworld|\b(any|every|all|each) (country|countries)|\beverywhere\b", re.IGNORECASE
)


def reaches(plan: Plan, state: str | None = None) -> bool:
    """Whether people in `state` (None: anywhere in the United States) may enter, as far as the words on eligibility can be read."""
    inside, barred, outside = _split(plan.regions)
    if state is None:
        return bool(_EVERYWHERE.search(inside))
    if barred and _names(state, outside):
        return False
    if any(_EXCEPT.search(sentence) and _names(state, sentence) for sentence in re.split(r"[.;\n]", plan.conditions)):
        return False
    return _names(state, inside) or bool(_EVERYWHERE.search(inside))


def _split(regions: str) -> tuple[str, bool, str]:
    found = _EXCEPT.search(regions)
    return (regions[: found.start()], True, regions[found.end() :]) if found else (regions, False, "")


def _names(state: str, words: str) -> bool:
    return re.search(rf"\b{state}\b", words, re.IGNORECASE) is not None
