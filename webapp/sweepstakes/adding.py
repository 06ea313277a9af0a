"""Enter by mail: a card that came in the post, typed in by the admin. It has the same chance, limit and leaf as any other entry."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from webapp.draw import LogKey, append_entries, commitment
from webapp.keys import Keyring
from webapp.sweepstakes.addresses import Address
from webapp.sweepstakes.confirming import complete
from webapp.sweepstakes.consents import Words
from webapp.sweepstakes.finding import NotPossible, find_opened, note
from webapp.sweepstakes.models import Campaign, Entrant
from webapp.sweepstakes.registering import LIVE, Registration, insert_if_new, prepare
from webapp.sweepstakes.sealed import NONCE
from webapp.sweepstakes.wording import when


class AlreadyIn(NotPossible):
    """The address has an entry in this campaign, or had one that was excluded."""

    def __init__(self, slug: str, state: str, entry: int | None) -> None:
        super().__init__(f"This address is in {slug} already (entry {entry}, {state}): one entry per person, by form or by card.")
        self.entry = entry


class NotInTime(NotPossible):
    """Cards count from the opening until late confirmations end."""

    def __init__(self, campaign: Campaign) -> None:
        first, last = when(campaign.opens_at, campaign.timezone), when(campaign.confirm_until, campaign.timezone)
        super().__init__(f"{campaign.slug} takes cards from {first} until {last}.")


@dataclass(frozen=True, kw_only=True)
class Card:
    """A mail-in card, sealed and ready to be stored. `consents`: what its sender agreed to by the words on it."""

    registration: Registration
    nonce: bytes
    commitment: bytes
    consents: tuple[Words, ...]


def prepare_card(slug: str, name: str, address: Address, consents: tuple[Words, ...], *, nonce: bytes, keys: Keyring) -> Card:
    """Seal what the card says and make its commitment. `nonce`: 32 fresh random bytes."""
    newsletter = any(words.kind == "newsletter" for words in consents)
    return Card(
        registration=prepare(name, address, newsletter=newsletter, keys=keys),
        nonce=keys.seal(NONCE, nonce.hex()),
        commitment=commitment(nonce, slug, address.email),
        consents=consents,
    )


def add_card(session: Session, key: LogKey, slug: str, card: Card, *, actor: str, now: datetime) -> int:
    """Enter the card, confirmed at once; a form that waits for its confirmation becomes this entry. Returns the entry number.

    Raises AlreadyIn, NotInTime, CampaignMissing, NotOpened and the draw room's LogSealed.
    """
    campaign = find_opened(session, slug, lock=True)
    if not campaign.opens_at <= now < campaign.confirm_until:
        raise NotInTime(campaign)
    index = append_entries(session, key, [card.commitment]).first
    entrant_id = _store(session, campaign, card, index, now)
    complete(session, entrant_id, card.consents, source="mail_in", now=now)
    note(session, campaign, "add", {"entry": index, "source": "mail_in"}, actor=actor, now=now)
    return index


def _store(session: Session, campaign: Campaign, card: Card, index: int, now: datetime) -> int:
    entry: dict[str, object] = {
        "state": "confirmed",
        "source": "mail_in",
        "name": card.registration.name,
        "email": card.registration.email,
        "nonce": card.nonce,
        "newsletter": card.registration.newsletter,
        "confirmed_at": now,
        "entry_index": index,
    }
    new = {"campaign_id": campaign.id, "email_key": card.registration.email_key, "registered_at": now, "token_counter": 0, "made_up": False}
    entrant_id = insert_if_new(session, {**entry, **new})
    if entrant_id is not None:
        return entrant_id
    theirs = (Entrant.campaign_id == campaign.id, Entrant.email_key == card.registration.email_key, LIVE)
    upgrade = update(Entrant).where(*theirs, Entrant.state == "pending").values(entry).returning(Entrant.id)
    entrant_id = session.execute(upgrade.execution_options(synchronize_session=False)).scalar_one_or_none()
    if entrant_id is None:
        state, entry_index = session.execute(select(Entrant.state, Entrant.entry_index).where(*theirs)).one()
        raise AlreadyIn(campaign.slug, state, entry_index)
    return entrant_id
