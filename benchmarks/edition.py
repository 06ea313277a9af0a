"""An edition to import: articles of some 600 words, and pictures with the spectrum of photographs, which is what encoders work on.

Noise would be no picture: no encoder can save anything on it. These have what photographs have – large shapes with soft and hard
edges, texture that weakens as it gets finer (amplitude in inverse proportion to frequency), little colour detail, a trace of grain.
The same number makes the same picture.
"""

from pathlib import Path
from random import Random

from PIL import Image, ImageDraw, ImageFilter, ImageOps

SIZE = (2000, 1300)
SECTIONS = ("Business", "Culture", "Health", "Politics", "Science", "Sport", "Weather", "World")
_WORDS = [
    first + second + third for first in ("ha", "mo", "ti", "bel", "cor") for second in ("ra", "no", "ste") for third in ("", "n", "lis")
]


def write_edition(folder: Path, articles: int, pictures: int) -> None:
    """So many articles as files; the first of them have a picture each."""
    (folder / "pictures").mkdir(parents=True)
    for number in range(pictures):
        photograph(number).save(folder / "pictures" / f"p{number}.jpg", quality=90)
    for number in range(articles):
        figure = f'\n\n![What is seen in {number}.](pictures/p{number}.jpg "A view. (Somebody)")' if number < pictures else ""
        (folder / f"piece-{number}.md").write_text(_article(number, figure), encoding="utf-8")


def _article(number: int, figure: str) -> str:
    chance = Random(number)
    paragraphs = [" ".join(chance.choices(_WORDS, k=75)).capitalize() + "." for _ in range(8)]
    published = f"2025-{number % 12 + 1:02}-{number % 28 + 1:02}T{number % 24:02}:{number % 60:02}:00Z"
    front = f"title: Report {number} from the {paragraphs[0].split()[1]}\nslug: piece-{number}\nsection: {SECTIONS[number % 8]}\n"
    more = f"standfirst: What happened in case {number}.\nauthors:\n  - Reporter {number % 20}\ntags:\n  - Topic {number % 50}\n"
    return f"---\n{front}{more}published: {published}\n---\n\n{paragraphs[0]}{figure}\n\n" + "\n\n".join(paragraphs[1:]) + "\n"


def photograph(number: int) -> Image.Image:
    """Picture `number`."""
    chance = Random(number)
    light = _clouds(chance, 3, 768)
    light.paste(_shapes(chance), mask=_clouds(chance, 2, 4).point(lambda value: 90 + value // 4))
    light = Image.blend(light, _clouds(chance, 96, 768), 0.25)
    colours = [_clouds(chance, 2, 48).point(lambda value: 96 + value // 4) for _ in range(2)]
    return Image.merge("YCbCr", (ImageOps.autocontrast(light, cutoff=1), *colours)).convert("RGB")


def _clouds(chance: Random, coarsest: int, finest: int) -> Image.Image:
    """Noise of ever finer grain, each half as strong as the one before."""
    made, cells = _octave(chance, finest), finest // 2
    while cells >= coarsest:
        made, cells = Image.blend(_octave(chance, cells), made, 0.5), cells // 2
    return made


def _octave(chance: Random, cells: int) -> Image.Image:
    across, down = cells * SIZE[0] // SIZE[1], cells
    return Image.frombytes("L", (across, down), chance.randbytes(across * down)).resize(SIZE, Image.Resampling.BICUBIC)


def _shapes(chance: Random) -> Image.Image:
    """Things before a sky, some out of focus."""
    shapes = Image.linear_gradient("L").resize(SIZE)
    for blur in (12, 1):
        pen = ImageDraw.Draw(shapes)
        for _ in range(12):
            left, top = chance.randrange(SIZE[0]), chance.randrange(SIZE[1] // 4, SIZE[1])
            box = (left, top, left + chance.randrange(60, 500), top + chance.randrange(60, 500))
            (pen.rectangle if chance.random() < 0.5 else pen.ellipse)(box, fill=chance.randrange(20, 230))
        shapes = shapes.filter(ImageFilter.GaussianBlur(blur))
    return shapes
