"""The publisher's own ads as pages carry them: the same for every reader, without a script, there when no other comes."""

from datetime import date
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.ads.deciding import SLOTS
from webapp.ads.models import Creative


class AdPicture(NamedTuple):
    """A file in the media folder, and the size in CSS pixels at which it is shown."""

    file: str
    width: int
    height: int


class AdView(NamedTuple):
    """An ad as its slot shows it: a picture (`wide` where the screen has room for it), or `headline` and `text` beside one or none."""

    alt: str
    target: str
    picture: AdPicture | None = None
    wide: AdPicture | None = None
    headline: str | None = None
    text: str | None = None


# For slots that ads are sold for, in a paper that has none of its own.
UNSOLD = AdView("", "/advertising", headline="Advertise here", text="Labelled, counted honestly, without following anybody.")


def choose(session: Session, today: date) -> dict[str, AdView]:
    """The ad for each slot on this day; they take turns by the day. None for any, if there are no ads at all."""
    ads = session.scalars(select(Creative).where(Creative.active).order_by(Creative.slug)).all()
    own = [ad for ad in ads if ad.campaign_id is None]
    chosen = {}
    for place, slot in enumerate(SLOTS if ads else ()):
        fitting = [ad for ad in own if ad.headline is not None or SLOTS[slot][-1] in ad.pictures]
        # Neighbouring slots start at neighbouring ads, so that one page shows different ones.
        turn = today.toordinal() + place
        chosen[slot] = _view(fitting[turn % len(fitting)], SLOTS[slot]) if fitting else UNSOLD
    return chosen


def _view(ad: Creative, sizes: tuple[str, ...]) -> AdView:
    pictures = {size: AdPicture(str(it["file"]), int(it["width"]), int(it["height"])) for size, it in ad.pictures.items()}
    if ad.headline is not None:
        return AdView(ad.alt, ad.target, next(iter(pictures.values()), None), None, ad.headline, ad.text)
    wide, small = sizes[0], sizes[-1]
    return AdView(ad.alt, ad.target, pictures[small], pictures.get(wide) if wide != small else None)
