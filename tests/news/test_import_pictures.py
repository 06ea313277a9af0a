"""Pictures at import: what is refused, what is made, and what is left out of it."""

import stat
import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from flask.testing import FlaskClient, FlaskCliRunner
from PIL import Image, ImageCms
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.news.importing_tools import imported, picture, put, write
from webapp.files import Unusable
from webapp.news import pictures
from webapp.news.models import Figure, Picture
from webapp.site import settings


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    folder.mkdir()
    return folder


def noise(width: int, height: int) -> Image.Image:
    """Grain that no encoder likes."""
    return Image.merge("RGB", [Image.effect_noise((width, height), 90) for _ in range(3)])


def saved(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def png_of(width: int, height: int) -> bytes:
    """A PNG that says it is that large, and holds next to nothing."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def with_iptc(jpeg: bytes, fields: dict[int, bytes]) -> bytes:
    """`jpeg` with IPTC fields of record 2, as photo desks' programs write them (a Photoshop APP13 segment)."""
    data = b"".join(b"\x1c\x02" + bytes([number]) + struct.pack(">H", len(value)) + value for number, value in fields.items())
    resource = b"8BIM" + struct.pack(">H", 0x0404) + b"\0\0" + struct.pack(">I", len(data)) + data + b"\0" * (len(data) % 2)
    segment = b"Photoshop 3.0\0" + resource
    return jpeg[:2] + b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]


