"""Register for a campaign: a pending row and a letter to confirm it. Who is known already gets the same answer, by mail.

This is the path that everybody takes at once: plain statements, everything costly done before the transaction.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from webapp.database import insert_into
from webapp.keys import Keyring
from webapp.mail import owe
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


def register(session: Session, slug: str | None, wish: Registration, *, now: datetime, mail_delay: int = 0) -> None:
    """Enter `wish` into the campaign `slug` (None: the one that closes first) and owe the letter that its state asks for.

    `mail_delay`: seconds that the letter waits at least, so that all letters together keep to their limit.
    Raises NotTaking outside [opens_at, closes_at).
    """
    campaign_id = taking(session, slug, now=now)
    row: dict[str, object] = {
        "campaign_id": campaign_id,
        "state": "pending",
        "source": "form",
        "name": wish.name,
        "email": wish.email,
        "email_key": wish.email_key,
        "newsletter": wish.newsletter,
        "network": wish.network,
        "disposable": wish.disposable,
        "registered_at": now,
        "token_counter": 0,
        "made_up": False,
    }
    not_before = now + timedelta(seconds=mail_delay)
    entrant_id = insert_if_new(session, row)
    if entrant_id is not None:
        _owe_today(session, "confirm", entrant_id, now, not_before)
    else:
        _remind(session, campaign_id, wish.email_key, now, not_before)


def insert_if_new(session: Session, row: dict[str, object]) -> int | None:
    """Insert an entrant; its id, or None if somebody with this address is in the campaign: the partial unique index decides."""
    insert = insert_into(session, Entrant).values(row)
    insert = insert.on_conflict_do_nothing(index_elements=["campaign_id", "email_key"], index_where=LIVE)
    return session.execute(insert.returning(Entrant.id)).scalar_one_or_none()


def taking(session: Session, slug: str | None, *, now: datetime) -> int:
    """The id of the campaign, if it takes entries at `now`. Raises NotTaking."""
    open_now = select(Campaign.id).where(Campaign.state == "open", Campaign.opens_at <= now, Campaign.closes_at > now)
    chosen = open_now.order_by(Campaign.closes_at, Campaign.id).limit(1) if slug is None else open_now.where(Campaign.slug == slug)
    campaign_id = session.execute(chosen).scalar_one_or_none()
    if campaign_id is None:
        raise NotTaking(slug)
    return campaign_id


def _remind(session: Session, campaign_id: int, email_key: bytes, now: datetime, not_before: datetime) -> None:
    """Write to somebody known what they need to know; the page never tells. An excluded person was told before."""
    known = select(Entrant.id, Entrant.state).where(Entrant.campaign_id == campaign_id, Entrant.email_key == email_key, LIVE)
    row = session.execute(known).first()
    if row is not None and row.state in {"pending", "confirmed"}:
        _owe_today(session, "confirm" if row.state == "pending" else "already_in", row.id, now, not_before)


def _owe_today(session: Session, kind: str, entrant_id: int, now: datetime, not_before: datetime) -> None:
    # At most one a day, or the form would be a way to flood somebody's inbox.
    owe(session, kind, entrant_id, dedupe_key=f"{kind}/{entrant_id}/{now:%Y-%m-%d}", now=now, not_before=not_before)
