"""Which ad stands in a slot: the same for every reader, since the page is."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.ads.models import Creative

Slot = Literal["rail", "article"]

# Neighbouring slots start at neighbouring creatives, so that one page shows two different ones.
SLOTS: tuple[Slot, ...] = ("rail", "article")


@dataclass(frozen=True)
class AdPicture:
    """A file in the media folder, and the size in CSS pixels at which it is shown."""

    file: str
    width: int
    height: int


@dataclass(frozen=True)
class AdView:
    """An ad as its slot shows it: `box` is 300 × 250; `wide`, 728 × 90, only where the slot has room for it."""

    alt: str
    target: str
    box: AdPicture
    wide: AdPicture | None


def choose(session: Session, slot: Slot, today: date) -> AdView | None:
    """The ad for `slot` on this day; they take turns by the day. None if there are none."""
    rows = session.execute(select(Creative.alt, Creative.target, Creative.pictures).order_by(Creative.slug)).all()
    if not rows:
        return None
    row = rows[(today.toordinal() + SLOTS.index(slot)) % len(rows)]
    wide = _picture(row.pictures["728x90"]) if slot == "article" else None
    return AdView(alt=row.alt, target=row.target, box=_picture(row.pictures["300x250"]), wide=wide)


def _picture(stored: dict[str, str | int]) -> AdPicture:
    return AdPicture(str(stored["file"]), int(stored["width"]), int(stored["height"]))
