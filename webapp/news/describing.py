"""One description of an article, for everything that machines read: the page's head, its JSON-LD, and the feeds."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from webapp.news import variants
from webapp.news.elsewhere import for_elsewhere
from webapp.news.folding import without_marks
from webapp.news.reading import ArticleView, FigureView

LANGUAGE = "en"
SUMMARY = 200


class Publisher(NamedTuple):
    """The paper: its name, its address without a slash at the end, and its logo (512×512)."""

    name: str
    url: str
    logo: str


class Image(NamedTuple):
    """A JPEG under its whole address, its size in pixels, and its words."""

    url: str
    width: int
    height: int
    alt: str
    caption: str
    credit: str | None


@dataclass(frozen=True)
class Description:
    """An article as the world outside may know it; every address is whole.

    `id`: what feeds name it by, which outlives a change of its address.
    `images`: its pictures; `crops` and `share` (1200×630): the first of them in other shapes. Without any, `share` is its card.
    `modified` is the time of publication where nothing was updated; `summary` the standfirst, or how the text begins.
    """

    publisher: Publisher
    path: str
    id: str
    headline: str
    summary: str
    section: str | None
    authors: tuple[str, ...]
    tags: tuple[str, ...]
    published: datetime
    updated: datetime | None
    words: int
    images: tuple[Image, ...]
    crops: tuple[Image, ...]
    share: Image | None
    body: str

    @property
    def url(self) -> str:
        return self.publisher.url + self.path

    @property
    def modified(self) -> datetime:
        return self.updated or self.published

    @cached_property
    def html(self) -> str:
        """The whole text for feeds."""
        return for_elsewhere(self.body, site_url=self.publisher.url, page_url=self.url)


def describe(article: ArticleView, publisher: Publisher) -> Description:
    """`article` as described to others."""
    images = tuple(_largest(figure, publisher) for figure in article.figures)
    return Description(
        publisher=publisher,
        path=f"/news/{article.slug}",
        id=f"{publisher.url}/news/{article.guid}",
        headline=article.headline,
        summary=article.standfirst or _beginning(article.body),
        section=article.section,
        authors=tuple(article.authors),
        tags=tuple(article.tags),
        published=article.published,
        updated=article.updated,
        words=article.words,
        images=images,
        crops=_crops(article.figures[0], publisher) if article.figures else (),
        share=_share(article.figures[0], publisher) if article.figures else _card(article, publisher),
        body=article.body,
    )


def _largest(figure: FigureView, publisher: Publisher) -> Image:
    made = [variant for variant in variants.variants(figure.sha256, figure.width, figure.height) if variant.format == "jpg"]
    return _image(figure, publisher, made[-1])


def _crops(figure: FigureView, publisher: Publisher) -> tuple[Image, ...]:
    return tuple(_image(figure, publisher, made) for made in variants.crops(figure.sha256, figure.width, figure.height))


def _image(figure: FigureView, publisher: Publisher, made: variants.Variant) -> Image:
    return Image(f"{publisher.url}/media/{made.file}", made.width, made.height, figure.alt, figure.caption, figure.credit)


def _share(figure: FigureView, publisher: Publisher) -> Image:
    file = variants.share_file(figure.sha256)
    return Image(f"{publisher.url}/media/{file}", *variants.SHARE_SIZE, figure.alt, figure.caption, figure.credit)


def _card(article: ArticleView, publisher: Publisher) -> Image | None:
    """None for what was imported before there were cards."""
    if article.card is None:
        return None
    return Image(f"{publisher.url}/media/{variants.card_file(article.card)}", *variants.SHARE_SIZE, article.headline, "", None)


def _beginning(body: str) -> str:
    text = without_marks(body)
    return text if len(text) <= SUMMARY else text[:SUMMARY].rpartition(" ")[0] + " …"
