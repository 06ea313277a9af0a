"""Ads: who pays for what, what may stand in the page's labelled boxes, and how often it did."""

from datetime import date, datetime

from sqlalchemy import JSON, BigInteger, Date, ForeignKey, Index, String, Text, true
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import Base, BigInt, Moment


class AdCampaign(Base):
    """What an advertiser ordered: `budget` viewable impressions or clicks (`goal`: viewable, clicks), half-open in time.

    `pacing`: even (spread over its time) or asap. `priority`: paid goes before house. `sections`: empty is all of them.
    `per_view`: in how many slots of one page view it may stand. `state`: running or paused.
    """

    __tablename__ = "ads_campaign"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    advertiser: Mapped[str] = mapped_column(String(120))
    title: Mapped[str] = mapped_column(String(200))
    starts_at: Mapped[datetime] = mapped_column(Moment)
    ends_at: Mapped[datetime] = mapped_column(Moment)
    timezone: Mapped[str] = mapped_column(String(64))
    goal: Mapped[str] = mapped_column(String(8))
    budget: Mapped[int] = mapped_column(BigInteger)
    daily_cap: Mapped[int | None] = mapped_column(BigInteger)
    pacing: Mapped[str] = mapped_column(String(4), default="even")
    weight: Mapped[int] = mapped_column(default=1)
    priority: Mapped[str] = mapped_column(String(5), default="paid")
    sections: Mapped[list[str]] = mapped_column(JSON)
    per_view: Mapped[int] = mapped_column(default=1)
    state: Mapped[str] = mapped_column(String(7), default="running")
    imported_at: Mapped[datetime] = mapped_column(Moment)


class Creative(Base):
    """An ad: pictures alone, or headline and text beside one. `pictures` maps a size (`300x250`) to its file in the media
    folder and its width and height in CSS pixels. Without a campaign it is the publisher's own. Not `active`: no longer shown,
    kept for its counts.
    """

    __tablename__ = "ads_creative"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    advertiser: Mapped[str] = mapped_column(String(120))
    alt: Mapped[str] = mapped_column(Text)
    target: Mapped[str] = mapped_column(Text)
    house: Mapped[bool] = mapped_column(default=True)
    pictures: Mapped[dict[str, dict[str, str | int]]] = mapped_column(JSON)
    campaign_id: Mapped[int | None] = mapped_column(BigInt, ForeignKey("ads_campaign.id"))
    headline: Mapped[str | None] = mapped_column(String(120))
    text: Mapped[str | None] = mapped_column(String(300))
    active: Mapped[bool] = mapped_column(default=True, server_default=true())


class AdCount(Base):
    """How often an ad was served, seen and clicked in a slot of a section on a day of its campaign's zone (SITE_TIMEZONE for house ads)."""

    __tablename__ = "ads_count"
    __table_args__ = (Index(None, "creative_id"),)

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    creative_id: Mapped[int] = mapped_column(BigInt, ForeignKey("ads_creative.id"), primary_key=True)
    slot: Mapped[str] = mapped_column(String(8), primary_key=True)
    section: Mapped[str] = mapped_column(String(64), primary_key=True)
    served: Mapped[int] = mapped_column(BigInteger, default=0)
    viewable: Mapped[int] = mapped_column(BigInteger, default=0)
    clicks: Mapped[int] = mapped_column(BigInteger, default=0)


class AdFiltered(Base):
    """What was not counted, and why: `event` is served, viewable or click. Creative 0: nobody can tell which."""

    __tablename__ = "ads_filtered"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    creative_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    event: Mapped[str] = mapped_column(String(8), primary_key=True)
    reason: Mapped[str] = mapped_column(String(24), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, default=0)


class UsedToken(Base):
    """An impression's token that has been counted for `event`; kept until it would have expired anyway."""

    __tablename__ = "ads_used_token"
    __table_args__ = (Index(None, "until"),)

    nonce: Mapped[str] = mapped_column(String(32), primary_key=True)
    event: Mapped[str] = mapped_column(String(8), primary_key=True)
    until: Mapped[datetime] = mapped_column(Moment)
