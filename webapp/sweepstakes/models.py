"""Campaigns, the people who enter them, and those who want the newsletter alone. Names, addresses and nonces are sealed; see keys.py."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.database import Base, BigInt, Moment

_LIVE = text("state NOT IN ('withdrawn', 'erased')")


class Campaign(Base):
    """One sweepstakes, from its TOML file. After `open` nothing that the rules state changes.

    `state`: draft, open, sealed, drawn, settled, or void (with `void_reason`); upcoming and closed follow from the clock.
    `prize_minor`: the prize's value in the currency's minor unit (cents). `confirm_until`: until when late confirmations count.
    `beacon`: as in leaf 0 (`{"kind": "operator", "commitment": …}` or drand's chain and round);
    `beacon_secret`: an operator beacon's secret, sealed, published by the draw.
    """

    __tablename__ = "sweepstakes_campaign"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    state: Mapped[str] = mapped_column(String(8), default="draft", index=True)
    title: Mapped[str] = mapped_column(String(120))
    prize: Mapped[str] = mapped_column(String(300))
    prize_minor: Mapped[int] = mapped_column(BigInt)
    currency: Mapped[str] = mapped_column(String(3))
    timezone: Mapped[str] = mapped_column(String(64))
    opens_at: Mapped[datetime] = mapped_column(Moment)
    closes_at: Mapped[datetime] = mapped_column(Moment)
    confirm_until: Mapped[datetime] = mapped_column(Moment)
    seals_at: Mapped[datetime] = mapped_column(Moment)
    draws_at: Mapped[datetime] = mapped_column(Moment)
    winners: Mapped[int]
    alternates: Mapped[int]
    claim_days: Mapped[int]
    sponsor: Mapped[str] = mapped_column(String(200))
    sponsor_address: Mapped[str] = mapped_column(Text)
    minimum_age: Mapped[int]
    eligibility: Mapped[str] = mapped_column(Text)
    terms: Mapped[dict[str, object]] = mapped_column(JSON)
    beacon: Mapped[dict[str, str | int]] = mapped_column(JSON)
    beacon_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    rules: Mapped[str | None] = mapped_column(Text)
    void_reason: Mapped[str | None] = mapped_column(String(64))
    made_up: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(Moment)
    seen_closed: Mapped[bool] = mapped_column(default=False, server_default=false())


class Entrant(Base):
    """A person's registration for one campaign.

    `state`: pending, confirmed, withdrawn, excluded or erased. `email` is the text the receipt's commitment is made of;
    `email_key` the blind index of the canonical address, unique per campaign among those not withdrawn.
    `entry_index`: the entry's place in the log. `token_counter` ends older links when raised.
    `newsletter`: wished for; counts once confirmed. `network`: the sender's, shortened (client.py), until retention.NETWORK ends.
    `disposable`: the address is at a provider of throw-away addresses; for the review.
    """

    __tablename__ = "sweepstakes_entrant"
    __table_args__ = (
        Index("uq_sweepstakes_entrant_email_key", "campaign_id", "email_key", unique=True, sqlite_where=_LIVE),
        Index("uq_sweepstakes_entrant_entry_index", "campaign_id", "entry_index", unique=True),
        Index("ix_sweepstakes_entrant_email_key", "email_key"),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("sweepstakes_campaign.id"))
    state: Mapped[str] = mapped_column(String(9), default="pending")
    source: Mapped[str] = mapped_column(String(8), default="form")
    name: Mapped[bytes | None] = mapped_column(LargeBinary)
    email: Mapped[bytes | None] = mapped_column(LargeBinary)
    email_key: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    nonce: Mapped[bytes | None] = mapped_column(LargeBinary)
    newsletter: Mapped[bool] = mapped_column(default=False)
    registered_at: Mapped[datetime] = mapped_column(Moment)
    confirmed_at: Mapped[datetime | None] = mapped_column(Moment)
    entry_index: Mapped[int | None] = mapped_column(BigInt)
    token_counter: Mapped[int] = mapped_column(default=0)
    made_up: Mapped[bool] = mapped_column(default=False)
    network: Mapped[str | None] = mapped_column(String(43))
    disposable: Mapped[bool] = mapped_column(default=False, server_default=false())
    campaign: Mapped[Campaign] = relationship(lazy="joined")


class ConsentText(Base):
    """The exact words of a box, by the SHA-256 of `kind` and `text`."""

    __tablename__ = "sweepstakes_consent_text"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    text: Mapped[str] = mapped_column(Text)
    since: Mapped[datetime] = mapped_column(Moment)


class Consent(Base):
    """That an entrant gave (or took back) a consent: which words, when, by which way."""

    __tablename__ = "sweepstakes_consent"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    entrant_id: Mapped[int] = mapped_column(ForeignKey("sweepstakes_entrant.id", ondelete="CASCADE"), index=True)
    text_id: Mapped[int] = mapped_column(ForeignKey("sweepstakes_consent_text.id"))
    given: Mapped[bool]
    at: Mapped[datetime] = mapped_column(Moment)
    source: Mapped[str] = mapped_column(String(16))


class Audit(Base):
    """Who did what to a campaign on the command line; local, never published."""

    __tablename__ = "sweepstakes_audit"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("sweepstakes_campaign.id"), index=True)
    at: Mapped[datetime] = mapped_column(Moment)
    actor: Mapped[str] = mapped_column(String(80))
    action: Mapped[str] = mapped_column(String(16))
    detail: Mapped[dict[str, object]] = mapped_column(JSON)


class Subscriber(Base):
    """Somebody who asked for the newsletter without entering a draw. Once it ended, what is left is a row without a person.

    `email`, `email_key`: as an entrant's; None after the end, when the id stays taken, so that no old link opens another's page.
    `asked_at`: the last time. `confirmed_at`, `text_id`: when the address was confirmed, and by which words.
    """

    __tablename__ = "sweepstakes_subscriber"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    email: Mapped[bytes | None] = mapped_column(LargeBinary)
    email_key: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    asked_at: Mapped[datetime] = mapped_column(Moment)
    confirmed_at: Mapped[datetime | None] = mapped_column(Moment)
    text_id: Mapped[int | None] = mapped_column(ForeignKey("sweepstakes_consent_text.id"))


class Claim(Base):
    """What a winner gave to get the prize; see claiming.py. All that names somebody or a place is sealed.

    `public_name`: the form in which the winner agrees to be published, None without that consent.
    """

    __tablename__ = "sweepstakes_claim"

    entrant_id: Mapped[int] = mapped_column(ForeignKey("sweepstakes_entrant.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    address: Mapped[bytes] = mapped_column(LargeBinary)
    city: Mapped[bytes] = mapped_column(LargeBinary)
    region: Mapped[bytes] = mapped_column(LargeBinary)
    postcode: Mapped[bytes] = mapped_column(LargeBinary)
    payout: Mapped[bytes] = mapped_column(LargeBinary)
    public_name: Mapped[bytes | None] = mapped_column(LargeBinary)
    given_at: Mapped[datetime] = mapped_column(Moment)
    changed_at: Mapped[datetime] = mapped_column(Moment)
