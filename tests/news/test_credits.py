"""The credit that a picture's file carries, in the form that today's programs write: XMP."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from tests.news.importing_tools import put
from tests.news.test_import_pictures import saved, with_iptc
from webapp.news import pictures
from webapp.pictures import clean

PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>{head}<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:ps="http://ns.adobe.com/photoshop/1.0/"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/"><rdf:Description rdf:about=""{attributes}>{elements}</rdf:Description></rdf:RDF>'
    '</x:xmpmeta><?xpacket end="w"?>\n\n\0'
)
CREATOR = "<dc:creator><rdf:Seq>{}</rdf:Seq></dc:creator>"
RIGHTS = '<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">© Agency</rdf:li><rdf:li xml:lang="fr">© Agence</rdf:li></rdf:Alt></dc:rights>'


def xmp(elements: str = "", attributes: str = "", head: str = "") -> bytes:
    return PACKET.format(elements=elements, attributes=attributes, head=head).encode()


def with_xmp(data: bytes, kind: str = "JPEG") -> bytes:
    image = Image.new("RGB", (640, 400), "teal")
    if kind != "PNG":
        return saved(image, kind, xmp=data)
    info = PngInfo()
    info.add_itxt("XML:com.adobe.xmp", data.decode(), zip=True)
    return saved(image, kind, pnginfo=info)


def credit(data: bytes, folder: Path) -> str | None:
    media = folder / "media"
    media.mkdir()
    return pictures.look_at(put(folder, "p", data), media).credit


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_the_credit_line_is_read_from_every_format(kind: str, tmp_path: Path) -> None:
    assert credit(with_xmp(xmp(attributes=' ps:Credit="Ann Lee / Agéncy"'), kind), tmp_path) == "Ann Lee / Agéncy"


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ("<ps:Credit>Ann Lee\n  &amp; Co</ps:Credit>" + RIGHTS, "Ann Lee & Co"),
        (RIGHTS + CREATOR.format("<rdf:li>Ann Lee</rdf:li><rdf:li>Bo Ek</rdf:li>"), "Ann Lee, Bo Ek"),
        (RIGHTS, "© Agency"),
        ("<ps:Credit>  </ps:Credit>" + CREATOR.format("<rdf:li/>") + RIGHTS, "© Agency"),
        ("<dc:title><rdf:Alt><rdf:li>Rain</rdf:li></rdf:Alt></dc:title>", None),
        (f"<ps:Credit>{'x' * 500}</ps:Credit>", "x" * 300),
    ],
)
def test_the_credit_line_comes_before_the_author_and_the_author_before_the_rights(
    elements: str, expected: str | None, tmp_path: Path
) -> None:
    assert credit(with_xmp(xmp(elements)), tmp_path) == expected


def test_the_old_block_comes_before_xmp(tmp_path: Path) -> None:
    assert credit(with_iptc(with_xmp(xmp(RIGHTS)), {80: b"Ann Lee"}), tmp_path) == "Ann Lee"


BOMB = (
    "<!DOCTYPE x [<!ENTITY a 'ha'>" + "".join(f"<!ENTITY {b} '{f'&{a};' * 20}'>" for a, b in zip("abcdefg", "bcdefgh", strict=True)) + "]>"
)


@pytest.mark.parametrize(
    "data",
    [
        xmp("<ps:Credit>&h;</ps:Credit>", head=BOMB),
        xmp("<ps:Credit>&a;</ps:Credit>", head="<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>"),
        xmp("<ps:Credit>&a;</ps:Credit>", head="<!DOCTYPE x SYSTEM 'http://127.0.0.1/x.dtd'>"),
        xmp("<ps:Credit>&a;</ps:Credit>", head="<!DOCTYPE x [<!ENTITY a 'Ann Lee'>]>"),  # not even what is small
        xmp("<ps:Credit>&a;</ps:Credit>"),
        xmp("<ps:Credit>Ann"),
        b"no XML",
        b"",
        xmp("<b>" * 4_000),
    ],
)
def test_what_is_wrong_with_it_is_no_credit_and_no_reason_to_refuse_the_picture(data: bytes, tmp_path: Path) -> None:
    assert credit(with_xmp(data), tmp_path) is None


def swapped() -> bytes:
    """A colour profile whose red is the usual blue, and the other way round."""
    usual = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return usual.replace(b"rXYZ", b"_XYZ").replace(b"bXYZ", b"rXYZ").replace(b"_XYZ", b"bXYZ")


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "transparent P"])
@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_colours_of_a_picture_with_transparency_are_brought_to_the_usual_profile_too(mode: str, kind: str) -> None:
    image = Image.new("RGBA" if mode == "RGBA" else "RGB", (64, 64), (255, 0, 0))
    if mode == "RGBA":
        image.paste((255, 0, 0, 0), (32, 0, 64, 64))
    if mode.endswith("P"):
        image.paste((0, 255, 0), (32, 0, 64, 64))
        image = image.quantize(2)
    options: dict[str, object] = {"icc_profile": swapped()} | ({"lossless": True} if kind == "WEBP" else {})
    if mode == "transparent P":
        options["transparency"] = image.getpixel((60, 10))
    with Image.open(BytesIO(saved(image, kind, **options))) as opened:
        made = clean(opened)
    assert made.mode == "RGB" and not made.info
    left, right = made.getpixel((10, 10)), made.getpixel((60, 10))
    assert isinstance(left, tuple) and left[2] > 240 and max(left[:2]) < 40
    if mode == "RGBA" or (mode == "transparent P" and kind == "PNG"):
        assert right == (255, 255, 255)


def test_a_picture_of_greys_keeps_them() -> None:
    grey = Image.merge("LA", [Image.new("L", (64, 64), 90), Image.new("L", (64, 64), 255)])
    with Image.open(BytesIO(saved(grey, "PNG", icc_profile=swapped()))) as opened:  # a profile for colours, which it has none of
        assert clean(opened).getpixel((5, 5)) == (90, 90, 90)
