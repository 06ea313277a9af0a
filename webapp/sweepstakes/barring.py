"""Keep out who was excluded: of their address a keyed hash stays until the seal, or erasing would be the way back in."""

from collections.abc import Collection, Mapping

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from webapp.sweepstakes.models import Campaign, Entrant


def excluded_among(session: Session, ids: Collection[int]) -> dict[int, bytes]:
    """Those of the rows that are excluded entries, with their blind indexes."""
    excluded = select(Entrant.id, Entrant.email_key).where(Entrant.id.in_(ids), Entrant.state == "excluded")
    return {entrant_id: key for entrant_id, key in session.execute(excluded).all() if key is not None}


def bar(session: Session, barred: Mapping[int, bytes]) -> None:
    """Put back into erased rows by what the unique index goes on keeping their address out, and nothing else."""
    for entrant_id, key in barred.items():
        kept = update(Entrant).where(Entrant.id == entrant_id).values(state="excluded", email_key=key)
        session.execute(kept.execution_options(synchronize_session=False))


def forget_barred(session: Session, campaign: Campaign) -> None:
    """Nobody can enter the campaign any more, sealed or void: what was kept for that goes."""
    barred = update(Entrant).where(Entrant.campaign_id == campaign.id, Entrant.state == "excluded", Entrant.email.is_(None))
    session.execute(barred.values(state="erased", email_key=None).execution_options(synchronize_session=False))
