"""Take the publisher's own ads from a folder into the media folder and the database."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.ads.models import Creative

# In CSS pixels; the file holds twice as many each way.
SIZES = ((300, 250), (728, 90), (320, 100))


class BadHouseAd(Exception):
    """A picture is missing, or not of its size: `file`, what is wrong, and the mend, in one sentence."""

    def __init__(self, file: Path, problem: str) -> None:
        super().__init__(f"{file.name}: {problem}")
        self.file = file


@dataclass(frozen=True)
class HouseAd:
    """An ad of the publisher's own. Its pictures are `<slug>-300x250.jpg`, …, one of each of SIZES; `target` is a path on this site."""

    slug: str
    alt: str
    target: str


def store_house_ads(session: Session, folder: Path, media: Path, ads: Iterable[HouseAd], *, advertiser: str) -> int:
    """Make or renew a creative for each ad, its pictures copied to `media`; returns how many. Raises BadHouseAd before it stores any."""
    prepared = [(ad, {size: _check(folder, ad.slug, *size) for size in SIZES}) for ad in ads]
    for ad, files in prepared:
        creative = session.scalar(select(Creative).where(Creative.slug == ad.slug)) or Creative(slug=ad.slug)
        creative.advertiser, creative.alt, creative.target, creative.house = advertiser, ad.alt, ad.target, True
        creative.pictures = {f"{width}x{height}": _keep(content, width, height, media) for (width, height), content in files.items()}
        session.add(creative)
    session.flush()
    return len(prepared)


def _check(folder: Path, slug: str, width: int, height: int) -> bytes:
    from PIL import Image, UnidentifiedImageError

    file = folder / f"{slug}-{width}x{height}.jpg"
    try:
        with Image.open(file, formats=["JPEG"]) as picture:
            size = picture.size
    except FileNotFoundError:
        raise BadHouseAd(file, f"is missing from {folder}. Put a JPEG of {2 * width} × {2 * height} pixels there.") from None
    except UnidentifiedImageError:
        raise BadHouseAd(file, "is not a JPEG picture. Save it as one.") from None
    if size != (2 * width, 2 * height):
        raise BadHouseAd(file, f"has {size[0]} × {size[1]} pixels. Save it with {2 * width} × {2 * height}.")
    return file.read_bytes()


def _keep(content: bytes, width: int, height: int, media: Path) -> dict[str, str | int]:
    """Write the file under its content's name, as imported pictures are kept; what the model stores of it."""
    name = f"{sha256(content).hexdigest()[:32]}-{2 * width}.jpg"
    if not (media / name).exists():
        part = media / f".{name}.part"
        part.write_bytes(content)
        part.rename(media / name)
    return {"file": name, "width": width, "height": height}
