"""Erase a person: all that names them or leads to them goes, the public log stays and verifies as before (PROTOCOL §7).

What is left is a row without a person: its state, its entry number and when it came. The row's id is never used again,
so that an old link cannot open somebody else's page. An excluded entry stays excluded: see retention.BARRED.
"""

from collections.abc import Collection
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from webapp.draw import LogBehind, LogKey, LogSealed, LogVoid, status
from webapp.mail import forget
from webapp.sweepstakes.barring import bar, excluded_among
from webapp.sweepstakes.consents import Words
from webapp.sweepstakes.finding import NotPossible, find_opened, note
from webapp.sweepstakes.holding import in_same_campaign
from webapp.sweepstakes.letter_kinds import ENTRANT_LETTERS
from webapp.sweepstakes.models import Campaign, Claim, Consent, Entrant
from webapp.sweepstakes.settling import pass_over_erased
from webapp.sweepstakes.subscribing import unsubscribe_address
from webapp.sweepstakes.withdrawing import leave

REASON = "erasure"


class MustBeKept(NotPossible):
    """A winner who was paid: tax law asks for the record, and the right to erasure gives way to it (GDPR art. 17.3 b)."""

    def __init__(self, slug: str, entry: int) -> None:
        super().__init__(f"Entry {entry} of {slug} was paid its prize. Its record is kept for as long as the law asks for, then purged.")


def erase(
    session: Session, slug: str, entrant_id: int, *, key: LogKey, words: Words, outbox: Path, even_paid: bool, actor: str, now: datetime
) -> int:
    """Erase the person of this row from the campaign: this row, and those of the same address. Returns how many rows.

    Before the seal the entry is withdrawn first; a prize that was not paid is forfeited. The newsletter (`words`: of its box) ends
    for the address in all campaigns. After the commit the edge calls `forget_deleted`.
    Raises MustBeKept unless `even_paid`, the mail room's LetterUnderWay, CampaignMissing, NotOpened.
    """
    campaign = find_opened(session, slug, lock=True)
    ids = in_same_campaign(session, entrant_id)
    rows = session.execute(select(Entrant.id, Entrant.state, Entrant.entry_index).where(Entrant.id.in_(ids)).order_by(Entrant.id)).all()
    if not even_paid:
        _refuse_paid(session, slug, {row.entry_index for row in rows})
    for row in rows:
        if row.state in {"pending", "confirmed"}:
            _leave_if_open(session, campaign, row.id, key)
    email_key = session.execute(select(Entrant.email_key).where(Entrant.id == entrant_id)).scalar_one()
    if email_key is not None:
        unsubscribe_address(session, email_key, words, source=REASON, outbox=outbox, now=now)
    barred = excluded_among(session, ids) if campaign.state == "open" else {}
    wipe(session, ids, outbox=outbox, now=now)
    bar(session, barred)
    entries = [row.entry_index for row in rows if row.entry_index is not None]
    note(session, campaign, "erase", {"entries": entries}, actor=actor, now=now)
    pass_over_erased(session, campaign, key=key, actor=actor, now=now)
    return len(rows)


def wipe(session: Session, ids: Collection[int], *, outbox: Path, now: datetime) -> None:
    """Empty these rows and delete what hangs on them. `outbox`: the folder of .eml files. Raises LetterUnderWay."""
    theirs = Entrant.id.in_(ids)
    nobody = {"name": None, "email": None, "email_key": None, "nonce": None, "network": None}
    counted = Entrant.token_counter + 1  # ends the links in letters
    session.execute(
        update(Entrant)
        .where(theirs)
        .values(**nobody, state="erased", newsletter=False, token_counter=counted)
        .execution_options(synchronize_session=False)
    )
    for table in (Consent, Claim):
        session.execute(delete(table).where(table.entrant_id.in_(ids)).execution_options(synchronize_session=False))
    forget(session, ENTRANT_LETTERS, ids, folder=outbox, now=now)


def _leave_if_open(session: Session, campaign: Campaign, entrant_id: int, key: LogKey) -> None:
    # A list that is sealed or on hold stays as it is; nobody can link its entry to a person any more.
    with suppress(LogSealed, LogVoid, LogBehind):
        leave(session, campaign, entrant_id, "withdrawn", key=key, reason=REASON)


def _refuse_paid(session: Session, slug: str, entries: Collection[int | None]) -> None:
    log = status(session, slug)
    for winner in log.winners if log else ():
        if winner.state == "paid" and winner.index in entries:
            raise MustBeKept(slug, winner.index)