REFUSED = {
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "is an SVG, which can hold scripts"),
    "svg-with-mark": (b"\xef\xbb\xbf\n<!DOCTYPE svg><svg/>", "is an SVG, which can hold scripts"),
    "gif": (picture(kind="GIF"), "is not a JPEG, PNG, WebP or AVIF, or is damaged"),
    "tiff": (picture(kind="TIFF"), "is not a JPEG, PNG, WebP or AVIF, or is damaged"),
    "words": (b"no picture", "is not a JPEG, PNG, WebP or AVIF, or is damaged"),
    "nothing": (b"", "is not a JPEG, PNG, WebP or AVIF, or is damaged"),
    "large": (png_of(8000, 5001), "has more than 40 megapixels"),
    "bomb": (png_of(60_000, 60_000), "has more than 40 megapixels"),
    "narrow": (picture(319, 400), "is 319 pixels wide"),
    "column": (picture(320, 1281), "is 320 × 1281 pixels, a strip"),
    "ribbon": (picture(3201, 320), "is 3201 × 320 pixels, a strip"),
    "heavy": (picture() + bytes(20_000_000), "is larger than 20 MB"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_picture_that_cannot_be_used_is_refused_by_name_and_reason(name: str, tmp_path: Path, media: Path) -> None:
    data, reason = REFUSED[name]
    with pytest.raises(Unusable) as refused:
        pictures.look_at(put(tmp_path, "p.jpg", data), media)
    assert refused.value.reason == f"the picture 'p.jpg' {reason}"
    assert list(media.iterdir()) == []


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_half_a_picture_is_refused(kind: str, tmp_path: Path, media: Path) -> None:
    data = saved(noise(640, 400), kind)
    with pytest.raises(Unusable, match=r"cut off or damaged|or is damaged"):
        pictures.look_at(put(tmp_path, "p", data[: len(data) // 2]), media)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_the_content_says_what_a_picture_is_not_its_name(kind: str, tmp_path: Path, media: Path) -> None:
    made = pictures.look_at(put(tmp_path, "p.gif", picture(kind=kind)), media)
    assert (made.width, made.height) == (640, 400)


@pytest.fixture(scope="module")
def grainy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The files made of a photograph full of grain, 1250 pixels wide."""
    folder = tmp_path_factory.mktemp("grainy")
    media = folder / "media"
    media.mkdir()
    found = pictures.look_at(put(folder, "p.jpg", saved(noise(1250, 833), quality=80)), media)
    pictures.make(found, media)
    yield media


def test_three_formats_in_every_width_and_a_share_picture_are_made(grainy: Path) -> None:
    sizes = {}
    for file in grainy.glob("*.*"):
        with Image.open(file) as image:
            sizes[file.name.partition("-")[2]] = (image.format, *image.size)
    expected = {f"{w}.{ext}": (kind, w, round(w * 833 / 1250)) for w in (480, 800, 1200) for ext, kind in KINDS.items()}
    crops = {"16x9.jpg": (1200, 675), "4x3.jpg": (1110, 832), "1x1.jpg": (833, 833)}  # never larger than the picture
    assert sizes == expected | {"share.jpg": ("JPEG", 1200, 630)} | {name: ("JPEG", *size) for name, size in crops.items()}


KINDS = {"avif": "AVIF", "webp": "WEBP", "jpg": "JPEG"}


@pytest.mark.parametrize(("width", "most"), [(480, 30_000), (800, 60_000), (1200, 60_000)])
def test_what_a_phone_loads_first_fits_the_budget_even_with_grain(grainy: Path, width: int, most: int) -> None:
    (file,) = grainy.glob(f"*-{width}.avif")
    assert most / 5 < file.stat().st_size <= most


def test_the_best_quality_that_fits_is_taken() -> None:
    tried: list[int] = []

    def save(quality: int) -> bytes:
        tried.append(quality)
        return bytes(quality)

    for budget in range(120):
        tried.clear()
        fitting = [quality for quality in pictures.QUALITIES if quality <= budget]
        assert len(pictures._best(save, pictures.QUALITIES, budget)) == (fitting[0] if fitting else pictures.QUALITIES[-1])
        assert len(tried) == len(set(tried)) <= 5


def test_files_are_readable_for_a_web_server_and_nothing_is_left_over(grainy: Path) -> None:
    assert {stat.S_IMODE(file.stat().st_mode) for file in grainy.glob("*.*")} == {0o644}
    assert [stat.S_IMODE(file.stat().st_mode) for file in grainy.glob("*-original")] == [0o600]
    assert not [file for file in grainy.iterdir() if file.name.startswith(".")]


def test_a_repeat_makes_only_what_is_missing(tmp_path: Path, media: Path) -> None:
    found = pictures.look_at(put(tmp_path, "p.jpg", picture()), media)
    assert pictures.make(found, media) == 8
    assert pictures.make(found, media) == 0
    (gone,) = media.glob("*-480.webp")
    kept = {file: file.stat().st_mtime_ns for file in media.iterdir() if file != gone}
    gone.unlink()
    assert pictures.make(found, media) == 1
    assert {file: file.stat().st_mtime_ns for file in media.iterdir() if file != gone} == kept


def test_a_picture_changed_while_it_was_read_is_not_used(tmp_path: Path, media: Path) -> None:
    found = pictures.look_at(put(tmp_path, "p.jpg", picture()), media)
    put(tmp_path, "p.jpg", picture(colour="red"))
    with pytest.raises(Unusable, match="was changed while it was read"):
        pictures.make(found, media)
    assert list(media.iterdir()) == []


def test_nothing_is_kept_of_what_the_camera_wrote_but_the_right_way_up(tmp_path: Path, media: Path) -> None:
    image = Image.new("RGB", (400, 640), "white")
    image.paste("red", (0, 0, 400, 320))  # the upper half, before it is turned
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter to the right: what was up is at the right
    exif[0x010F] = "SECRET CAMERA"
    exif.get_ifd(0x8825)[1] = "N"
    data = saved(image, exif=exif, comment=b"SECRET COMMENT", xmp=b"<x>SECRET XMP</x>")
    assert b"SECRET CAMERA" in data
    found = pictures.look_at(put(tmp_path, "p.jpg", with_iptc(data, {80: b"SECRET AUTHOR"})), media)
    assert (found.width, found.height) == (640, 400)
    pictures.make(found, media)
    for file in media.glob("*.*"):
        assert b"SECRET" not in file.read_bytes() and b"Exif" not in file.read_bytes(), file.name
        with Image.open(file) as made:
            assert not made.getexif()
            left, right = (made.convert("RGB").getpixel((x, made.height // 2)) for x in (20, made.width - 20))
            assert isinstance(left, tuple) and isinstance(right, tuple)
            assert min(left) > 240 and right[0] > 200 and max(right[1:]) < 60, file.name


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "I;16", "1"])
def test_every_kind_of_colour_becomes_a_picture(mode: str, tmp_path: Path, media: Path) -> None:
    image = Image.new(mode, (480, 300), 30_000 if mode == "I;16" else 0)
    found = pictures.look_at(put(tmp_path, "p", saved(image, "JPEG" if mode == "CMYK" else "PNG")), media)
    pictures.make(found, media)
    with Image.open(next(media.glob("*-480.jpg"))) as made:
        level = made.convert("L").getpixel((10, 10))
        expected = {"LA": 255, "RGBA": 255, "I;16": 30_000 / 256, "CMYK": 255}.get(mode, 0)
        assert made.mode == "RGB" and isinstance(level, int) and abs(level - expected) < 6


def test_colours_of_another_profile_are_brought_to_the_usual_one(tmp_path: Path, media: Path) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    found = pictures.look_at(put(tmp_path, "p.jpg", picture(colour="#336699", icc_profile=lab, quality=95)), media)
    pictures.make(found, media)
    broken = pictures.look_at(put(tmp_path, "q.jpg", picture(colour="#996633", icc_profile=b"no profile", quality=95)), media)
    pictures.make(broken, media)
    for digest, colour in ((found.sha256, (0x33, 0x66, 0x99)), (broken.sha256, (0x99, 0x66, 0x33))):
        with Image.open(media / f"{digest.hex()[:16]}-480.jpg") as made:
            assert "icc_profile" not in made.info
            pixel = made.getpixel((10, 10))
            assert isinstance(pixel, tuple)
            assert all(abs(have - want) < 6 for have, want in zip(pixel, colour, strict=True))


@pytest.mark.parametrize(
    ("fields", "credit"),
    [
        ({110: b"Ann Lee / Agency", 80: b"Ann Lee"}, "Ann Lee / Agency"),
        ({80: "Bo Ek  \n(Malmö)".encode()}, "Bo Ek (Malmö)"),
        ({110: "Malmö".encode("latin-1")}, "Malmö"),
        ({110: b" \0 "}, None),
        ({120: b"A caption"}, None),
    ],
)
def test_the_credit_in_the_file_is_read(fields: dict[int, bytes], credit: str | None, tmp_path: Path, media: Path) -> None:
    assert pictures.look_at(put(tmp_path, "p.jpg", with_iptc(picture(), fields)), media).credit == credit


def test_a_damaged_credit_is_no_reason_to_refuse(tmp_path: Path, media: Path) -> None:
    data = with_iptc(picture(), {110: b"Ann Lee"}).replace(b"\x1c\x02\x6e\x00\x07", b"\x1c\x02\x6e\xff\xff")
    pictures.look_at(put(tmp_path, "p.jpg", data), media)


def test_the_article_names_the_credit_of_the_text_or_else_of_the_file(run: FlaskCliRunner, session: Session, tmp_path: Path) -> None:
    put(tmp_path, "p.jpg", with_iptc(picture(), {110: b"From <the> file"}))
    write(tmp_path, "a.md", '![A](p.jpg "Rain.")\n\n![B](p.jpg "Rain. (From the text)")')
    imported(run, tmp_path)
    session.rollback()
    figures = session.scalars(select(Figure).order_by(Figure.position)).all()
    assert [figure.credit for figure in figures] == ["From <the> file", "From the text"]
    stored = session.scalars(select(Picture)).one()
    assert [variant["file"] for variant in stored.variants] == [f"{stored.sha256.hex()[:16]}-480.{ext}" for ext in ("avif", "webp", "jpg")]
    assert {"width", "height", "format"} < stored.variants[0].keys()


def test_pictures_are_served_and_a_lost_file_is_made_again(run: FlaskCliRunner, client: FlaskClient, tmp_path: Path) -> None:
    data = picture()
    put(tmp_path, "p.jpg", data)
    write(tmp_path, "a.md", "![A](p.jpg)")
    imported(run, tmp_path)
    (file,) = settings().media.glob("*-480.avif")
    with client.get(f"/media/{file.name}") as response:
        assert response.mimetype == "image/avif"
    file.unlink()
    assert imported(run, tmp_path)["pictures"] == 1
    assert file.exists()


def test_many_pictures_are_made_by_several_processes(tmp_path: Path, media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    files = [put(tmp_path, f"{number}.jpg", picture(colour=f"#{number}09090")) for number in range(pictures.WORTH_PROCESSES)]
    found = [pictures.look_at(file, media) for file in files]
    put(tmp_path, "1.jpg", picture(colour="red"))
    making = pictures.make_all(found, media)
    assert next(making) == 8
    with pytest.raises(Unusable, match=r"'1.jpg' was changed"):
        next(making)


def test_a_full_or_closed_media_folder_is_one_sentence(run: FlaskCliRunner, tmp_path: Path) -> None:
    settings().media.rmdir()
    settings().media.write_text("in the way")
    put(tmp_path, "p.jpg", picture())
    result = run.invoke(args=["article", "import", str(write(tmp_path, "a.md", "![A](p.jpg)"))])
    assert result.exit_code == 1
    assert result.stderr == f"Error: File exists: {settings().media}. No article was stored. Mend that and import again.\n"
