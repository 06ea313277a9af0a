"""A described campaign's pictures looked at and made anew, and all of it stored: new, or in the place of what has its slug."""

import warnings
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.ads.deciding import SLOTS
from webapp.ads.describing import CreativeText, Description, FaultyAd, describe
from webapp.ads.models import AdCampaign, AdCount, Creative
from webapp.files import Unusable, inside, read_limited
from webapp.toml_tables import LONGEST_FILE, Fault

if TYPE_CHECKING:
    from PIL.Image import Image

# In CSS pixels. Pictures beside a headline are cut square.
SIZES = tuple(dict.fromkeys(size for sizes in SLOTS.values() for size in sizes))
SQUARE = 120
# Bytes that a picture may have; it is compressed until it fits.
HEAVIEST = 60_000
QUALITIES = (88, 80, 70, 60, 45, 30, 15)


class Settled(Exception):
    """What was delivered belongs to somebody, and to days of a zone: neither can be changed afterwards."""


@dataclass(frozen=True)
class MadePicture:
    """A picture as readers get it: its size in CSS pixels, the name of its file by its content, and its bytes."""

    width: int
    height: int
    file: str
    data: bytes

    @property
    def size(self) -> str:
        return f"{self.width}x{self.height}"


@dataclass(frozen=True)
class Draft:
    """A campaign that can be stored: what its file says, and the pictures of each creative by its slug."""

    description: Description
    pictures: dict[str, tuple[MadePicture, ...]]


@dataclass(frozen=True)
class Stored:
    """What `store` did: `new`, or which creatives came, and which are shown no longer."""

    new: bool
    added: tuple[str, ...]
    dropped: tuple[str, ...]


def prepare(file: Path, *, now: datetime, sections: Collection[str], known: Collection[str]) -> Draft:
    """The campaign in `file`, its pictures made. Raises FaultyAd with every fault of file and pictures. See `describe`."""
    faults: list[Fault] = []
    try:
        source = read_limited(file, LONGEST_FILE, "file")
    except Unusable as unusable:
        raise FaultyAd([Fault("file", unusable.reason, unusable.mend)]) from unusable
    description, creatives = describe(source, faults, now=now, sections=sections, known=known)
    pictures = {one.slug: tuple(_pictures(one, file, faults)) for one in creatives}
    if faults or description is None:
        raise FaultyAd(faults)
    return Draft(description, pictures)


def _pictures(creative: CreativeText, file: Path, faults: list[Fault]) -> Iterable[MadePicture]:
    seen: dict[str, str] = {}
    for written in creative.pictures:
        try:
            made = make(inside(file.parent.resolve(), file.parent.resolve(), written), square=creative.headline is not None)
        except Unusable as unusable:
            faults.append(Fault(f"creatives.{creative.slug}.pictures", unusable.reason, unusable.mend))
            continue
        if made.size in seen:
            reason = f"{written!r} has the size of {seen[made.size]!r}, {made.size}"
            faults.append(Fault(f"creatives.{creative.slug}.pictures", reason, "Keep one of each size."))
        else:
            seen[made.size] = written
            yield made


