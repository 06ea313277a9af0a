"""Pictures that strangers made: opened without trust, cleaned of all but their pixels, written whole. Loads Pillow: for commands only."""

import os
import secrets
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageCms, ImageOps

from webapp.files import Unusable

LARGEST_FILE = 20_000_000
MOST_PIXELS = 40_000_000
KINDS = ("JPEG", "PNG", "WEBP", "AVIF")
_ORIENTATION = 0x0112


def open_picture(path: Path, data: bytes) -> Image.Image:
    """A JPEG, PNG, WebP or AVIF, by its content, not decoded yet. `path` is only named in what is raised: Unusable."""
    start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<svg", b"<?xml", b"<!doctype svg", b"<!--")):
        raise Unusable(f"the picture {path.name!r} is an SVG, which can hold scripts", "Export it as PNG.")
    try:
        return Image.open(BytesIO(data), formats=KINDS)
    except Exception as error:  # decoders fail with whatever the bytes lead them to
        if isinstance(error, Image.DecompressionBombError):
            raise Unusable(*too_large(path)) from error
        raise Unusable(f"the picture {path.name!r} is not a JPEG, PNG, WebP or AVIF, or is damaged", "Export it as JPEG or PNG.") from error


def too_large(path: Path) -> tuple[str, str]:
    """Reason and mend of a picture of more than MOST_PIXELS."""
    return f"the picture {path.name!r} has more than {MOST_PIXELS // 1_000_000} megapixels", "Scale it down to 2400 pixels in width."


def size(path: Path, image: Image.Image) -> tuple[int, int]:
    """Width and height the right way up."""
    try:
        turned = image.getexif().get(_ORIENTATION, 1) in {5, 6, 7, 8}
    except Exception as error:  # as above
        raise Unusable(*_damaged(path)) from error
    return (image.height, image.width) if turned else image.size


def _damaged(path: Path) -> tuple[str, str]:
    return f"the picture {path.name!r} is cut off or damaged", "Copy or export it again."


def decode(path: Path, image: Image.Image) -> None:
    """Decode it whole. Raises Unusable where bytes are missing or wrong."""
    try:
        image.load()
    except Exception as error:  # as above
        raise Unusable(*_damaged(path)) from error


def clean(image: Image.Image) -> Image.Image:
    """The picture the right way up, in sRGB, on white where it is transparent, with nothing else from its file."""
    image = ImageOps.exif_transpose(image)
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I"):  # 16 bits of grey
        image = image.point(lambda value: value / 256).convert("L")
    alpha = None
    if image.has_transparency_data:
        whole = image.convert("RGBA")
        alpha = whole.getchannel("A")
        image = image.convert("L") if image.mode in {"L", "LA", "La"} else whole.convert("RGB")
    elif image.mode == "P":  # the profile is of the palette's colours
        image = image.convert("RGB")
    image = (_to_srgb(image, profile) if profile else image).convert("RGB")
    if alpha is not None:
        image = Image.composite(image, Image.new("RGB", image.size, "white"), alpha)
    image.info = {}  # position, camera, author: encoders would copy some of it
    return image


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        return ImageCms.profileToProfile(image, BytesIO(profile), ImageCms.createProfile("sRGB"), outputMode="RGB") or image
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image  # a broken profile, or one for other colours


def save(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The encoder's bytes; `kind` and `options` are Pillow's."""
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def write(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Whole or not at all, and on the disk before any row names it; readable for a web server of another user."""
    part = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)  # whatever the umask
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
