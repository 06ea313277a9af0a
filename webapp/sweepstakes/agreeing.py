"""Whether a campaign's row still says what was agreed to: its terms in leaf 0, its words in the rules that were frozen at opening."""

from datetime import UTC

from webapp.draw import OpenTerms
from webapp.sweepstakes.models import Campaign
from webapp.sweepstakes.wording import money

_TERMS = ("opens_at", "closes_at", "seals_at", "draws_at", "winners", "alternates", "claim_days", "beacon")
_WORDS = ("title", "prize", "sponsor", "sponsor_address", "eligibility")


def changed_since_opening(campaign: Campaign, terms: OpenTerms) -> str | None:
    """What was changed by hand, in a sentence; None if nothing was. The rules themselves must have been held against leaf 0."""
    for name in _TERMS:
        if getattr(campaign, name) != getattr(terms, name):
            return _told(campaign, name, "that of leaf 0")
    rules = _flat(campaign.rules or "")
    for name in _WORDS:
        if _flat(getattr(campaign, name)) not in rules:
            return _told(campaign, name, "what its rules say")
    if f"at least {campaign.minimum_age} years old" not in rules:
        return _told(campaign, "minimum_age", "what its rules say")
    if f"{money(campaign.prize_minor, campaign.currency)} ({campaign.currency})" not in rules:
        return _told(campaign, "prize_minor or currency", "what its rules say")
    if f"{campaign.confirm_until.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" not in rules:
        return _told(campaign, "confirm_until", "what its rules say")
    return None


def _told(campaign: Campaign, name: str, other: str) -> str:
    return f"sweepstakes_campaign, {campaign.slug}: its {name} is not {other}."


def _flat(text: str) -> str:
    """Without line breaks, which differ from row to text."""
    return " ".join(text.split())
