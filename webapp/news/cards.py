"""The picture that stands for an article without any on other sites: its headline, set under the paper's name.

Loads Pillow: for commands only. The font has Latin, Greek and Cyrillic letters. A headline with any other sign gets a card
with the paper's mark instead: a row of empty boxes says nothing. The same words give the same bytes.
"""

import signal
import unicodedata
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import cache, partial
from importlib.resources import files
from itertools import accumulate
from multiprocessing import get_context
from os import cpu_count
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from webapp.assets import STATIC
from webapp.news.pictures import MOST_WORKERS
from webapp.news.variants import SHARE_SIZE, Card, card_file
from webapp.pictures import save, write

WORTH_PROCESSES = 200
# Pixels. The headline is as large as fits between rule and lower edge.
MARGIN, NAME_LINE, RULE, TOP, BOTTOM = 80, 112, (140, 145), 172, 574
NAME, SECTION, LARGEST, SMALLEST = 44, 32, 120, 34
LEADING = 1.14
# Shades, from ink (0) to paper (255); the spot colour belongs to the Win call.
INK, QUIET, EDGE, PAPER = 0, 76, 118, 255
_RAMP = bytes(round(dark + (light - dark) * shade / 255) for shade in range(256) for dark, light in ((21, 251), (20, 250), (15, 246)))
RUNS = 3  # zlib's Z_RLE: as small as its level 3 in flat colours, in two thirds of the time
_WIDTH = SHARE_SIZE[0] - 2 * MARGIN
_MEASURE = 100  # the size at which words are measured once for all sizes
_NO_GLYPH = "\uffff"


def make_all(cards: Sequence[Card], media: Path) -> Iterator[str]:
    """Draw each card into `media`, and yield its file's name; by several processes where that is worth starting them."""
    workers = min(MOST_WORKERS, cpu_count() or 1)
    if workers == 1 or len(cards) < WORTH_PROCESSES:
        yield from (make(card, media) for card in cards)
        return
    context, quiet = get_context("spawn"), (signal.SIGINT, signal.SIG_IGN)  # as in pictures.py
    made = 0
    with suppress(BrokenProcessPool), ProcessPoolExecutor(workers, mp_context=context, initializer=signal.signal, initargs=quiet) as pool:
        for name in pool.map(partial(make, media=media), cards, chunksize=25):
            made += 1
            yield name
    # Where a process was killed, by a system short of memory for example, the rest is drawn here.
    yield from (make(card, media) for card in cards[made:])


def make(card: Card, media: Path) -> str:
    """Draw `card` and put it into `media`; its file's name."""
    name = card_file(card.sha256)
    write(media / name, draw(card))
    return name


def draw(card: Card) -> bytes:
    """The PNG."""
    headline = _settable(card.headline)
    return _plain(_settable(card.paper)) if not headline else _with_words(_settable(card.paper), _settable(card.section or ""), headline)


def _with_words(paper: str, section: str, headline: str) -> bytes:
    image, pen = _sheet()
    paper = _cut(paper, _font("Bold", NAME), _WIDTH)
    pen.text((MARGIN, NAME_LINE), paper, INK, _font("Bold", NAME), anchor="ls")
    left = _WIDTH - _font("Bold", NAME).getlength(paper) - 2 * NAME
    if section and _font("Semibold", SECTION).getlength(section) <= left:
        pen.text((SHARE_SIZE[0] - MARGIN, NAME_LINE), section, QUIET, _font("Semibold", SECTION), anchor="rs")
    pen.rectangle((MARGIN, RULE[0], SHARE_SIZE[0] - MARGIN - 1, RULE[1]), EDGE)
    size, lines = _fitted(headline)
    line, height = round(size * LEADING), BOTTOM - TOP
    first = TOP + (height - len(lines) * line) // 2 + round(size * 0.86)
    for number, words in enumerate(lines):
        pen.text((MARGIN, first + number * line), words, INK, _font("Bold", size), anchor="ls")
    return save(_tinted(image), "PNG", compress_type=RUNS)


