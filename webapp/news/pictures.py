"""Articles' pictures: looked at without trust, then made into the files that readers get. Loads Pillow: for commands only."""

import os
import signal
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from hashlib import sha256
from math import ceil, log
from multiprocessing import get_context
from pathlib import Path

from PIL import Image, ImageOps

from webapp.files import Unusable, read_limited
from webapp.news import variants
from webapp.news.credits import credit
from webapp.pictures import LARGEST_FILE, MOST_PIXELS, clean, decode, open_picture, save, size, too_large, write

NARROWEST = 320
# Bytes a file may have, by its width: what a phone loads first has to be there within a second or two.
AVIF_BUDGET = {480: 30_000, 800: 60_000, 1200: 60_000, 1600: 100_000}
WEBP_BUDGET = {480: 45_000, 800: 90_000, 1200: 130_000, 1600: 180_000}
# Tried from the best down, by halves.
QUALITIES = (50, 42, 35, 28, 22, 16, 10, 4)
WEBP_QUALITIES = (76, 66, 56, 46, 36, 26, 16, 6)
STEP = 4 / 3  # how many times as large a file is as that of the next quality, about
JPEG_QUALITY = 78
MOST_WORKERS = 4  # a large picture takes some 300 MB while it is made
WORTH_PROCESSES = 4


@dataclass(frozen=True)
class PictureFile:
    """A picture that can be used: the SHA-256 of its file, its size in pixels the right way up, and the credit it carries."""

    path: Path
    sha256: bytes
    width: int
    height: int
    credit: str | None

    def is_made(self, media: Path) -> bool:
        """Whether all its files are in `media`."""
        return all((media / name).is_file() for name in variants.files(self.sha256, self.width, self.height))


def look_at(path: Path, media: Path) -> PictureFile:
    """The picture at `path`, judged by its content, whatever its name says. Raises Unusable.

    It is decoded whole unless `media` shows that it was before.
    """
    data = read_limited(path, LARGEST_FILE, "picture")
    digest = sha256(data).digest()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # we judge the size ourselves, and tell why
        with open_picture(path, data) as image:
            if image.width * image.height > MOST_PIXELS:  # before anything else: a PNG is decoded to find its orientation
                raise Unusable(*too_large(path))
            width, height = size(path, image)
            _judge_shape(path, width, height)
            picture = PictureFile(path, digest, width, height, credit(image))
            if not picture.is_made(media):
                decode(path, image)
    return picture


def make_all(pictures: Sequence[PictureFile], media: Path) -> Iterator[int]:
    """`make` each picture, and yield in the order given; several at once where that is worth starting processes for."""
    workers = min(MOST_WORKERS, os.cpu_count() or 1)
    if workers == 1 or sum(not picture.is_made(media) for picture in pictures) < WORTH_PROCESSES:
        yield from (make(picture, media) for picture in pictures)
        return
    # Processes, as the AVIF encoder holds the interpreter's lock; spawned, as no database connection may be forked.
    context, quiet = get_context("spawn"), (signal.SIGINT, signal.SIG_IGN)
    with ProcessPoolExecutor(workers, mp_context=context, initializer=signal.signal, initargs=quiet) as pool:
        yield from pool.map(partial(make, media=media), pictures)


def make(picture: PictureFile, media: Path) -> int:
    """Make the files of `picture` that are not in `media` yet; returns how many. Raises Unusable if it is not what it was."""
    missing = [name for name in variants.files(picture.sha256, picture.width, picture.height) if not (media / name).is_file()]
    if not missing:
        return 0
    data = read_limited(picture.path, LARGEST_FILE, "picture")
    if sha256(data).digest() != picture.sha256:
        raise Unusable(f"the picture {picture.path.name!r} was changed while it was read", "Import again.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with open_picture(picture.path, data) as image:
            plain = clean(image)
    scaled: dict[int, Image.Image] = {}
    for variant in variants.variants(picture.sha256, picture.width, picture.height):
        if variant.file in missing:
            if variant.width not in scaled:
                scaled[variant.width] = plain.resize((variant.width, variant.height), Image.Resampling.LANCZOS)
            write(media / variant.file, _encode(scaled[variant.width], variant))
    if (share := variants.share_file(picture.sha256)) in missing:
        write(media / share, _jpeg(ImageOps.fit(plain, variants.SHARE_SIZE, Image.Resampling.LANCZOS)))
    for crop in variants.crops(picture.sha256, picture.width, picture.height):
        if crop.file in missing:
            write(media / crop.file, _jpeg(ImageOps.fit(plain, (crop.width, crop.height), Image.Resampling.LANCZOS)))
    if (original := variants.original_file(picture.sha256)) in missing:
        write(media / original, data, mode=0o600)  # not even for a web server that serves the whole folder
    return len(missing)


def _judge_shape(path: Path, width: int, height: int) -> None:
    if width < NARROWEST:
        raise Unusable(f"the picture {path.name!r} is {width} pixels wide", f"Use one of at least {NARROWEST} pixels, better 1600.")
    if height > 4 * width or width > 10 * height:
        raise Unusable(
            f"the picture {path.name!r} is {width} × {height} pixels, a strip", "Crop it: at most 4 times as high, or 10 times as wide."
        )


def _encode(image: Image.Image, variant: variants.Variant) -> bytes:
    if variant.format == "avif":
        return _best(lambda quality: save(image, "AVIF", quality=quality, speed=8), QUALITIES, _budget(AVIF_BUDGET, variant.width))
    if variant.format == "webp":
        return _best(lambda quality: save(image, "WEBP", quality=quality, method=4), WEBP_QUALITIES, _budget(WEBP_BUDGET, variant.width))
    return _jpeg(image)


def _budget(budgets: dict[int, int], width: int) -> int:
    """The bytes for `width`, or for the next step above it."""
    return next(limit for step, limit in budgets.items() if step >= width)


def _best(save: Callable[[int], bytes], qualities: tuple[int, ...], budget: int) -> bytes:
    """The best of `qualities` that fits the budget; the last one if none does.

    What was tried last foretells where it is, so that it is found in two tries, mostly; each takes up to a second.
    """
    trial = cache(save)
    low, high, here = 0, len(qualities) - 1, 0
    while low < high:
        size = len(trial(qualities[here]))
        low, high = (low, here) if size <= budget else (here + 1, high)
        here += ceil(log((size + 1) / (budget + 1), STEP))
        here = min(max(here, low), high - 1)
    return trial(qualities[low])


def _jpeg(image: Image.Image) -> bytes:
    return save(image, "JPEG", quality=JPEG_QUALITY, progressive=True, optimize=True)