def make(path: Path, *, square: bool = False) -> MadePicture:
    """The picture at `path`, judged by its content and made anew without anything but its pixels. Raises Unusable.

    It has one of SIZES, or twice as many pixels each way; with `square`, any shape, of which the middle is taken.
    """
    from PIL import Image, ImageOps

    from webapp import pictures

    data = read_limited(path, pictures.LARGEST_FILE, "picture")
    if data[:256].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<script", b"<html", b"<!doctype html", b"#!")):
        raise Unusable(f"the picture {path.name!r} is a script or a page", "Export the ad as PNG: no ad of ours runs anything.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the size is judged here, and the reason told
        with pictures.open_picture(path, data) as image:
            if image.width * image.height > pictures.MOST_PIXELS:
                raise Unusable(*pictures.too_large(path))
            if getattr(image, "n_frames", 1) > 1:
                raise Unusable(f"the picture {path.name!r} moves", "Export one still picture: moving ads keep people from reading.")
            width, height = pictures.size(path, image)
            shown = (SQUARE, SQUARE) if square else _shown(path, width, height)
            if square and min(width, height) < SQUARE:
                raise Unusable(f"the picture {path.name!r} has {width} × {height} pixels", f"Use one of {2 * SQUARE} × {2 * SQUARE}.")
            pictures.decode(path, image)
            plain = pictures.clean(image)
    factor = 2 if plain.width >= 2 * shown[0] and plain.height >= 2 * shown[1] else 1
    while True:
        fitted = ImageOps.fit(plain, (factor * shown[0], factor * shown[1]), Image.Resampling.LANCZOS)
        made = _encode(fitted)
        if factor == 1 or len(made) <= HEAVIEST:
            break
        factor = 1  # noise, which no compression makes small enough
    return MadePicture(*shown, f"{sha256(made).hexdigest()[:32]}-{fitted.width}.webp", made)


def _shown(path: Path, width: int, height: int) -> tuple[int, int]:
    """The size in CSS pixels of a picture of so many pixels."""
    for size in SIZES:
        wide, high = map(int, size.split("x"))
        if (width, height) in {(wide, high), (2 * wide, 2 * high)}:
            return wide, high
    possible = ", ".join(f"{2 * wide} × {2 * high}" for wide, high in (map(int, size.split("x")) for size in SIZES))
    raise Unusable(
        f"the picture {path.name!r} has {width} × {height} pixels, which fit no slot", f"Save it with {possible}, or half as many each way."
    )


def _encode(plain: "Image") -> bytes:
    from webapp.pictures import save

    for quality in QUALITIES:
        made = save(plain, "WEBP", quality=quality, method=4)
        if len(made) <= HEAVIEST:
            break
    return made


def write_pictures(draft: Draft, media: Path) -> None:
    """Put the draft's pictures into the media folder, before any row names them."""
    from webapp.pictures import write

    for made in (one for several in draft.pictures.values() for one in several):
        if not (media / made.file).is_file():
            write(media / made.file, made.data)


def store(session: Session, draft: Draft, *, now: datetime) -> Stored:
    """Make or renew the campaign. Creatives that are no longer in its file are kept for their counts and shown no longer.

    What was paused stays so. Raises Settled where something was delivered and advertiser or zone would change.
    """
    said = draft.description
    campaign = session.scalar(select(AdCampaign).where(AdCampaign.slug == said.slug))
    new = campaign is None
    if campaign is None:
        campaign = AdCampaign(slug=said.slug, state="running", imported_at=now)
    else:
        _refuse_other_past(session, campaign, said)
    for name in ("advertiser", "title", "starts_at", "ends_at", "timezone", "goal", "budget", "daily_cap", "pacing", "weight", "priority"):
        setattr(campaign, name, getattr(said, name))
    campaign.sections, campaign.per_view, campaign.imported_at = list(said.sections), said.per_view, now
    session.add(campaign)
    session.flush()
    there = {one.slug: one for one in session.scalars(select(Creative).where(Creative.campaign_id == campaign.id))}
    wanted = {f"{said.slug}/{one.slug}": one for one in said.creatives}
    added = [slug for slug in wanted if slug not in there or not there[slug].active]
    for slug, one in wanted.items():
        _store_creative(session, there.get(slug) or Creative(slug=slug, campaign_id=campaign.id, house=False), one, draft)
    dropped = [one for slug, one in there.items() if slug not in wanted and one.active]
    for gone in dropped:
        gone.active = False
    session.flush()
    return Stored(new, tuple(_short(slug) for slug in added), tuple(_short(one.slug) for one in dropped))


def _short(slug: str) -> str:
    return slug.partition("/")[2]


def _store_creative(session: Session, creative: Creative, said: CreativeText, draft: Draft) -> None:
    creative.advertiser = draft.description.advertiser
    creative.alt, creative.target, creative.headline, creative.text = said.alt, said.target, said.headline, said.text
    creative.pictures = {one.size: {"file": one.file, "width": one.width, "height": one.height} for one in draft.pictures[said.slug]}
    creative.active = True
    session.add(creative)


def _refuse_other_past(session: Session, campaign: AdCampaign, said: Description) -> None:
    changed = [name for name in ("advertiser", "timezone") if getattr(campaign, name) != getattr(said, name)]
    served = select(func.coalesce(func.sum(AdCount.served), 0)).join(Creative, Creative.id == AdCount.creative_id)
    if changed and session.scalar(served.where(Creative.campaign_id == campaign.id)):
        words = " and ".join(f"{name} {getattr(campaign, name)!r}" for name in changed)
        raise Settled(f"{campaign.slug} has been delivered for {words}. Give the new campaign another slug.")