@cache
def _plain(paper: str) -> bytes:
    """The paper's mark and its name: for any headline that cannot be set."""
    image, _ = _sheet()
    with Image.open(STATIC / "icon-512.png") as icon:
        mark = icon.convert("RGB").resize((256, 256), Image.Resampling.LANCZOS)
    paper = _cut(paper, _font("Bold", 64), _WIDTH)
    coloured = _tinted(image).convert("RGB")
    coloured.paste(mark, ((SHARE_SIZE[0] - 256) // 2, 130 if paper else 187))
    ImageDraw.Draw(coloured).text((SHARE_SIZE[0] // 2, 490), paper, tuple(_RAMP[:3]), _font("Bold", 64), anchor="ms")
    return save(coloured, "PNG", compress_level=9)


def _sheet() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("L", SHARE_SIZE, PAPER)
    return image, ImageDraw.Draw(image)


def _tinted(image: Image.Image) -> Image.Image:
    image.putpalette(_RAMP)
    return image


def _fitted(headline: str) -> tuple[int, list[str]]:
    """The largest size at which the headline fits, and its lines, of about the same length."""
    words = headline.split()
    widths = [_font("Bold", _MEASURE).getlength(word) / _MEASURE for word in words]
    space = _font("Bold", _MEASURE).getlength(" ") / _MEASURE
    for size in range(LARGEST, SMALLEST - 1, -2):
        most = (BOTTOM - TOP) // round(size * LEADING)
        ends = _breaks(widths, space, _WIDTH / size)
        if len(ends) <= most and max(widths) * size <= _WIDTH:
            narrow = _narrowest(widths, space, _WIDTH / size, len(ends))
            return size, [" ".join(words[start:end]) for start, end in _pairs(_breaks(widths, space, narrow))]
    return SMALLEST, _forced(words, (BOTTOM - TOP) // round(SMALLEST * LEADING))


def _breaks(widths: list[float], space: float, width: float) -> list[int]:
    """Where lines of at most `width` end, each as long as possible: numbers of words."""
    ends, line = [], 0.0
    for number, word in enumerate(widths):
        if line and line + space + word > width:
            ends.append(number)
            line = word
        else:
            line += word + (space if line else 0)
    return [*ends, len(widths)]


def _narrowest(widths: list[float], space: float, width: float, lines: int) -> float:
    """The least width, to a hundredth, at which it takes no more `lines` than at `width`."""
    low, high = max(widths), width
    while high - low > width / 100:
        middle = (low + high) / 2
        low, high = (low, middle) if len(_breaks(widths, space, middle)) <= lines else (middle, high)
    return high


def _pairs(ends: list[int]) -> list[tuple[int, int]]:
    return list(zip([0, *ends], ends, strict=False))


def _forced(words: list[str], most: int) -> list[str]:
    """Lines of the smallest size: words longer than one are broken, and what is too much is left out."""
    font, lines = _font("Bold", SMALLEST), [""]
    for word in words:
        rest = word
        while rest:
            line = f"{lines[-1]} {rest}".strip()
            if font.getlength(line) <= _WIDTH:
                lines[-1], rest = line, ""
            elif lines[-1]:
                lines.append("")
            else:
                fits = sum(length <= _WIDTH for length in accumulate(font.getlength(sign) for sign in rest)) or 1
                lines[-1], rest = rest[:fits], rest[fits:]
                lines += [""] if rest else []
    return lines if len(lines) <= most else [*lines[: most - 1], _cut(" ".join(lines[most - 1 :]), font, _WIDTH)]


def _cut(text: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    """`text`, or as much of it as fits before an ellipsis."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text.rstrip()}…"


def _settable(text: str) -> str:
    """`text` as it can be set; empty if the font lacks any of it."""
    shown = unicodedata.normalize("NFC", "".join(sign for sign in text if unicodedata.category(sign) != "Cf"))
    return " ".join(shown.split()) if all(map(_has_glyph, set(shown))) else ""


@cache
def _has_glyph(sign: str) -> bool:
    if sign.isspace():
        return True
    # Marks that no letter took up would stand beside it: placing them takes another layout engine.
    return not unicodedata.combining(sign) and _shape(sign) != _shape(_NO_GLYPH)


def _shape(sign: str) -> tuple[tuple[int, int], bytes]:
    mask = _font("Bold", _MEASURE).getmask(sign)
    return mask.size, bytes(mask)


@cache
def _font(weight: str, size: int) -> ImageFont.FreeTypeFont:
    file = files("font_source_serif_pro") / "files" / f"SourceSerifPro-{weight}.otf"
    # The plain engine is in every build of Pillow and sets these letters the same in all.
    return ImageFont.truetype(str(file), size, layout_engine=ImageFont.Layout.BASIC)
