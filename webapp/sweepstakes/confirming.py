"""Confirm an entry: from here on it is in the draw, in the public log, with a receipt. All of it happens, or nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, Executable, LargeBinary, Table, Text, Update, bindparam, exists, literal, select, update
from sqlalchemy import cast as sql_cast

from webapp.draw import LogKey, LogSealed, append_entry, commitment
from webapp.group_commit import before_commit
from webapp.keys import Keyring
from webapp.mail import insert_letter, letter_values, owe
from webapp.prepared import Plain, Prepared, Writer, rows_of
from webapp.sweepstakes.consents import Words, insert_consents, record
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

    Raises TooLate from `confirm_until` on or once the log is sealed, and NotPending, on PostgreSQL at the transaction's end. Either
    way the caller's transaction must end.
    """
    if now >= contest.confirm_until:
        raise TooLate(contest)
    try:
        # First of all, because appending locks the log's head: whoever needs several rows takes that one first.
        index = append_entry(session, key, wish.commitment)
    except LogSealed as error:
        raise TooLate(contest) from error
    given = {
        "id": wish.entrant_id,
        "token_counter": wish.token_counter,
        "name": wish.name,
        "nonce": wish.nonce,
        "newsletter": wish.newsletter,
        "confirmed_at": now,
        "entry_index": index,
        "digest": wish.consents[0].digest,
    }
    if session.dialect.name == "postgresql":
        _confirm_together(session, given, wish.consents)
    else:
        if _CONFIRM.run(session, **{f"new_{name}": value for name, value in given.items()}) != 1:
            raise NotPending
        complete(session, wish.entrant_id, wish.consents, source="form", now=now)
    return index


def _confirm_together(session: Plain, given: dict[str, Any], consents: tuple[Words, ...]) -> None:
    """With all who confirm in this transaction, at its end: others wait for the log's head, and the database is a way off."""
    together: list[tuple[dict[str, Any], tuple[Words, ...]]] = session.info.setdefault(_confirm_together, [])
    if not together:
        before_commit(session, partial(_confirm_all, session, together))
    together.append((given, consents))


def _confirm_all(session: Plain, together: Sequence[tuple[dict[str, Any], tuple[Words, ...]]]) -> None:
    """In one statement all but what is seldom. Raises NotPending if that is true of any of them, or one is there twice."""
    columns = {name: [given[name] for given, _ in together] for name in _TYPES}
    letters = letter_values(now=max(columns["confirmed_at"]))
    on_record = dict(_CONFIRM_ALL.all(session, **columns, consent_source="form", **letters))
    if len(on_record) < len(together):
        raise NotPending
    for given, consents in together:
        # The very first to agree to these words puts them on record.
        for words in consents[1:] if on_record[given["id"]] else consents:
            record(session, given["id"], words, given=True, at=given["confirmed_at"], source="form")


def complete(session: Writer, entrant_id: int, consents: tuple[Words, ...], *, source: str, now: datetime) -> None:
    """What goes with every entry: the consents on record, and the receipt owed."""
    for words in consents:
        record(session, entrant_id, words, given=True, at=now, source=source)
    owe(session, _RECEIPT, entrant_id, dedupe_key=f"{_RECEIPT}/{entrant_id}", now=now)


_RECEIPT = "you_are_in"
_ENTRANT = cast(Table, Entrant.__table__)
_SET = ("name", "nonce", "newsletter", "confirmed_at", "entry_index")
# What is stored with an entrant who confirms, and the digest of the words of the first consent.
_TYPES = {**{name: _ENTRANT.c[name].type for name in ("id", "token_counter", *_SET)}, "digest": LargeBinary()}


def _store(_dialect: str, given: Mapping[str, ColumnElement[Any]] | None = None) -> Update:
    # With a word before it, since SQLAlchemy keeps the columns' own names for itself.
    given = given or {name: bindparam(f"new_{name}", type_=type_) for name, type_ in _TYPES.items()}
    pending = _ENTRANT.c.state == "pending", _ENTRANT.c.token_counter == given["token_counter"]
    values = {"state": "confirmed", **{name: given[name] for name in _SET}}
    return update(_ENTRANT).where(_ENTRANT.c.id == given["id"], *pending).values(values)


def _store_all(dialect: str) -> Executable:
    """Everybody, their first consents and the receipts owed; gives who was pending, and whether that consent's words were on record."""
    given = rows_of(_TYPES).cte("given")
    stored = _store(dialect, dict(given.c.items())).returning(_ENTRANT.c.id, given.c.confirmed_at.label("at"), given.c.digest).cte("stored")
    consented = insert_consents(stored).returning(Consent.entrant_id).cte("consented")
    owed = insert_letter(literal(_RECEIPT, Text()), stored.c.id, literal(f"{_RECEIPT}/", Text()) + sql_cast(stored.c.id, Text))
    on_record = exists(select(consented.c.entrant_id).where(consented.c.entrant_id == stored.c.id))
    return select(stored.c.id, on_record).add_cte(owed.cte("owed"))


_CONFIRM, _CONFIRM_ALL = Prepared(_store), Prepared(_store_all)
