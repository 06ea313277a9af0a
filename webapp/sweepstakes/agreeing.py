"""Whether this room's rows still agree with the log: terms with leaf 0, words with the frozen rules, entries by their number."""

from datetime import UTC

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.draw import LogStatus
from webapp.sweepstakes.models import Campaign, Entrant
from webapp.sweepstakes.settling import is_settled
from webapp.sweepstakes.wording import counted, money

_TERMS = ("opens_at", "closes_at", "seals_at", "draws_at", "winners", "alternates", "claim_days", "beacon")
_WORDS = ("title", "prize", "sponsor", "sponsor_address", "eligibility")


def changed_by_hand(session: Session, campaign: Campaign, log: LogStatus) -> str | None:
    """The first thing that was, in a sentence; None if nothing was. Log and rules must have been verified before."""
    return _changed_terms(campaign, log) or _changed_words(campaign) or _lost_entrants(session, campaign, log)


def _changed_terms(campaign: Campaign, log: LogStatus) -> str | None:
    for name in _TERMS:
        if getattr(campaign, name) != getattr(log.terms, name):
            return _told(campaign, name, "that of leaf 0")
    return None if campaign.state == _state(log) else _told(campaign, "state", f"that of its log, {_state(log)}")


def _changed_words(campaign: Campaign) -> str | None:
    rules = _flat(campaign.rules or "")
    words = {name: _flat(getattr(campaign, name)) for name in _WORDS} | {
        "minimum_age": f"at least {campaign.minimum_age} years old",
        "prize_minor or currency": f"{money(campaign.prize_minor, campaign.currency)} ({campaign.currency})",
        "confirm_until": f"{campaign.confirm_until.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC",
    }
    return next((_told(campaign, name, "what its rules say") for name, said in words.items() if said not in rules), None)


def _state(log: LogStatus) -> str:
    if log.void:
        return "void"
    if log.result:
        return "settled" if is_settled(log) else "drawn"
    return "sealed" if log.sealed else "open"


def _lost_entrants(session: Session, campaign: Campaign, log: LogStatus) -> str | None:
    """Each entry has a row, an erased one, too: without it nobody can be told that it won."""
    rows = select(func.count()).where(Entrant.campaign_id == campaign.id, Entrant.entry_index.is_not(None))
    missing = log.entries - session.execute(rows).scalar_one()
    return (
        f"sweepstakes_entrant, {campaign.slug}: {counted(missing, 'entry', 'entries')} of the log without a row." if missing > 0 else None
    )


def _told(campaign: Campaign, name: str, other: str) -> str:
    return f"sweepstakes_campaign, {campaign.slug}: its {name} is not {other}."


def _flat(text: str) -> str:
    """Without line breaks, which differ from row to text."""
    return " ".join(text.split())
