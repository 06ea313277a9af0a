"""Claim a prize: where it should go, sealed, corrected as often as its winner likes until it is paid."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.database import insert_into
from webapp.draw import LogStatus, Winner, status
from webapp.keys import Keyring
from webapp.sweepstakes.consents import Words, record
from webapp.sweepstakes.entrants import Person
from webapp.sweepstakes.finding import find_opened
from webapp.sweepstakes.models import Claim, Entrant
from webapp.sweepstakes.reading import Place

PAYOUTS = {
    "check": "A check, sent by mail to this postal address",
    "transfer": "A bank transfer; we ask for the account in a letter to this postal address, never here",
    "online": "An online payment to the e-mail address of my entry",
}
_FIELDS = ("address", "city", "region", "postcode", "payout")
PUBLISH = Words(
    "publish",
    "You may publish that I won, in the form “J. S., Austin TX”: my initials, town and state. (Optional; no effect on the prize.)",
)


class Details(NamedTuple):
    """What a winner gives. `payout` is a key of PAYOUTS; `public_name` the form to be published in, None without that consent."""

    address: str
    city: str
    region: str
    postcode: str
    payout: str
    public_name: str | None


class Claimed(NamedTuple):
    """A claim on record."""

    details: Details
    given_at: datetime
    changed_at: datetime


class SealedClaim(NamedTuple):
    """Details sealed and ready to be stored."""

    columns: dict[str, bytes | None]
    agreed: Words
    publish: bool


class NotHolding(Exception):
    """The entry holds no prize, or no longer: it was forfeited, perhaps a moment ago."""


class PaidAlready(Exception):
    """The prize was paid: what was given cannot be changed any more."""


def eligible_words(minimum_age: int, eligibility: str) -> Words:
    """The box without which nobody claims."""
    return Words("claim", f"I am at least {minimum_age} years old and a legal resident of {eligibility}.")


def public_name(name: str, city: str, region: str) -> str:
    """The form in which a winner can be published: first and last initial, town and state, as in `J. S., Austin TX`."""
    words = [word for word in name.split() if any(sign.isalpha() for sign in word)]
    ends = words[:1] + words[1:][-1:]
    initials = [next(sign for sign in word if sign.isalpha()).upper() + "." for word in ends]
    return f"{' '.join(initials)}, {city} {region}"


def prepare_claim(person: Person, details: Details, *, keys: Keyring) -> SealedClaim:
    """Seal what is stored."""
    columns: dict[str, bytes | None] = {name: keys.seal(f"claim.{name}", getattr(details, name)) for name in _FIELDS}
    columns["public_name"] = None if details.public_name is None else keys.seal("claim.public_name", details.public_name)
    agreed = eligible_words(person.contest.minimum_age, person.contest.eligibility)
    return SealedClaim(columns=columns, agreed=agreed, publish=details.public_name is not None)


def claim(session: Session, person: Person, sealed: SealedClaim, *, now: datetime) -> None:
    """Store the claim, first or corrected, with its consents. Raises NotHolding, PaidAlready."""
    campaign = find_opened(session, person.contest.slug, lock=True)  # no forfeit and no payment meanwhile
    winner = prize_of(status(session, campaign.slug), person)
    if winner is None:
        raise NotHolding
    if winner.state == "paid":
        raise PaidAlready
    before = session.execute(select(Claim.public_name).where(Claim.entrant_id == person.id)).first()
    row = {"entrant_id": person.id, "given_at": now, "changed_at": now, **sealed.columns}
    changed = {name: value for name, value in row.items() if name not in {"entrant_id", "given_at"}}
    statement = insert_into(session, Claim).values(row)
    session.execute(statement.on_conflict_do_update(index_elements=["entrant_id"], set_=changed))
    record(session, person.id, sealed.agreed, given=True, at=now, source="claim")
    if sealed.publish or (before is not None and before.public_name is not None):
        record(session, person.id, PUBLISH, given=sealed.publish, at=now, source="claim")


def prize_of(log: LogStatus | None, person: Person) -> Winner | None:
    """The prize that the person's entry holds now."""
    return next((winner for winner in log.winners if winner.index == person.entry_index), None) if log else None


def read_claim(session: Session, entrant_id: int, *, keys: Keyring) -> Claimed | None:
    """The claim on record, opened."""
    row = session.scalars(select(Claim).where(Claim.entrant_id == entrant_id).execution_options(populate_existing=True)).first()
    if row is None:
        return None
    opened = {name: keys.unseal(f"claim.{name}", getattr(row, name)) for name in _FIELDS}
    name = None if row.public_name is None else keys.unseal("claim.public_name", row.public_name)
    return Claimed(details=Details(**opened, public_name=name), given_at=row.given_at, changed_at=row.changed_at)


class PublicName(NamedTuple):
    """The form in which a winner agrees to be published, as it was last changed."""

    text: str
    changed_at: datetime

    def was_read(self, place: Place) -> bool:
        """Whether we publish it: town and state are what a winner typed, and only the award of a claim says that somebody read it."""
        return place.awarded_at is not None and self.changed_at.replace(microsecond=0) <= place.awarded_at


def public_names(session: Session, *, campaign_id: int | None = None, keys: Keyring) -> dict[tuple[int, int], PublicName]:
    """By campaign's id and entry number, of one campaign or all: how those are published who agreed to it.

    Whether they still hold a prize, the log says.
    """
    agreed = select(Entrant.campaign_id, Entrant.entry_index, Claim.public_name, Claim.changed_at).join(
        Claim, Claim.entrant_id == Entrant.id
    )
    if campaign_id is not None:
        agreed = agreed.where(Entrant.campaign_id == campaign_id)
    rows = session.execute(agreed.where(Claim.public_name.is_not(None), Entrant.state == "confirmed", Entrant.entry_index.is_not(None)))
    return {
        (campaign, entry or 0): PublicName(keys.unseal("claim.public_name", name or b""), changed_at)
        for campaign, entry, name, changed_at in rows
    }
