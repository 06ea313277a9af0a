"""The files made of a picture: which there are, what they are called, and the HTML that offers them. Opens none of them."""

from hashlib import sha256
from html import escape
from json import dumps
from typing import NamedTuple

WIDTHS = (480, 800, 1200, 1600)
FORMATS = ("avif", "webp", "jpg")
TYPES = {"avif": "image/avif", "webp": "image/webp"}
FALLBACK_WIDTH = 800
SHARE_SIZE = (1200, 630)
CARD_DRAWING = 1  # raised when cards.py draws differently
# What search engines ask for beside a picture's own shape: for wide, usual and square places.
SHAPES = ((16, 9), (4, 3), (1, 1))
WIDEST_CROP = 1200
# The article's column in static/site.css: beside the byline and the rail, beside the rail, and alone.
SIZES = "(min-width: 75em) min(44rem, 100vw - 40rem), (min-width: 62em) min(44rem, 100vw - 28rem), min(44rem, 92vw)"


class Variant(NamedTuple):
    """One file in the media folder, its size in pixels and its format (`avif`, `webp`, `jpg`)."""

    file: str
    width: int
    height: int
    format: str


def variants(sha256: bytes, width: int, height: int) -> list[Variant]:
    """What is made of a picture of this size, smallest first per format; never wider than the picture itself."""
    sizes = [(step, max(1, round(height * step / width))) for step in WIDTHS if step <= width] or [(width, height)]
    return [Variant(f"{_stem(sha256)}-{w}.{format}", w, h, format) for format in FORMATS for w, h in sizes]


def share_file(sha256: bytes) -> str:
    """The 1200×630 JPEG that stands for the picture on other sites."""
    return f"{_stem(sha256)}-share.jpg"


class Card(NamedTuple):
    """What is set on the picture that stands for an article without any: drawn in cards.py."""

    paper: str
    section: str | None
    headline: str

    @property
    def sha256(self) -> bytes:
        """Of what it shows, and of how: other words, or another drawing, are another file."""
        return sha256(dumps([CARD_DRAWING, self.paper, self.section, self.headline]).encode()).digest()


def card_file(sha256: bytes) -> str:
    """The 1200×630 PNG of a Card."""
    return f"{_stem(sha256)}-card.png"


def crops(sha256: bytes, width: int, height: int) -> list[Variant]:
    """JPEGs of the picture's middle in the three shapes, as large as the picture allows up to 1200 pixels in width."""
    made = []
    for across, down in SHAPES:
        w = min(WIDEST_CROP, width, height * across // down)
        made.append(Variant(f"{_stem(sha256)}-{across}x{down}.jpg", w, max(1, round(w * down / across)), "jpg"))
    return made


def original_file(sha256: bytes) -> str:
    """The file itself, kept for `flask article export` and never served: it may tell where it was taken."""
    return f"{_stem(sha256)}-original"


def files(sha256: bytes, width: int, height: int) -> list[str]:
    """The names of all files of a picture."""
    made = [*variants(sha256, width, height), *crops(sha256, width, height)]
    return [variant.file for variant in made] + [share_file(sha256), original_file(sha256)]


def as_rows(made: list[Variant]) -> list[dict[str, str | int]]:
    """What the `variants` column of a Picture holds."""
    return [variant._asdict() for variant in made]


def _stem(sha256: bytes) -> str:
    return sha256.hex()[:16]


def figure_html(made: list[Variant], *, alt: str, caption: str, credit: str | None, first: bool) -> str:
    """A figure; the `first` of an article is fetched at once, the others when the reader comes near."""
    by_format = {format: [variant for variant in made if variant.format == format] for format in FORMATS}
    sources = "".join(f'<source type="{type}" srcset="{_srcset(by_format[format])}" sizes="{SIZES}">' for format, type in TYPES.items())
    jpegs = by_format["jpg"]
    fallback = [variant for variant in jpegs if variant.width <= FALLBACK_WIDTH][-1:] or jpegs[:1]
    when = 'fetchpriority="high"' if first else 'loading="lazy" decoding="async"'
    image = (
        f'<img src="/media/{fallback[0].file}" srcset="{_srcset(jpegs)}" sizes="{SIZES}" '
        f'width="{jpegs[-1].width}" height="{jpegs[-1].height}" alt="{escape(alt)}" {when}>'
    )
    words = [f'<span class="{name}">{escape(text)}</span>' for name, text in (("caption", caption), ("credit", credit)) if text]
    below = f"<figcaption>{' '.join(words)}</figcaption>" if words else ""
    return f'<figure class="figure"><picture>{sources}{image}</picture>{below}</figure>\n'


def _srcset(made: list[Variant]) -> str:
    return ", ".join(f"/media/{variant.file} {variant.width}w" for variant in made)
