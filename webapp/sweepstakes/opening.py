"""Open a campaign: the admin's irrevocable approval. Rules are frozen, the log begins, entries are taken."""

from datetime import datetime
from hashlib import sha256

from sqlalchemy.orm import Session

from webapp.draw import LogKey, OpenTerms, open_log
from webapp.sweepstakes.clauses import Publisher
from webapp.sweepstakes.finding import NotPossible, find, note
from webapp.sweepstakes.models import Campaign
from webapp.sweepstakes.rules import official_rules
from webapp.sweepstakes.wording import when


class NotADraft(NotPossible):
    """It was opened before; opening is done once."""

    def __init__(self, slug: str, state: str) -> None:
        super().__init__(f"The campaign {slug} is {state}: only a draft can be opened, and only once.")
        self.slug = slug
        self.state = state


class OverBeforeOpening(NotPossible):
    """Its closing time has passed."""

    def __init__(self, campaign: Campaign) -> None:
        super().__init__(
            f"Entry to {campaign.slug} closed {when(campaign.closes_at, campaign.timezone)}. "
            "Write later times into its file and create it again with --replace."
        )


def open_campaign(session: Session, slug: str, *, key: LogKey, publisher: Publisher, actor: str, now: datetime) -> Campaign:
    """Freeze the rules and open the log with leaf 0, which holds their SHA-256. Raises NotADraft, OverBeforeOpening, CampaignMissing."""
    campaign = find(session, slug, lock=True)
    if campaign.state != "draft":
        raise NotADraft(slug, campaign.state)
    if now >= campaign.closes_at:
        raise OverBeforeOpening(campaign)
    campaign.rules = official_rules(campaign, publisher, origin=key.origin, vkey=key.vkey)
    digest = sha256(campaign.rules.encode()).hexdigest()
    open_log(session, key, _terms(campaign, key.origin, digest), now=now)
    campaign.state = "open"
    note(session, campaign, "open", {"rules_sha256": digest}, actor=actor, now=now)
    return campaign


def _terms(campaign: Campaign, origin: str, rules_sha256: str) -> OpenTerms:
    return OpenTerms(
        campaign=campaign.slug,
        origin=origin,
        rules_sha256=rules_sha256,
        opens_at=campaign.opens_at,
        closes_at=campaign.closes_at,
        seals_at=campaign.seals_at,
        draws_at=campaign.draws_at,
        winners=campaign.winners,
        alternates=campaign.alternates,
        claim_days=campaign.claim_days,
        beacon=campaign.beacon,
    )
