"""What we hold about a person: for their own page, and as the data they may take with them."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.clock import stamp
from webapp.keys import Keyring
from webapp.sweepstakes.claiming import Claimed, read_claim
from webapp.sweepstakes.consents import Consented, consents_of
from webapp.sweepstakes.entrants import Person, by_id
from webapp.sweepstakes.letter_kinds import ENTRANT_LETTERS
from webapp.sweepstakes.models import Entrant

if TYPE_CHECKING:
    from webapp.mail import Row


class Held(NamedTuple):
    """All there is about `person` in one campaign. `letters` are rows of the outbox: no text, no address.

    `network`: the shortened one of the registration, while it is kept. `disposable`: at a provider of throw-away addresses.
    """

    person: Person
    network: str | None
    disposable: bool
    consents: tuple[Consented, ...]
    letters: "tuple[Row, ...]"
    claim: Claimed | None


def held(session: Session, person: Person, *, keys: Keyring) -> Held:
    """Read what there is besides the person's own row."""
    from webapp.mail import about

    noted = session.execute(select(Entrant.network, Entrant.disposable).where(Entrant.id == person.id)).one()
    return Held(
        person=person,
        network=noted.network,
        disposable=noted.disposable,
        consents=consents_of(session, person.id),
        letters=tuple(about(session, ENTRANT_LETTERS, person.id)),
        claim=read_claim(session, person.id, keys=keys),
    )


def everywhere(session: Session, person: Person, *, keys: Keyring) -> list[Person]:
    """Everybody with the person's address, in all campaigns, newest first; the person among them."""
    return [by_id(session, entrant_id, keys=keys) for entrant_id in _with_address(session, person.id, same_campaign=False)]


def in_same_campaign(session: Session, entrant_id: int) -> Sequence[int]:
    """The ids of all rows of this person in this campaign: who withdrew and entered again has several."""
    return _with_address(session, entrant_id, same_campaign=True)


def _with_address(session: Session, entrant_id: int, *, same_campaign: bool) -> Sequence[int]:
    campaign_id, key = session.execute(select(Entrant.campaign_id, Entrant.email_key).where(Entrant.id == entrant_id)).one()
    if key is None:
        return [entrant_id]
    # Without an address: what an erasure left of an excluded entry, which is nobody's to see.
    wanted = select(Entrant.id).where(Entrant.email_key == key, Entrant.email.is_not(None)).order_by(Entrant.id.desc())
    return session.execute(wanted.where(Entrant.campaign_id == campaign_id) if same_campaign else wanted).scalars().all() or [entrant_id]


def taken_away(holding: Held, receipt: str | None) -> str:
    """All of it as JSON (GDPR art. 15 and 20); moments in UTC."""
    person, claim = holding.person, holding.claim
    facts = {
        "campaign": person.contest.slug,
        "title": person.contest.title,
        "name": person.name,
        "email": person.email,
        "state": person.state,
        "source": person.source,
        "entry_number": person.entry_index,
        "registered_at": stamp(person.registered_at),
        "network": holding.network,
        "throw_away_address": holding.disposable,
        "confirmed_at": stamp(person.confirmed_at) if person.confirmed_at else None,
        "newsletter": person.newsletter,
        "consents": [consent.facts for consent in holding.consents],
        "letters": [_letter(row) for row in holding.letters],
        "claim": {**claim.details._asdict(), "given_at": stamp(claim.given_at), "changed_at": stamp(claim.changed_at)} if claim else None,
        "receipt": receipt,
    }
    return json.dumps(facts, ensure_ascii=False, indent=2) + "\n"


def _letter(row: "Row") -> dict[str, str | None]:
    sent = stamp(row.sent_at) if row.sent_at else None
    return {"kind": row.kind, "state": row.state, "asked_for_at": stamp(row.created_at), "sent_at": sent, "server_said": row.reason}
