"""Register for a campaign: a pending row and a letter to confirm it. Who is known already gets the same answer, by mail.

This is the path that everybody takes at once: plain statements, everything costly done before the transaction.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, cast

from sqlalchemy import Executable, Table, Text, bindparam, case, literal, select, text, update
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from webapp.database import Moment, insert_into
from webapp.keys import Keyring
from webapp.mail import insert_letter, letter_values, owe
from webapp.prepared import Prepared, Writer, insert_on, plain
from webapp.sweepstakes.addresses import Address
from webapp.sweepstakes.doubting import is_disposable
from webapp.sweepstakes.models import Campaign, Entrant
from webapp.sweepstakes.sealed import EMAIL, EMAIL_KEY, NAME

LIVE = text("state NOT IN ('withdrawn', 'erased')")


@dataclass(frozen=True, kw_only=True)
class Registration:
    """A wish to enter, sealed and ready to be stored. `network`: where it came from, shortened; None if unknown.

    `disposable`: a throw-away address.
    """

    name: bytes
    email: bytes
    email_key: bytes
    newsletter: bool
    network: str | None
    disposable: bool


class NotTaking(Exception):
    """The campaign `slug` takes no entries at this moment: it is over, not open yet, or unknown (then None is the current one)."""

    def __init__(self, slug: str | None) -> None:
        super().__init__(f"{slug or 'no campaign'} takes no entries now")
        self.slug = slug


class Taking(NamedTuple):
    """A campaign that takes entries."""

    id: int
    slug: str


def prepare(name: str, address: Address, *, newsletter: bool, keys: Keyring, network: str | None = None) -> Registration:
    """Seal what was typed and make the blind index; all of the work that needs no database."""
    return Registration(
        name=keys.seal(NAME, name),
        email=keys.seal(EMAIL, address.email),
        email_key=keys.blind(EMAIL_KEY, address.canonical),
        newsletter=newsletter,
        network=network,
        disposable=is_disposable(address.canonical),
    )


def taking(session: Session, slug: str | None, *, now: datetime) -> Taking:
    """The campaign `slug` (None: the one that closes first), if it takes entries at `now`. Raises NotTaking."""
    found = session.execute(_CURRENT if slug is None else _NAMED, {"slug": slug, "now": now}).first()
    if found is None:
        raise NotTaking(slug)
    return Taking(*found)


def register(session: Writer, campaign: Taking, wish: Registration, *, now: datetime, mail_delay: int = 0) -> bool:
    """Enter `wish` and owe the letter that its state asks for; True if the address is new in the campaign.

    Who is new and who is known cost the same: one row written, by the same statements, and at most a letter.
    `mail_delay`: seconds that the letter waits at least, so that all letters together keep to their limit.
    Raises NotTaking outside [opens_at, closes_at).
    """
    given = {"campaign_id": campaign.id, "now": now, **vars(wish)}
    # At most one letter a day, or the form would be a way to flood somebody's inbox.
    day, not_before = f"{now:%Y-%m-%d}", now + timedelta(seconds=mail_delay)
    at_once = plain(session).dialect.name == "postgresql"
    if at_once:
        row = _ENTER_AND_OWE.first(session, **given, day=day, **letter_values(now=now, not_before=not_before))
    else:
        row = _ENTER.first(session, **given)
    if row is None:
        raise NotTaking(campaign.slug)
    entrant_id, state, registered_at = row
    if not at_once:
        _AS_IT_WAS.run(session, entrant_id=entrant_id)
        kind = _LETTERS.get(state)
        if kind is not None:
            owe(session, kind, entrant_id, dedupe_key=f"{kind}/{entrant_id}/{day}", now=now, not_before=not_before)
    return bool(registered_at == now)


def insert_if_new(session: Session, row: dict[str, object]) -> int | None:
    """Insert an entrant; its id, or None if somebody with this address is in the campaign: the partial unique index decides."""
    insert = insert_into(session, Entrant).values(row)
    insert = insert.on_conflict_do_nothing(index_elements=["campaign_id", "email_key"], index_where=LIVE)
    return session.execute(insert.returning(Entrant.id)).scalar_one_or_none()


# Statements are built once: for single rows that costs more than running them.
_CAMPAIGN, _ENTRANT = Campaign.__table__.c, Entrant.__table__.c
_NOW = bindparam("now", type_=Moment)
_OPEN_NOW = (_CAMPAIGN.state == "open", _CAMPAIGN.opens_at <= _NOW, _CAMPAIGN.closes_at > _NOW, _CAMPAIGN.seen_closed.is_(False))
_NAMED = select(_CAMPAIGN.id, _CAMPAIGN.slug).where(*_OPEN_NOW, _CAMPAIGN.slug == bindparam("slug"))
_CURRENT = select(_CAMPAIGN.id, _CAMPAIGN.slug).where(*_OPEN_NOW).order_by(_CAMPAIGN.closes_at, _CAMPAIGN.id).limit(1)


def _enter(dialect: str) -> ReturningInsert[int, str, datetime]:
    """Insert if the campaign takes entries; of who is in already the row is written, too: on SQLite one ahead in its counter.

    SQLite leaves out the write of a row as it was, and with it the wait for the disk: ten times all else, it told who is known.
    """
    ahead = int(dialect == "sqlite")
    given = {name: bindparam(name, type_=_ENTRANT[name].type) for name in Registration.__dataclass_fields__}
    row = given | {
        "campaign_id": _CAMPAIGN.id,
        "state": literal("pending"),
        "source": literal("form"),
        "registered_at": _NOW,
        "token_counter": literal(ahead),
        "made_up": literal(False),
    }
    wish = select(*(value.label(name) for name, value in row.items())).where(_CAMPAIGN.id == bindparam("campaign_id"), *_OPEN_NOW)
    insert = insert_on(dialect, cast(Table, Entrant.__table__)).from_select(list(row), wish)
    counter = {"token_counter": _ENTRANT.token_counter + ahead}
    upsert = insert.on_conflict_do_update(index_elements=["campaign_id", "email_key"], index_where=LIVE, set_=counter)
    return upsert.returning(_ENTRANT.id, _ENTRANT.state, _ENTRANT.registered_at)


def _enter_and_owe(dialect: str) -> Executable:
    """Both on one way there and back, for a database that is a way off."""
    entered = _enter(dialect).cte("entered")
    kind = case(_LETTERS, value=entered.c.state)
    owed = insert_letter(kind, entered.c.id, kind + "/" + sql_cast(entered.c.id, Text) + "/" + bindparam("day", type_=Text()))
    return select(entered.c.id, entered.c.state, entered.c.registered_at).add_cte(owed.cte("owed"))


# By the state of an entrant. An excluded person was told before, and gets no more letters.
_LETTERS = {"pending": "confirm", "confirmed": "already_in"}
_ENTER, _ENTER_AND_OWE = Prepared(_enter), Prepared(_enter_and_owe)
_AS_IT_WAS = Prepared(
    update(cast(Table, Entrant.__table__)).where(_ENTRANT.id == bindparam("entrant_id")).values(token_counter=_ENTRANT.token_counter - 1)
)
