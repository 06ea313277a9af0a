"""What the pages and lists about campaigns show. Reads only."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.draw import LogStatus, status
from webapp.sweepstakes.clauses import is_operator_trusted
from webapp.sweepstakes.finding import CampaignMissing, find
from webapp.sweepstakes.models import Campaign
from webapp.sweepstakes.wording import in_words, money, odds, when

PHASES = {
    "draft": "Draft",
    "upcoming": "Opens soon",
    "open": "Open",
    "closed": "Closed",
    "sealed": "Sealed",
    "drawn": "Drawn",
    "settled": "Settled",
    "void": "Void",
}


class Place(NamedTuple):
    """A rank of the result: its entry number (the leaf's index), its ticket in hex, and how it stands.

    `settled`: what became of a winner's prize, if anything did; `claim_by`: until when a winner can claim while nothing did.
    `awarded_at`: when the claim was found good.
    """

    rank: int
    entry: int
    ticket: str
    standing: str
    winner: bool
    settled: str | None
    claim_by: datetime | None
    awarded_at: datetime | None
    paid: bool


class CampaignView(NamedTuple):
    """A campaign and its log at one moment. `log` is None for a draft."""

    campaign: Campaign
    log: LogStatus | None
    phase: str

    @property
    def label(self) -> str:
        return PHASES[self.phase]

    @property
    def operator_trusted(self) -> bool:
        return is_operator_trusted(self.campaign)

    @property
    def value(self) -> str:
        return money(self.campaign.prize_minor, self.campaign.currency)

    @property
    def odds(self) -> str | None:
        return odds(self.campaign.winners, self.log.eligible) if self.log else None

    @property
    def closes_at(self) -> datetime:
        """When entry closes: as its rules say, or earlier if an operator-trusted campaign was sealed before."""
        sealed = self.log.sealed if self.log else None
        return min(self.campaign.closes_at, sealed.at) if sealed else self.campaign.closes_at

    @property
    def draws_at(self) -> datetime:
        """When it is drawn: as its rules say, or later if its seal came late."""
        return self.log.sealed.draws_at if self.log and self.log.sealed else self.campaign.draws_at

    @property
    def winning_entries(self) -> tuple[int, ...]:
        return tuple(winner.index for winner in self.log.winners) if self.log else ()

    @property
    def places(self) -> tuple[Place, ...]:
        return places(self.log) if self.log else ()

    @property
    def void_reason(self) -> str | None:
        return in_words(self.campaign.void_reason) if self.campaign.void_reason else None

    def when(self, moment: datetime) -> str:
        """`moment` on the campaign's own clock."""
        return when(moment, self.campaign.timezone)


def current_campaign(session: Session, now: datetime) -> Campaign | None:
    """The campaign that takes entries at `now`; of several the one that closes first."""
    on_time = Campaign.opens_at <= now, Campaign.closes_at > now, Campaign.seen_closed.is_(False)
    taking = select(Campaign).where(Campaign.state == "open", *on_time)
    return session.scalars(taking.order_by(Campaign.closes_at, Campaign.id).limit(1)).first()


def phase(campaign: Campaign, now: datetime) -> str:
    """The stored state, or what the clock makes of `open`: upcoming, open, closed."""
    if campaign.state != "open":
        return campaign.state
    if campaign.seen_closed:
        return "closed"
    if now < campaign.opens_at:
        return "upcoming"
    return "open" if now < campaign.closes_at else "closed"


def next_change(session: Session, now: datetime) -> datetime | None:
    """The next moment after `now` at which a campaign opens or closes by the clock alone."""
    moments = [
        session.scalar(select(func.min(moment)).where(Campaign.state == "open", moment > now))
        for moment in (Campaign.opens_at, Campaign.closes_at)
    ]
    return min((moment for moment in moments if moment is not None), default=None)


def view(session: Session, slug: str, now: datetime) -> CampaignView:
    """The campaign, drafts too. Raises CampaignMissing."""
    return view_of(session, find(session, slug), now)


def public_view(session: Session, slug: str, now: datetime) -> CampaignView:
    """The campaign, if it was opened: a draft is nobody's business. Raises CampaignMissing."""
    seen = view(session, slug, now)
    if seen.log is None:
        raise CampaignMissing(slug, [])
    return seen


def all_views(session: Session, now: datetime, *, drafts: bool = False) -> list[CampaignView]:
    """All campaigns: those that take entries first, the next to close on top; then those to come, drafts, and the past, latest first."""
    query = select(Campaign).order_by(Campaign.closes_at, Campaign.id)
    views = [view_of(session, campaign, now) for campaign in session.scalars(query) if drafts or campaign.state != "draft"]
    coming = [seen for wanted in ("open", "upcoming", "draft") for seen in views if seen.phase == wanted]
    return coming + [seen for seen in reversed(views) if seen not in coming]


def view_of(session: Session, campaign: Campaign, now: datetime) -> CampaignView:
    """The campaign and its log as they stand at `now`."""
    return CampaignView(campaign, None if campaign.state == "draft" else status(session, campaign.slug), phase(campaign, now))


def places(log: LogStatus) -> tuple[Place, ...]:
    """The whole ranking with how each rank stands; empty before the draw."""
    if log.result is None:
        return ()
    winners = {winner.rank: winner for winner in log.winners}
    standings = {rank: _STANDINGS[winner.state] for rank, winner in winners.items()}
    awards = {step.rank: step.at for step in log.steps if step.kind == "award"}
    forfeits = {step.rank: f"Forfeited: {in_words(step.reason or '')}" for step in log.steps if step.kind == "forfeit"}
    return tuple(
        Place(
            rank=ranked.rank,
            entry=ranked.index,
            ticket=ranked.ticket.hex(),
            standing=standings.get(ranked.rank) or forfeits.get(ranked.rank) or "Alternate",
            winner=ranked.rank in winners,
            settled=_SETTLED[winners[ranked.rank].state] if ranked.rank in winners else None,
            claim_by=winners[ranked.rank].answer_by if ranked.rank in winners and winners[ranked.rank].state == "drawn" else None,
            awarded_at=awards.get(ranked.rank),
            paid=ranked.rank in winners and winners[ranked.rank].state == "paid",
        )
        for ranked in log.result.ranking
    )


_STANDINGS = {"drawn": "Winner", "awarded": "Winner, prize awarded", "paid": "Winner, prize paid"}
_SETTLED = {"drawn": None, "awarded": "prize awarded", "paid": "prize paid"}
