"""House ads and articles for the tests of this room."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image

from webapp.ads import HouseAd, store_house_ads
from webapp.database import writing
from webapp.news.models import Article
from webapp.site import settings

NOON = datetime(2024, 12, 8, 12, 0, tzinfo=UTC)
ADS = (HouseAd("apples", "Eat apples", "/apples"), HouseAd("pears", "Eat pears", "/pears"))
LONG = 700  # words: enough for every slot


def draw(folder: Path) -> Path:
    """The pictures of ADS, in a new folder."""
    folder.mkdir()
    for shade, ad in enumerate(ADS):
        for size in ((300, 250), (728, 90), (320, 100)):
            Image.new("RGB", (2 * size[0], 2 * size[1]), (shade, 0, 0)).save(folder / f"{ad.slug}-{size[0]}x{size[1]}.jpg")
    return folder


def store(folder: Path) -> int:
    with writing() as session:
        return store_house_ads(session, folder, settings().media, ADS, advertiser="The Daily Draw")


def publish(
    slug: str = "one", *, paragraphs: Sequence[str] = ("Text.",) * 8, words: int = LONG, section: str | None = None, ads: bool = True
) -> None:
    body = "\n".join(part if part.startswith("<") else f"<p>{part}</p>" for part in paragraphs)
    with writing() as session:
        session.add(
            Article(
                slug=slug, headline=slug.capitalize(), section=section, authors=[], tags=[], published=NOON, body=body, words=words,
                source="", ads=ads,
            )
        )  # fmt: skip
