"""Delete what was kept long enough, by the table of retention.py; some hundreds of rows at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from webapp.database import db, writing
from webapp.draw import LogStatus, status
from webapp.mail import forget, written_about
from webapp.sweepstakes import subscriptions
from webapp.sweepstakes.erasing import wipe
from webapp.sweepstakes.letter_kinds import ENTRANT_LETTERS, SUBSCRIBER_LETTERS
from webapp.sweepstakes.models import Campaign, Claim, Consent, ConsentText, Entrant, Subscriber
from webapp.sweepstakes.retention import ASKED, ENTRANT, LETTER, NETWORK, PENDING, WINNER, Kept
from webapp.sweepstakes.subscribing import READS
from webapp.sweepstakes.wording import counted

AT_ONCE = 500
Act = Literal["wipe", "strip", "forget network", "forget letters", "end"]
_THERE = Entrant.state != "erased"
# Those that wait for it, and those that were withdrawn before it came.
_NEVER_CONFIRMED = and_(Entrant.confirmed_at.is_(None), Entrant.state.in_(("pending", "withdrawn")))


@dataclass(frozen=True, kw_only=True)
class Step:
    """Rows whose time is over. `wipe` and `end` leave nobody; `strip` leaves name and address to a reader of the newsletter."""

    kept: Kept
    campaign: str | None
    act: Act
    which: ColumnElement[bool]
    model: type[Entrant | Subscriber] = Entrant


def steps(session: Session, *, now: datetime) -> Iterator[Step]:
    """All that can be due at `now`; a step may have no rows."""
    over = select(Campaign.id).where(Campaign.confirm_until <= now - PENDING.after)
    yield Step(kept=PENDING, campaign=None, act="wipe", which=and_(_NEVER_CONFIRMED, Entrant.campaign_id.in_(over)))
    asked = and_(subscriptions.THERE, Subscriber.confirmed_at.is_(None), Subscriber.asked_at <= now - ASKED.after)
    yield Step(kept=ASKED, campaign=None, act="end", which=asked, model=Subscriber)
    about = Subscriber.id.in_(written_about(SUBSCRIBER_LETTERS, before=now - LETTER.after))
    yield Step(kept=LETTER, campaign=None, act="forget letters", which=about, model=Subscriber)
    for campaign in session.scalars(select(Campaign).where(Campaign.state.in_(("settled", "void"))).order_by(Campaign.id)).all():
        log = status(session, campaign.slug)
        if log is not None:
            yield from _after_the_end(campaign, log, now)
    network = and_(Entrant.network.is_not(None), Entrant.registered_at <= now - NETWORK.after)
    yield Step(kept=NETWORK, campaign=None, act="forget network", which=network)


def _after_the_end(campaign: Campaign, log: LogStatus, now: datetime) -> Iterator[Step]:
    end = _end(log)
    won = [winner.index for winner in log.winners]
    here = and_(Entrant.campaign_id == campaign.id, _THERE)
    classes = (
        (ENTRANT, and_(here, or_(Entrant.entry_index.is_(None), Entrant.entry_index.not_in(won)))),
        (WINNER, and_(here, Entrant.entry_index.in_(won))),
    )
    for kept, theirs in classes:
        if end is not None and end + kept.after <= now:
            yield Step(kept=kept, campaign=campaign.slug, act="wipe", which=and_(theirs, ~READS))
            # The newsletter needs neither the receipt nor the claim, and of the boxes its own alone.
            yield Step(kept=kept, campaign=campaign.slug, act="strip", which=and_(theirs, READS, Entrant.nonce.is_not(None)))
    if end is not None and end + LETTER.after <= now:
        about = Entrant.id.in_(written_about(ENTRANT_LETTERS, before=now - LETTER.after))
        yield Step(kept=LETTER, campaign=campaign.slug, act="forget letters", which=and_(here, about))


def _end(log: LogStatus) -> datetime | None:
    """When the campaign's last step was: a payment, a forfeit, the draw itself if nobody was left, or the void."""
    if log.void is not None:
        return log.void.at
    return max((step.at for step in log.steps), default=log.result.at if log.result else None)


def purge_due(*, outbox: Path, now: datetime) -> Iterator[str]:
    """Do all that is due, some rows at a time, and tell each step when it is done. Raises LetterUnderWay."""
    for step in list(steps(db.session(), now=now)):
        done = 0
        while True:
            with writing() as session:
                some = purge_some(session, step, outbox=outbox, now=now)
            done += some
            if not some:
                break
        if done:
            yield f"{counted(done, 'row')}, {step.act}: {step.kept.what}, kept {step.kept.ends}."


def count(session: Session, step: Step) -> int:
    """How many rows are due."""
    return session.execute(select(func.count()).select_from(step.model).where(step.which)).scalar_one()


def purge_some(session: Session, step: Step, *, outbox: Path, now: datetime) -> int:
    """Do the step to its next rows; returns how many, 0 when it is done. Raises LetterUnderWay."""
    ids = session.execute(select(step.model.id).where(step.which).order_by(step.model.id).limit(AT_ONCE)).scalars().all()
    letters = SUBSCRIBER_LETTERS if step.model is Subscriber else ENTRANT_LETTERS
    if step.act == "wipe" and ids:
        wipe(session, ids, outbox=outbox, now=now)
    elif step.act == "forget letters" and ids:
        forget(session, letters, ids, folder=outbox, now=now, before=now - LETTER.after)
    elif step.act == "end" and ids:
        subscriptions.end(session, ids, outbox=outbox, now=now)
    elif ids:
        column = Entrant.nonce if step.act == "strip" else Entrant.network
        session.execute(update(Entrant).where(Entrant.id.in_(ids)).values({column: None}).execution_options(synchronize_session=False))
    if step.act == "strip" and ids:
        _strip(session, ids)
        forget(session, letters, ids, folder=outbox, now=now)
    return len(ids)


def _strip(session: Session, ids: Sequence[int]) -> None:
    """Delete the claim and the record of all boxes but the newsletter's, which shows why we still write."""
    others = select(ConsentText.id).where(ConsentText.kind != "newsletter")
    for table, which in ((Claim, Claim.entrant_id.in_(ids)), (Consent, and_(Consent.entrant_id.in_(ids), Consent.text_id.in_(others)))):
        session.execute(delete(table).where(which).execution_options(synchronize_session=False))
