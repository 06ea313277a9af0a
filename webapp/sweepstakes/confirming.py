"""Confirm an entry: from here on it is in the draw, in the public log, with a receipt. All of it happens, or nothing."""

from datetime import datetime
from typing import NamedTuple, cast

from sqlalchemy import Table, bindparam, update

from webapp.draw import LogKey, LogSealed, append_entry, commitment
from webapp.keys import Keyring
from webapp.mail import owe
from webapp.prepared import Plain, Prepared, Writer
from webapp.sweepstakes.consents import Words, record
from webapp.sweepstakes.entrants import Contest, Person
from webapp.sweepstakes.models import Entrant
from webapp.sweepstakes.sealed import NAME, NONCE


class Confirmation(NamedTuple):
    """An entrant's confirmation, sealed and ready to be stored. `consents` are the boxes that are ticked with it."""

    entrant_id: int
    token_counter: int
    name: bytes
    nonce: bytes
    commitment: bytes
    newsletter: bool
    consents: tuple[Words, ...]


class TooLate(Exception):
    """The time in which confirmations count is over, or the log takes no more entries."""

    def __init__(self, contest: Contest) -> None:
        super().__init__(f"{contest.slug} takes no more confirmations")
        self.contest = contest


class NotPending(Exception):
    """Confirmed before, perhaps a moment ago by the same person pressing twice; nothing was changed."""


def prepare_confirmation(person: Person, name: str, words: Words, newsletter: Words | None, *, nonce: bytes, keys: Keyring) -> Confirmation:
    """Make the commitment and seal what is stored. `newsletter`: the words of that box if it is ticked. `nonce`: 32 fresh random bytes."""
    assert person.email is not None  # noqa: S101 - who is pending has an address
    return Confirmation(
        entrant_id=person.id,
        token_counter=person.token_counter,
        name=keys.seal(NAME, name),
        nonce=keys.seal(NONCE, nonce.hex()),
        commitment=commitment(nonce, person.contest.slug, person.email),
        newsletter=newsletter is not None,
        consents=(words, newsletter) if newsletter else (words,),
    )


def confirm(session: Plain, key: LogKey, contest: Contest, wish: Confirmation, *, now: datetime) -> int:
    """Append the entry's leaf, store it with its consents, owe the receipt; returns the entry number, its place in the log.

    Raises TooLate from `confirm_until` on or once the log is sealed, and NotPending. Either way the caller's transaction must end.
    """
    if now >= contest.confirm_until:
        raise TooLate(contest)
    try:
        # First of all, because appending locks the log's head: whoever needs several rows takes that one first.
        index = append_entry(session, key, wish.commitment)
    except LogSealed as error:
        raise TooLate(contest) from error
    stored = _CONFIRM.run(
        session,
        entrant_id=wish.entrant_id,
        counter=wish.token_counter,
        new_name=wish.name,
        new_nonce=wish.nonce,
        new_newsletter=wish.newsletter,
        new_confirmed_at=now,
        new_entry_index=index,
    )
    if stored != 1:
        raise NotPending
    complete(session, wish.entrant_id, wish.consents, source="form", now=now)
    return index


def complete(session: Writer, entrant_id: int, consents: tuple[Words, ...], *, source: str, now: datetime) -> None:
    """What goes with every entry: the consents on record, and the receipt owed."""
    for words in consents:
        record(session, entrant_id, words, given=True, at=now, source=source)
    owe(session, "you_are_in", entrant_id, dedupe_key=f"you_are_in/{entrant_id}", now=now)


_ENTRANT = cast(Table, Entrant.__table__)
_SET = ("name", "nonce", "newsletter", "confirmed_at", "entry_index")
_CONFIRM = Prepared(
    update(_ENTRANT)
    .where(_ENTRANT.c.id == bindparam("entrant_id"), _ENTRANT.c.state == "pending", _ENTRANT.c.token_counter == bindparam("counter"))
    .values({"state": "confirmed", **{name: bindparam(f"new_{name}", type_=_ENTRANT.c[name].type) for name in _SET}})
)
