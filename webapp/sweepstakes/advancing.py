"""What is due for a campaign by the clock: sealed, drawn, reminded. It does what an admin would type, and nothing that is theirs to decide.

It neither opens, forfeits nor voids: those it tells of.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from webapp import console
from webapp.database import db, writing
from webapp.draw import AlreadyDrawn, AlreadySealed, LogStatus, rank
from webapp.site import keyring
from webapp.sweepstakes import commanding
from webapp.sweepstakes.announcing import remind, to_remind
from webapp.sweepstakes.closing import close
from webapp.sweepstakes.creating import BEACON_SECRET
from webapp.sweepstakes.done import Done
from webapp.sweepstakes.drawing import draw, find_beacon, refuse_undrawable
from webapp.sweepstakes.finding import find_opened
from webapp.sweepstakes.models import Campaign, Claim, Entrant
from webapp.sweepstakes.wording import counted, when

ACTOR = "tick"


def unfinished(session: Session) -> Sequence[str]:
    """The campaigns that may have something due, in the order of their closing."""
    going = select(Campaign.slug).where(Campaign.state.in_(("open", "sealed", "drawn")))
    return session.scalars(going.order_by(Campaign.closes_at, Campaign.id)).all()


def advance(slug: str, *, now: datetime, quiet: bool = True) -> Iterator[Done]:
    """Do what is due, each step in a transaction of its own, and tell each when it is done.

    Raises NotPossible, the draw room's NotAllowed (NoBeacon, NobodyEligible, TooLate …), KeyMissing and Unreadable.
    """
    campaign, log = commanding.opened(slug)
    if campaign.state == "open" and not campaign.seen_closed and now >= campaign.closes_at:
        _see_closed(slug)
        campaign, log = commanding.opened(slug)
    if log.void is None and log.sealed is None and now >= campaign.seals_at:
        yield from _seal(slug, log, now)
        campaign, log = commanding.opened(slug)
    if log.void is None and log.result is None and _draw_is_due(log, now):
        yield from _draw(campaign, log, now, quiet=quiet)
        campaign, log = commanding.opened(slug)
    if log.result is not None:
        yield from _remind(campaign, log, now)
        yield from _waiting(campaign, log, now)


def _see_closed(slug: str) -> None:
    """Closing is for good: from now on no clock that is set back opens it again."""
    with writing() as session:
        session.execute(update(Campaign).where(Campaign.slug == slug).values(seen_closed=True))


def _seal(slug: str, log: LogStatus, now: datetime) -> Iterator[Done]:
    key = commanding.log_key(log)
    try:
        with writing() as session:
            sealed = close(session, slug, key=key, early=False, actor=ACTOR, now=now)
    except AlreadySealed:  # by somebody else, a moment ago
        return
    late = f"; late, so the draw moved to {when(sealed.draws_at, 'UTC')}" if sealed.late else ""
    yield Done(slug, "sealed", f"Sealed with {counted(sealed.eligible, 'eligible entry', 'eligible entries')}{late}.")


def _draw_is_due(log: LogStatus, now: datetime) -> bool:
    """By its rules: an operator's campaign that was closed early may be drawn at once, but by hand."""
    if log.sealed is None:
        return False
    early = log.sealed.at < log.terms.seals_at
    return now >= (log.terms.draws_at if early else log.sealed.draws_at)


def _draw(campaign: Campaign, log: LogStatus, now: datetime, *, quiet: bool) -> Iterator[Done]:
    slug, keys = campaign.slug, keyring()
    refuse_undrawable(log, now)
    key = commanding.log_key(log)
    beacon = find_beacon(campaign, log, None, unseal=lambda sealed: keys.unseal(BEACON_SECRET, sealed), fetch=commanding.fetched)
    try:
        with console.progress("Drawing", log.size, quiet=quiet) as progress:
            ranking = rank(db.session(), slug, beacon, now=now, progress=progress)
        with writing() as session:
            result = draw(session, slug, key=key, beacon=beacon, ranking=ranking, actor=ACTOR, now=now)
    except AlreadyDrawn:
        return
    entries = ", ".join(f"{place.index:,}" for place in result.ranking[: log.terms.winners])
    trusted = " (operator-trusted)" if log.operator_trusted else ""
    yield Done(slug, "drawn", f"Drawn{trusted}. Winning entry number: {entries}.")


def _remind(campaign: Campaign, log: LogStatus, now: datetime) -> Iterator[Done]:
    slug = campaign.slug
    if not to_remind(log, now):  # most minutes; then nothing waits for the write lock
        return
    with writing() as session:
        reminded = remind(session, find_opened(session, slug, lock=True), log, now=now)
    if reminded:
        yield Done(slug, "reminded", f"Reminded {counted(reminded, 'winner')} whose time to claim is nearly over.")


def _waiting(campaign: Campaign, log: LogStatus, now: datetime) -> Iterator[Done]:
    slug, zone = campaign.slug, campaign.timezone
    claimed = select(Entrant.entry_index).join(Claim, Claim.entrant_id == Entrant.id).where(Entrant.campaign_id == campaign.id)
    there = set(db.session().scalars(claimed))
    for winner in log.winners:
        who = f"Rank {winner.rank}, entry {winner.index:,}"
        if winner.state == "drawn" and winner.index in there:
            yield Done(
                slug, "claimed", f"{who} has claimed: `flask sweepstakes winners {slug} --contact`, then award or forfeit {winner.rank}."
            )
        elif winner.state == "drawn" and now >= winner.answer_by:
            yield Done(
                slug,
                "overdue",
                f"{who} had until {when(winner.answer_by, zone)} to claim: "
                f"`flask sweepstakes forfeit {slug} {winner.rank} --reason no_answer` gives the prize to the next.",
            )
