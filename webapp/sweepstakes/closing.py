"""Close a campaign for good: seal the list of its entries."""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.draw import LogKey, Sealed, seal
from webapp.sweepstakes.announcing import announce_seal
from webapp.sweepstakes.barring import forget_barred
from webapp.sweepstakes.clauses import is_operator_trusted
from webapp.sweepstakes.finding import NotPossible, find_opened, note


class NotEarly(NotPossible):
    """Only an operator-trusted campaign may be closed before its time."""

    def __init__(self, slug: str) -> None:
        super().__init__(f"--now is for operator-trusted campaigns only; {slug} is drawn by drand and keeps to the times of its rules.")
        self.slug = slug


def close(session: Session, slug: str, *, key: LogKey, early: bool, actor: str, now: datetime) -> Sealed:
    """Seal the log and owe its letter to everybody who is in; `early` does so before `seals_at`.

    Raises NotEarly and the draw room's refusals (NotDue …).
    """
    campaign = find_opened(session, slug, lock=True)
    if early and not is_operator_trusted(campaign):
        raise NotEarly(slug)
    sealed = seal(session, key, now=now, allow_early=early)
    campaign.state = "sealed"
    forget_barred(session, campaign)
    announce_seal(session, campaign, now=now)
    detail: dict[str, object] = {"size": sealed.size, "root": sealed.root.hex(), "early": early, "late": sealed.late}
    note(session, campaign, "close", detail, actor=actor, now=now)
    return sealed
