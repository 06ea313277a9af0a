"""Ads: what may stand in the page's labelled boxes."""

from sqlalchemy import JSON, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import Base, BigInt


class Creative(Base):
    """An ad. `pictures` maps a slot (`rail`, `article`) to its file in the media folder and its size in CSS pixels."""

    __tablename__ = "ads_creative"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    advertiser: Mapped[str] = mapped_column(String(120))
    alt: Mapped[str] = mapped_column(Text)
    target: Mapped[str] = mapped_column(Text)
    house: Mapped[bool] = mapped_column(default=True)
    pictures: Mapped[dict[str, dict[str, str | int]]] = mapped_column(JSON)
