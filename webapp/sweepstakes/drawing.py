"""Draw the winners of a sealed campaign."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from webapp.draw import Beacon, LogKey, LogStatus, Result, parse_beacon
from webapp.draw import draw as draw_log
from webapp.sweepstakes.finding import NotPossible, find_opened, note
from webapp.sweepstakes.models import Campaign


class BeaconNeeded(NotPossible):
    """A drand campaign needs the round's signature."""

    def __init__(self, status: LogStatus) -> None:
        super().__init__(
            f"This draw needs the signature of drand round {status.beacon['round']}. Get it at "
            f"https://api.drand.sh/{status.beacon['chain']}/public/{status.beacon['round']} and give it, or the whole answer as a file, "
            "with --beacon."
        )


class BeaconNotTaken(NotPossible):
    """An operator-trusted campaign draws with its own secret."""

    def __init__(self) -> None:
        super().__init__("This campaign is operator-trusted and draws with the secret it committed to: leave --beacon out.")


def find_beacon(campaign: Campaign, status: LogStatus, given: str | None, unseal: Callable[[bytes], str]) -> Beacon:
    """The verified beacon: the campaign's own secret, opened by `unseal`, or what was `given` for drand. Raises BadBeacon and the above."""
    if campaign.beacon_secret is not None:
        if given is not None:
            raise BeaconNotTaken
        return parse_beacon(status.beacon, unseal(campaign.beacon_secret))
    if given is None:
        raise BeaconNeeded(status)
    return parse_beacon(status.beacon, given)


def draw(session: Session, slug: str, *, key: LogKey, beacon: Beacon, actor: str, now: datetime, progress: Callable[[int], None]) -> Result:
    """Rank all eligible entries and log the result. Raises the draw room's refusals (NotSealed, NotDue, AlreadyDrawn, NobodyEligible …)."""
    campaign = find_opened(session, slug, lock=True)
    result = draw_log(session, key, beacon, now=now, progress=progress)
    campaign.state = "drawn"
    note(session, campaign, "draw", {"ranking": [place.index for place in result.ranking]}, actor=actor, now=now)
    return result
