"""Make up entrants, for a demo: confirmed, marked as made up, with real leaves in the log. No letter is owed to them."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, cast

from sqlalchemy import Table, bindparam, insert, select
from sqlalchemy.orm import Session

from webapp.draw import LogKey, append_entries, commitment
from webapp.keys import Keyring
from webapp.prepared import Prepared
from webapp.sweepstakes.addresses import read_address
from webapp.sweepstakes.finding import find_opened
from webapp.sweepstakes.models import Entrant
from webapp.sweepstakes.registering import LIVE
from webapp.sweepstakes.sealed import EMAIL, EMAIL_KEY, NAME, NONCE

MOST_AT_ONCE = 500
_ALWAYS = {"state": "confirmed", "source": "demo", "newsletter": False, "token_counter": 0, "made_up": True, "disposable": False}
_EACH = ("email_key", "name", "email", "nonce", "entry_index", "campaign_id", "registered_at", "confirmed_at")
_ENTRANT = cast(Table, Entrant.__table__)
_ENTER = Prepared(insert(_ENTRANT).values({name: bindparam(name, type_=_ENTRANT.c[name].type) for name in (*_EACH, *_ALWAYS)}))


@dataclass(frozen=True)
class MadeUp:
    """Somebody who does not exist. `email` is best at a domain that cannot get mail, such as example.com (RFC 2606)."""

    name: str
    email: str


class Sealed(NamedTuple):
    """Somebody made up, as the database will know them."""

    email_key: bytes
    name: bytes
    email: bytes
    nonce: bytes
    commitment: bytes


def seal_people(slug: str, people: Iterable[MadeUp], keys: Keyring) -> list[Sealed]:
    """`people` for the campaign `slug`, in the order of their blind index.

    It is a hash: those who are entered in any other order each land on a page of its own of two indexes, which then is written
    twice, and a million of them take twice as long. So the more are sealed at once, the quicker they are entered.
    """
    return sorted(_seal(slug, person, keys) for person in people)


def _seal(slug: str, person: MadeUp, keys: Keyring) -> Sealed:
    address, nonce = read_address(person.email), secrets.token_bytes(32)
    return Sealed(
        email_key=keys.blind(EMAIL_KEY, address.canonical),
        name=keys.seal(NAME, person.name),
        email=keys.seal(EMAIL, address.email),
        nonce=keys.seal(NONCE, nonce.hex()),
        commitment=commitment(nonce, slug, address.email),
    )


def make_up_entrants(session: Session, slug: str, key: LogKey, people: Sequence[Sealed], *, now: datetime) -> int:
    """Enter up to 500 made-up people in one go, in the caller's transaction; who is in already is left out. Returns how many.

    Raises CampaignMissing, NotOpened and the draw room's LogSealed.
    """
    if len(people) > MOST_AT_ONCE:
        raise ValueError(f"at most {MOST_AT_ONCE} people in one transaction")
    campaign_id = find_opened(session, slug, lock=True).id
    new = {person.email_key: person for person in people}
    taken = select(Entrant.email_key).where(Entrant.campaign_id == campaign_id, Entrant.email_key.in_(new), LIVE)
    for email_key in session.execute(taken).scalars().all():
        new.pop(email_key or b"")
    if not new:
        return 0
    first = append_entries(session, key, [person.commitment for person in new.values()]).first
    rows = [
        {"email_key": email_key, "name": person.name, "email": person.email, "nonce": person.nonce, "entry_index": index}
        for index, (email_key, person) in enumerate(new.items(), first)
    ]
    _ENTER.run_each(session, rows, campaign_id=campaign_id, registered_at=now, confirmed_at=now, **_ALWAYS)
    return len(rows)
