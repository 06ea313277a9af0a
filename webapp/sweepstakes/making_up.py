"""Make up entrants, for a demo: confirmed, marked as made up, with real leaves in the log. No letter is owed to them."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Table, insert, select
from sqlalchemy.orm import Session

from webapp.draw import LogKey, append_entries, commitment
from webapp.keys import Keyring
from webapp.sweepstakes.addresses import Address, read_address
from webapp.sweepstakes.finding import find_opened
from webapp.sweepstakes.models import Entrant
from webapp.sweepstakes.registering import LIVE
from webapp.sweepstakes.sealed import EMAIL, EMAIL_KEY, NAME, NONCE

MOST_AT_ONCE = 2500  # a fifth less work each than 500 in one transaction; more at once gain nothing
_MADE_UP = {"state": "confirmed", "source": "demo", "newsletter": False, "token_counter": 0, "made_up": True}


@dataclass(frozen=True)
class MadeUp:
    """Somebody who does not exist. `email` is best at a domain that cannot get mail, such as example.com (RFC 2606)."""

    name: str
    email: str


def make_up_entrants(session: Session, slug: str, key: LogKey, people: Sequence[MadeUp], *, now: datetime, keys: Keyring) -> int:
    """Enter up to 2,500 made-up people in one go, in the caller's transaction; who is in already is left out. Returns how many.

    Raises CampaignMissing, NotOpened and the draw room's LogSealed.
    """
    if len(people) > MOST_AT_ONCE:
        raise ValueError(f"at most {MOST_AT_ONCE} people in one transaction")
    campaign_id = find_opened(session, slug, lock=True).id
    known = {keys.blind(EMAIL_KEY, address.canonical): (person, address) for person, address in _addressed(people)}
    taken = select(Entrant.email_key).where(Entrant.campaign_id == campaign_id, Entrant.email_key.in_(known), LIVE)
    for email_key in session.execute(taken).scalars().all():
        known.pop(email_key or b"")
    if not known:
        return 0
    new = [(email_key, person, address, secrets.token_bytes(32)) for email_key, (person, address) in known.items()]
    first = append_entries(session, key, [commitment(nonce, slug, address.email) for _, _, address, nonce in new]).first
    always = {"campaign_id": campaign_id, "registered_at": now, "confirmed_at": now, **_MADE_UP}
    rows = [
        {
            "name": keys.seal(NAME, person.name),
            "email": keys.seal(EMAIL, address.email),
            "nonce": keys.seal(NONCE, nonce.hex()),
            "email_key": email_key,
            "entry_index": index,
            **always,
        }
        for index, (email_key, person, address, nonce) in enumerate(new, first)
    ]
    session.execute(insert(cast(Table, Entrant.__table__)), rows)  # plain rows: the ORM would keep each
    return len(rows)


def _addressed(people: Sequence[MadeUp]) -> list[tuple[MadeUp, Address]]:
    return [(person, read_address(person.email)) for person in people]
