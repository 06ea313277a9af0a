"""Who is in: reading entrants, opened with the installation's keys."""

from collections.abc import Iterator
from datetime import datetime
from types import SimpleNamespace
from typing import NamedTuple, cast

from sqlalchemy import Select, Table, bindparam, func, select
from sqlalchemy.orm import Session

from webapp.keys import Keyring
from webapp.prepared import Prepared, Writer
from webapp.sweepstakes.models import Campaign, Entrant
from webapp.sweepstakes.sealed import EMAIL, EMAIL_KEY, NAME, NONCE

STATES = ("pending", "confirmed", "withdrawn", "excluded", "erased")
_AT_ONCE = 500


class Contest(NamedTuple):
    """What an entrant's pages and letters say of the campaign."""

    id: int
    slug: str
    state: str
    title: str
    prize: str
    timezone: str
    closes_at: datetime
    confirm_until: datetime
    seals_at: datetime
    draws_at: datetime
    minimum_age: int
    eligibility: str


class Person(NamedTuple):
    """An entrant as their own page, their letters and the admin see them. Name, e-mail and nonce are gone after an erasure."""

    id: int
    state: str
    source: str
    name: str | None
    email: str | None
    newsletter: bool
    registered_at: datetime
    confirmed_at: datetime | None
    entry_index: int | None
    nonce: bytes | None
    token_counter: int
    made_up: bool
    disposable: bool
    contest: Contest


class NoSuchEntrant(Exception):
    """Nobody of this id, address or entry number."""


def by_id(session: Writer, entrant_id: int, *, keys: Keyring) -> Person:
    """Raises NoSuchEntrant."""
    row = _BY_ID.first(session, entrant_id=entrant_id)
    if row is None:
        raise NoSuchEntrant
    entrant = SimpleNamespace(**dict(zip(_PERSON, row[: len(_PERSON)], strict=True)))
    return _person(entrant, Contest._make(row[len(_PERSON) :]), keys)


def by_entry(session: Session, slug: str, entry_index: int, *, keys: Keyring) -> Person:
    """Raises NoSuchEntrant."""
    return _one(session, _people().where(Campaign.slug == slug, Entrant.entry_index == entry_index), keys)


def by_address(session: Session, slug: str, canonical: str, *, keys: Keyring) -> Person:
    """The newest entrant with this canonical address. Raises NoSuchEntrant."""
    key = keys.blind(EMAIL_KEY, canonical)
    return _one(session, _people().where(Campaign.slug == slug, Entrant.email_key == key).order_by(Entrant.id.desc()).limit(1), keys)


def everybody(session: Session, slug: str, *, state: str | None, limit: int | None, keys: Keyring) -> Iterator[Person]:
    """The entrants of a campaign in the order of their registration, all or those in `state`; read a few hundred at a time."""
    wanted = _people().where(Campaign.slug == slug)
    if state is not None:
        wanted = wanted.where(Entrant.state == state)
    last, left = 0, limit
    while left is None or left > 0:
        page = _AT_ONCE if left is None else min(left, _AT_ONCE)
        people = session.execute(wanted.where(Entrant.id > last).order_by(Entrant.id).limit(page)).all()
        if not people:
            return
        for entrant, contest in people:
            yield _person(entrant, contest_of(contest), keys)
        session.expunge_all()
        last = people[-1][0].id
        left = None if left is None else left - len(people)


def count(session: Session, slug: str) -> dict[str, int]:
    """How many entrants of the campaign are in each state."""
    counted = select(Entrant.state, func.count()).join(Campaign).where(Campaign.slug == slug).group_by(Entrant.state)
    found = dict(session.execute(counted).all())
    return {state: found.get(state, 0) for state in STATES}


def _people() -> Select[Entrant, Campaign]:
    return select(Entrant, Campaign).join(Campaign, Entrant.campaign_id == Campaign.id)


def _one(session: Session, wanted: Select[Entrant, Campaign], keys: Keyring) -> Person:
    row = session.execute(wanted).first()
    if row is None:
        raise NoSuchEntrant
    return _person(row[0], contest_of(row[1]), keys)


def _person(entrant: Entrant | SimpleNamespace, contest: Contest, keys: Keyring) -> Person:
    return Person(
        id=entrant.id,
        state=entrant.state,
        source=entrant.source,
        name=None if entrant.name is None else keys.unseal(NAME, entrant.name),
        email=None if entrant.email is None else keys.unseal(EMAIL, entrant.email),
        newsletter=entrant.newsletter,
        registered_at=entrant.registered_at,
        confirmed_at=entrant.confirmed_at,
        entry_index=entrant.entry_index,
        nonce=None if entrant.nonce is None else bytes.fromhex(keys.unseal(NONCE, entrant.nonce)),
        token_counter=entrant.token_counter,
        made_up=entrant.made_up,
        disposable=entrant.disposable,
        contest=contest,
    )


def contest_of(campaign: Campaign) -> Contest:
    return Contest(
        id=campaign.id,
        slug=campaign.slug,
        state=campaign.state,
        title=campaign.title,
        prize=campaign.prize,
        timezone=campaign.timezone,
        closes_at=campaign.closes_at,
        confirm_until=campaign.confirm_until,
        seals_at=campaign.seals_at,
        draws_at=campaign.draws_at,
        minimum_age=campaign.minimum_age,
        eligibility=campaign.eligibility,
    )


# The page behind a mailed link is asked for as often as there are entries: both rows at once, past the models.
_PERSON = tuple(name for name in Person._fields if name != "contest")
_CONTEST = tuple(Contest._fields)
_ENTRANT, _CAMPAIGN = cast(Table, Entrant.__table__), cast(Table, Campaign.__table__)
_BY_ID = Prepared(
    select(*(_ENTRANT.c[name] for name in _PERSON), *(_CAMPAIGN.c[name] for name in _CONTEST))
    .join(_CAMPAIGN, _ENTRANT.c.campaign_id == _CAMPAIGN.c.id)
    .where(_ENTRANT.c.id == bindparam("entrant_id"))
)
