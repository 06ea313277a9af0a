"""Make a draft of a campaign: a row that nobody sees until it is opened."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.draw import QUICKNET, operator_commitment, round_at
from webapp.sweepstakes.describing import Description
from webapp.sweepstakes.finding import NotPossible, note
from webapp.sweepstakes.models import Campaign

# The column under which an operator beacon's secret is sealed (its 32 bytes as hex).
BEACON_SECRET = "campaign.beacon_secret"  # noqa: S105 - a name


class AlreadyExists(NotPossible):
    """The slug is taken; only a draft can be replaced."""

    def __init__(self, slug: str, state: str) -> None:
        mend = "Add --replace to make it anew." if state == "draft" else "Choose another slug: what was opened never changes."
        super().__init__(f"There is a campaign {slug} already ({state}). {mend}")
        self.slug = slug
        self.state = state


def beacon_terms(description: Description, secret: bytes) -> dict[str, str | int]:
    """What leaf 0 will say of the beacon: drand's first round at or after the draw, or the commitment to `secret` (32 bytes)."""
    if description.beacon == "operator":
        return {"kind": "operator", "commitment": operator_commitment(secret)}
    return {"kind": "drand", "chain": QUICKNET.chain, "round": round_at(description.draws_at)}


def create(
    session: Session,
    description: Description,
    *,
    beacon: dict[str, str | int],
    sealed_secret: bytes | None,
    actor: str,
    now: datetime,
    replace: bool = False,
    made_up: bool = False,
) -> Campaign:
    """Add the draft, or with `replace` write over one. `sealed_secret`: an operator beacon's secret, sealed. Raises AlreadyExists."""
    campaign = session.scalars(select(Campaign).where(Campaign.slug == description.slug).with_for_update()).one_or_none()
    if campaign is not None and not (replace and campaign.state == "draft"):
        raise AlreadyExists(campaign.slug, campaign.state)
    if campaign is None:
        campaign = Campaign(slug=description.slug, state="draft", created_at=now)
        session.add(campaign)
    _copy(description, campaign)
    campaign.beacon = beacon
    campaign.beacon_secret = sealed_secret
    campaign.made_up = made_up
    try:
        session.flush()
    except IntegrityError as error:
        if "slug" not in str(error.orig):
            raise
        raise AlreadyExists(description.slug, "draft") from error
    note(session, campaign, "create", {"replace": replace}, actor=actor, now=now)
    return campaign


def _copy(description: Description, campaign: Campaign) -> None:
    for name in (
        *("title", "prize", "prize_minor", "currency", "timezone", "winners", "alternates", "claim_days"),
        *("opens_at", "closes_at", "confirm_until", "seals_at", "draws_at", "sponsor", "sponsor_address", "minimum_age"),
    ):
        setattr(campaign, name, getattr(description, name))
    campaign.eligibility = description.regions
    campaign.terms = {"law": description.law, "conditions": description.conditions, "retail": description.retail}
