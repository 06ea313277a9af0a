"""What follows a draw: prizes are awarded, paid or forfeited; and the way out before a draw, void."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.draw import Appended, LogKey, LogStatus, status
from webapp.draw import award as award_rank
from webapp.draw import forfeit as forfeit_rank
from webapp.draw import paid as paid_rank
from webapp.draw import void as void_log
from webapp.sweepstakes.announcing import announce_end, tell_winners
from webapp.sweepstakes.barring import forget_barred
from webapp.sweepstakes.finding import find_opened, note
from webapp.sweepstakes.models import Campaign, Entrant

FORFEITS = ("no_answer", "declined", "ineligible", "erasure")


def forfeit(session: Session, slug: str, rank: int, reason: str, *, key: LogKey, actor: str, now: datetime) -> Appended:
    """Take the prize from `rank`; the next alternate's turn comes, and if it was erased, the one after. Raises the draw room's refusals."""
    campaign = find_opened(session, slug, lock=True)
    appended = forfeit_rank(session, key, rank, reason, now=now)
    note(session, campaign, "forfeit", {"rank": rank, "reason": reason}, actor=actor, now=now)
    pass_over_erased(session, campaign, key=key, actor=actor, now=now)
    _settle(session, campaign, now)
    return appended


def pass_over_erased(session: Session, campaign: Campaign, *, key: LogKey, actor: str, now: datetime) -> list[int]:
    """Forfeit (`erasure`) every prize whose holder's data is gone and who was not paid; returns the ranks (PROTOCOL §7).

    To be called whenever somebody becomes a winner, or a winner is erased: whose turn it is in the end is told.
    """
    passed: list[int] = []
    while erased := _erased_winners(session, campaign):
        for rank in erased:
            forfeit_rank(session, key, rank, "erasure", now=now)
            note(session, campaign, "forfeit", {"rank": rank, "reason": "erasure"}, actor=actor, now=now)
        passed += erased
    tell_winners(session, campaign, now=now)
    if passed:
        _settle(session, campaign, now)
    return passed


def _erased_winners(session: Session, campaign: Campaign) -> list[int]:
    log = status(session, campaign.slug)
    unpaid = {winner.index: winner.rank for winner in log.winners if winner.state != "paid"} if log else {}
    erased = select(Entrant.entry_index).where(
        Entrant.campaign_id == campaign.id, Entrant.entry_index.in_(unpaid), Entrant.state == "erased"
    )
    return sorted(unpaid[index] for index in session.execute(erased).scalars() if index is not None)


def award(session: Session, slug: str, rank: int, *, key: LogKey, actor: str, now: datetime) -> Appended:
    """Say that `rank` was found to meet the rules and gets the prize."""
    campaign = find_opened(session, slug, lock=True)
    appended = award_rank(session, key, rank, now=now)
    note(session, campaign, "award", {"rank": rank}, actor=actor, now=now)
    return appended


def paid(session: Session, slug: str, rank: int, *, key: LogKey, actor: str, now: datetime) -> Appended:
    """Say that `rank` has the prize. With nothing left to give, the campaign is settled."""
    campaign = find_opened(session, slug, lock=True)
    appended = paid_rank(session, key, rank, now=now)
    note(session, campaign, "paid", {"rank": rank}, actor=actor, now=now)
    _settle(session, campaign, now)
    return appended


def void(session: Session, slug: str, reason: str, *, key: LogKey, actor: str, now: datetime) -> Appended:
    """End the campaign without a draw. `reason` is a code; it becomes public."""
    campaign = find_opened(session, slug, lock=True)
    appended = void_log(session, key, reason, now=now)
    campaign.state = "void"
    campaign.void_reason = reason
    forget_barred(session, campaign)
    note(session, campaign, "void", {"reason": reason}, actor=actor, now=now)
    return appended


def _settle(session: Session, campaign: Campaign, now: datetime) -> None:
    log = status(session, campaign.slug)
    if log is not None and is_settled(log):
        campaign.state = "settled"
        announce_end(session, campaign, now=now)


def is_settled(log: LogStatus) -> bool:
    """Whether every prize was paid, or has nobody left to take it."""
    return log.result is not None and all(winner.state == "paid" for winner in log.winners)
