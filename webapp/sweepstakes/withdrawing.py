"""Take an entry out of the draw before the seal: at its owner's wish, or against the rules. Its leaf stays, another one removes it."""

from datetime import datetime, timedelta

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from webapp.draw import AlreadyRemoved, LogKey, remove_entry
from webapp.mail import owe
from webapp.sweepstakes.finding import NotPossible, find_opened, note
from webapp.sweepstakes.models import Audit, Campaign, Entrant
from webapp.sweepstakes.wording import when

AT_WISH = "entrant_request"
# PROTOCOL §3: who is excluded is told at least so long before the seal.
NOTICE = timedelta(hours=48)


class NotIn(NotPossible):
    """The entry was withdrawn, excluded or erased before, or there is none of this number."""

    def __init__(self, slug: str, state: str | None) -> None:
        super().__init__(f"This entry of {slug} is {state} already." if state else f"There is no such entry in {slug}.")
        self.state = state


class NoticeTooShort(NotPossible):
    """Exclusions end 48 hours before the seal."""

    def __init__(self, campaign: Campaign) -> None:
        last, seals = (when(moment, campaign.timezone) for moment in (campaign.seals_at - NOTICE, campaign.seals_at))
        super().__init__(
            f"Too late to exclude anybody from {campaign.slug}: its list is sealed {seals}, and whoever is excluded must be told at "
            f"least 48 hours before, so until {last}. A winner who does not meet the rules is forfeited instead: "
            f"`flask sweepstakes forfeit {campaign.slug} RANK --reason ineligible`."
        )


def withdraw(session: Session, slug: str, entrant_id: int, *, key: LogKey, reason: str, actor: str, now: datetime) -> None:
    """Take the entry out; a registration that waits for its confirmation ends. The person may enter again.

    Raises NotIn, CampaignMissing, NotOpened and the draw room's LogSealed, LogVoid.
    """
    campaign = find_opened(session, slug, lock=True)
    entry = leave(session, campaign, entrant_id, "withdrawn", key=key, reason=reason)
    note(session, campaign, "withdraw", {"entry": entry, "reason": reason}, actor=actor, now=now)


def leave(session: Session, campaign: Campaign, entrant_id: int, state: str, *, key: LogKey, reason: str) -> int | None:
    """Remove the entry, if it is one, and put the row into `state`; returns the entry number. Raises NotIn, LogSealed, LogVoid."""
    for _ in range(2):  # once more if it was confirmed between our look and our turn
        before, entry = _standing(session, campaign, entrant_id)
        if before not in {"pending", "confirmed"}:
            raise NotIn(campaign.slug, before)
        if before == "confirmed" and entry is not None:
            try:
                remove_entry(session, key, "withdraw", entry, reason)
            except AlreadyRemoved as error:
                raise NotIn(campaign.slug, state) from error
        if _change(session, entrant_id, before, state):
            return entry
    raise NotIn(campaign.slug, state)


def exclude(session: Session, slug: str, entry: int, *, key: LogKey, reason: str, actor: str, now: datetime) -> None:
    """Take an entry out that breaks the rules, and owe its owner the letter that says so. `reason` is a code; it becomes public.

    Raises NotIn, NoticeTooShort, CampaignMissing, NotOpened and the draw room's BadTerms, LogSealed, LogVoid.
    """
    campaign = find_opened(session, slug, lock=True)
    if now > campaign.seals_at - NOTICE:
        raise NoticeTooShort(campaign)
    row = session.execute(select(Entrant.id, Entrant.state).where(Entrant.campaign_id == campaign.id, Entrant.entry_index == entry)).first()
    if row is None or row.state != "confirmed":
        raise NotIn(slug, row.state if row else None)
    try:
        remove_entry(session, key, "exclude", entry, reason)
    except AlreadyRemoved as error:
        raise NotIn(slug, "withdrawn") from error
    if not _change(session, row.id, "confirmed", "excluded"):
        raise NotIn(slug, "withdrawn")
    owe(session, "excluded", row.id, dedupe_key=f"excluded/{row.id}", now=now)
    note(session, campaign, "exclude", {"entry": entry, "reason": reason}, actor=actor, now=now)


def reason_of_exclusion(session: Session, campaign_id: int, entry: int) -> str | None:
    """The code under which the entry was excluded, from the local audit trail."""
    rows = session.execute(select(Audit.detail).where(Audit.campaign_id == campaign_id, Audit.action == "exclude")).scalars()
    return next((str(detail["reason"]) for detail in rows if detail["entry"] == entry), None)


def _standing(session: Session, campaign: Campaign, entrant_id: int) -> tuple[str | None, int | None]:
    wanted = select(Entrant.state, Entrant.entry_index).where(Entrant.id == entrant_id, Entrant.campaign_id == campaign.id)
    row = session.execute(wanted).first()
    return (row.state, row.entry_index) if row else (None, None)


def _change(session: Session, entrant_id: int, before: str, after: str) -> bool:
    changed = session.execute(
        update(Entrant)
        .where(Entrant.id == entrant_id, Entrant.state == before)
        .values(state=after)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(changed, CursorResult)  # noqa: S101 - what an UPDATE returns
    return changed.rowcount == 1
