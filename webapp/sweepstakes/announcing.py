"""Who is owed which letter about a draw: in the same transaction as the leaf that is its cause. No letter goes to the made up."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from webapp.draw import LogStatus, Winner, status
from webapp.mail import owe, owe_all
from webapp.sweepstakes.models import Campaign, Claim, Entrant

SEALED, WON, REMINDER, NOT_THIS_TIME = "sealed", "won", "reminder", "not_this_time"
LAST_DAYS = timedelta(days=3)


def announce_seal(session: Session, campaign: Campaign, *, now: datetime) -> None:
    """Owe the seal's letter to everybody who is in."""
    owe_all(session, SEALED, campaign.id, now=now)


def announce_result(session: Session, campaign: Campaign, *, now: datetime) -> None:
    """Owe the winners theirs, and theirs to all who are neither winner nor alternate: an alternate can still win."""
    tell_winners(session, campaign, now=now)
    owe_all(session, NOT_THIS_TIME, campaign.id, now=now)


def tell_winners(session: Session, campaign: Campaign, *, now: datetime) -> None:
    """Owe a letter to every winner who has not had it: after the draw, and after a forfeit to whose turn it is now."""
    log = status(session, campaign.slug)
    _owe_each(session, campaign, WON, [winner.index for winner in log.winners] if log else [], now=now)


def announce_end(session: Session, campaign: Campaign, *, now: datetime) -> None:
    """When all is settled, owe the alternates who never had a turn what all others were told after the draw."""
    log = status(session, campaign.slug)
    if log is not None and log.result is not None:
        had_a_turn = {winner.rank for winner in log.winners} | {step.rank for step in log.steps}
        rest = [place.index for place in log.result.ranking if place.rank not in had_a_turn]
        _owe_each(session, campaign, NOT_THIS_TIME, rest, now=now)


def remind_from(winner: Winner) -> datetime:
    """From when on a winner who has not claimed is reminded: three days before the end, or half-way if there are fewer than six."""
    return winner.answer_by - min(LAST_DAYS, (winner.answer_by - winner.offered_at) / 2)


def to_remind(log: LogStatus, now: datetime) -> list[int]:
    """The entries that hold a prize whose time to be claimed is nearly over."""
    return [winner.index for winner in log.winners if winner.state == "drawn" and remind_from(winner) <= now < winner.answer_by]


def remind(session: Session, campaign: Campaign, log: LogStatus, *, now: datetime) -> int:
    """Owe the reminder to those of `to_remind` who have not claimed; returns to how many now for the first time."""
    return _owe_each(session, campaign, REMINDER, to_remind(log, now), now=now, only=Entrant.id.not_in(select(Claim.entrant_id)))


def _owe_each(
    session: Session, campaign: Campaign, kind: str, entries: Iterable[int], *, now: datetime, only: ColumnElement[bool] | None = None
) -> int:
    wanted = select(Entrant.id).where(*_gets_letters(campaign.id), Entrant.entry_index.in_(list(entries)))
    ids = session.scalars(wanted if only is None else wanted.where(only)).all()
    return sum(owe(session, kind, entrant_id, dedupe_key=f"{kind}/{entrant_id}", now=now) for entrant_id in ids)


def everybody_in(session: Session, campaign_id: int, after: int, limit: int) -> Sequence[int]:
    """The next entrants who are in, for the seal's letter."""
    return _next(session, campaign_id, after, limit)


def everybody_else(session: Session, campaign_id: int, after: int, limit: int) -> Sequence[int]:
    """The next entrants who are in and were not ranked, for the letter after the draw."""
    slug = session.execute(select(Campaign.slug).where(Campaign.id == campaign_id)).scalar_one()
    log = status(session, slug)
    ranked = [place.index for place in log.result.ranking] if log and log.result else []
    return _next(session, campaign_id, after, limit, Entrant.entry_index.not_in(ranked))


def _next(session: Session, campaign_id: int, after: int, limit: int, *more: ColumnElement[bool]) -> Sequence[int]:
    wanted = select(Entrant.id).where(*_gets_letters(campaign_id), Entrant.id > after, *more)
    return session.scalars(wanted.order_by(Entrant.id).limit(limit)).all()


def _gets_letters(campaign_id: int) -> tuple[ColumnElement[bool], ...]:
    # Plus nought: an index that begins with the campaign would have all its entrants sorted anew for every five hundred of them.
    return (Entrant.campaign_id + 0 == campaign_id, Entrant.state == "confirmed", Entrant.made_up.is_(False))
