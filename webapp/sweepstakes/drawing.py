"""Draw the winners of a sealed campaign."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from webapp.draw import Beacon, LogKey, LogStatus, LogVoid, NobodyEligible, NotDue, NotSealed, Ranked, Result, parse_beacon
from webapp.draw import draw as draw_log
from webapp.sweepstakes.announcing import announce_result
from webapp.sweepstakes.finding import NotPossible, find_opened, note
from webapp.sweepstakes.models import Campaign
from webapp.sweepstakes.settling import pass_over_erased


class SecretMissing(NotPossible):
    """An operator-trusted campaign whose secret is gone can never be drawn."""

    def __init__(self, slug: str) -> None:
        super().__init__(
            f"The secret that {slug} committed to is not in the database any more. Restore a backup that has it, or end the campaign: "
            f"`flask sweepstakes void {slug} --reason secret_lost`."
        )


class BeaconNotTaken(NotPossible):
    """An operator-trusted campaign draws with its own secret."""

    def __init__(self) -> None:
        super().__init__("This campaign is operator-trusted and draws with the secret it committed to: leave --beacon out.")


def find_beacon(
    campaign: Campaign, status: LogStatus, given: str | None, *, unseal: Callable[[bytes], str], fetch: Callable[[LogStatus], Beacon]
) -> Beacon:
    """The verified beacon: the campaign's own secret, opened by `unseal`; for drand what was `given`, else what `fetch` gets.

    Raises BadBeacon, BeaconNotTaken, SecretMissing, and what `fetch` raises.
    """
    if status.operator_trusted and campaign.beacon_secret is None:
        raise SecretMissing(campaign.slug)
    if campaign.beacon_secret is not None:
        if given is not None:
            raise BeaconNotTaken
        return parse_beacon(status.beacon, unseal(campaign.beacon_secret))
    return fetch(status) if given is None else parse_beacon(status.beacon, given)


def refuse_undrawable(log: LogStatus, now: datetime) -> None:
    """Say what keeps this log from being drawn before asking for a beacon. Raises LogVoid, NotSealed, NobodyEligible, NotDue."""
    if log.void:
        raise LogVoid(log.void.reason)
    if log.sealed is None:
        raise NotSealed
    if not log.eligible:
        raise NobodyEligible
    if not log.operator_trusted and now < log.sealed.draws_at:
        raise NotDue("The draw", log.sealed.draws_at)


def draw(
    session: Session, slug: str, *, key: LogKey, beacon: Beacon, ranking: tuple[Ranked, ...] | None, actor: str, now: datetime
) -> Result:
    """Log the result and owe the letters about it.

    `ranking`: what the draw room's `rank` made of `beacon` outside this transaction, else it is made here.
    Raises the draw room's refusals (NotSealed, NotDue, AlreadyDrawn, NobodyEligible …).
    """
    campaign = find_opened(session, slug, lock=True)
    result = draw_log(session, key, beacon, now=now, ranking=ranking)
    campaign.state = "drawn"
    announce_result(session, campaign, now=now)
    note(session, campaign, "draw", {"ranking": [place.index for place in result.ranking]}, actor=actor, now=now)
    pass_over_erased(session, campaign, key=key, actor=actor, now=now)
    return result
