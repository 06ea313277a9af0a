"""Confirm an entry: from here on it is in the draw, in the public log, with a receipt. All of it happens, or nothing."""

from datetime import datetime
from typing import NamedTuple, cast

from sqlalchemy import Executable, String, Table, Update, bindparam, exists, literal, select, update

from webapp.draw import LogKey, LogSealed, append_entry, commitment
from webapp.keys import Keyring
from webapp.mail import insert_letter, letter_values, owe
from webapp.prepared import Plain, Prepared, Writer
from webapp.sweepstakes.consents import Words, insert_consent, record
from webapp.sweepstakes.entrants import Contest, Person
from webapp.sweepstakes.models import Consent, Entrant
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
    given = {
        "entrant_id": wish.entrant_id,
        "counter": wish.token_counter,
        "new_name": wish.name,
        "new_nonce": wish.nonce,
        "new_newsletter": wish.newsletter,
        "new_confirmed_at": now,
        "new_entry_index": index,
    }
    if session.dialect.name == "postgresql":
        _confirm_at_once(session, given, wish, now)
    else:
        if _CONFIRM.run(session, **given) != 1:
            raise NotPending
        complete(session, wish.entrant_id, wish.consents, source="form", now=now)
    return index


def _confirm_at_once(session: Plain, given: dict[str, object], wish: Confirmation, now: datetime) -> None:
    """All of it in one statement but what is seldom: others who confirm wait for the log's head, and the database is a way off."""
    first, *more = wish.consents
    consent = {"consent_at": now, "consent_source": "form", "consent_digest": first.digest}
    row = _CONFIRM_AT_ONCE.first(session, **given, **consent, receipt=_receipt(wish.entrant_id), **letter_values(now=now))
    if row is None:
        raise NotPending
    for words in more if row[0] else wish.consents:  # the very first to agree to these words puts them on record
        record(session, wish.entrant_id, words, given=True, at=now, source="form")


def _receipt(entrant_id: int) -> str:
    return f"you_are_in/{entrant_id}"


def complete(session: Writer, entrant_id: int, consents: tuple[Words, ...], *, source: str, now: datetime) -> None:
    """What goes with every entry: the consents on record, and the receipt owed."""
    for words in consents:
        record(session, entrant_id, words, given=True, at=now, source=source)
    owe(session, "you_are_in", entrant_id, dedupe_key=_receipt(entrant_id), now=now)


_ENTRANT = cast(Table, Entrant.__table__)
_SET = ("name", "nonce", "newsletter", "confirmed_at", "entry_index")


def _store(_dialect: str) -> Update:
    given = {name: bindparam(f"new_{name}", type_=_ENTRANT.c[name].type) for name in _SET}
    pending = _ENTRANT.c.state == "pending", _ENTRANT.c.token_counter == bindparam("counter")
    return update(_ENTRANT).where(_ENTRANT.c.id == bindparam("entrant_id"), *pending).values({"state": "confirmed", **given})


def _store_everything(dialect: str) -> Executable:
    """The entrant, the first consent and the receipt owed; gives whether the consent's words were on record, nothing for NotPending."""
    confirmed = _store(dialect).returning(_ENTRANT.c.id).cte("confirmed")
    consented = insert_consent(confirmed).returning(Consent.id).cte("consented")
    owed = insert_letter(literal("you_are_in", String()), confirmed.c.id, bindparam("receipt", type_=String())).cte("owed")
    return select(exists(select(consented.c.id))).select_from(confirmed).add_cte(owed)


_CONFIRM, _CONFIRM_AT_ONCE = Prepared(_store), Prepared(_store_everything)
