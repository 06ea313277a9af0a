"""`flask ad import`: from an advertiser's file to a campaign; every fault at once, and pictures without anything but their pixels."""

import json
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskCliRunner
from PIL import Image, PngImagePlugin
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.ads.describing import describe, web_address
from webapp.ads.importing import SIZES, Settled, make, prepare, store
from webapp.ads.models import AdCampaign, AdCount, Creative
from webapp.config import ROOT
from webapp.database import writing
from webapp.files import Unusable
from webapp.site import settings
from webapp.toml_tables import Fault, Wrong

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
EXAMPLE = ROOT / "docs" / "ad.example.toml"
GOOD = """
slug = "apples"
advertiser = "Apple Growers"
title = "Eat apples"
timezone = "America/New_York"
starts_at = 2026-12-01T00:00:00
ends_at = 2026-12-24T00:00:00
budget = 1000

[[creatives]]
slug = "words"
headline = "Eat apples"
target = "https://apples.example/"
"""


@pytest.fixture(autouse=True)
def _today():  # type: ignore[no-untyped-def]
    with time_machine.travel(NOW, tick=False):
        yield


def faults(source: str, sections: tuple[str, ...] = ("World", "Sport")) -> list[str]:
    found: list[Fault] = []
    describe(source.encode(), found, now=NOW, sections=sections, known=())
    return [str(fault) for fault in found]


def write(folder: Path, source: str = GOOD) -> Path:
    file = folder / "ad.toml"
    file.write_text(source, encoding="utf-8")
    return file


def imported(run: FlaskCliRunner, file: Path) -> dict[str, Any]:
    result = run.invoke(args=["ad", "import", str(file), "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)  # type: ignore[no-any-return]


def test_the_example_in_the_documents_can_be_imported_twice(run: FlaskCliRunner, session: Session) -> None:
    first, second = imported(run, EXAMPLE), imported(run, EXAMPLE)
    assert (first["new"], first["added"], second["new"], second["added"], second["dropped"]) == (True, ["cup", "words"], False, [], [])
    assert first["starts_at"] == "2026-12-01T05:00:00Z"
    assert len(session.scalars(select(AdCampaign)).all()) == 1
    cup, words = session.scalars(select(Creative).order_by(Creative.slug)).all()
    assert sorted(cup.pictures) == ["300x250", "320x100", "728x90"]
    assert words.pictures["120x120"]["width"] == 120
    for creative in (cup, words):
        for shown in creative.pictures.values():
            with Image.open(settings().media / str(shown["file"])) as picture:
                assert (picture.format, picture.size) == ("WEBP", (2 * int(shown["width"]), 2 * int(shown["height"])))


def test_nothing_is_stored_of_a_trial(run: FlaskCliRunner, session: Session) -> None:
    assert run.invoke(args=["ad", "import", "--dry-run", str(EXAMPLE)]).exit_code == 0
    assert session.scalars(select(AdCampaign)).all() == []
    assert not any(settings().media.iterdir())


def test_what_is_no_longer_in_the_file_is_shown_no_more_and_comes_back_with_it(
    run: FlaskCliRunner, session: Session, tmp_path: Path
) -> None:
    more = GOOD + '\n[[creatives]]\nslug = "more"\nheadline = "More"\ntarget = "https://apples.example/more"\n'
    imported(run, write(tmp_path, more))
    run.invoke(args=["ad", "pause", "apples"])
    assert imported(run, write(tmp_path))["dropped"] == ["more"]
    assert [(one.slug, one.active) for one in session.scalars(select(Creative).order_by(Creative.slug))] == [
        ("apples/more", False), ("apples/words", True),
    ]  # fmt: skip
    again = imported(run, write(tmp_path, more))
    assert (again["added"], again["state"]) == (["more"], "paused")


def test_advertiser_and_zone_stay_once_something_was_delivered(run: FlaskCliRunner, session: Session, tmp_path: Path) -> None:
    imported(run, write(tmp_path))
    with writing() as writer:
        creative = writer.scalars(select(Creative)).one()
        writer.add(AdCount(day=NOW.date(), creative_id=creative.id, slot="rail", section="", served=1, viewable=0, clicks=0))
    other = write(tmp_path, GOOD.replace("Apple Growers", "Pear Growers"))
    with pytest.raises(Settled), writing() as writer:
        store(writer, prepare(other, now=NOW, sections=(), known=()), now=NOW)
    result = run.invoke(args=["ad", "import", str(other)])
    assert result.exit_code == 1
    assert "has been delivered for advertiser 'Apple Growers'" in result.stderr


def test_all_faults_of_file_and_pictures_are_told_at_once(run: FlaskCliRunner, session: Session, tmp_path: Path) -> None:
    Image.new("RGB", (301, 250)).save(tmp_path / "odd.png")
    (tmp_path / "vector.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'><script>x</script></svg>")
    source = """
slug = "Apples!"
advertiser = ""
timezone = "Europe/Atlantis"
starts_at = 2026-12-01
ends_at = 2026-11-01T00:00:00
goal = "likes"
budget = 0
daily_cap = -1
pacing = "fast"
weight = 1000
priority = "vip"
sections = ["Cooking"]
per_view = 9
colour = "red"
[[creatives]]
slug = "a"
alt = "A"
target = "javascript:alert(1)"
pictures = ["odd.png", "vector.svg", "../../etc/passwd"]
[[creatives]]
slug = "b"
alt = "B"
target = "https://b.example/"
pictures = ["odd.png", "vector.svg", "missing.png", "/etc/passwd"]
"""
    result = run.invoke(args=["ad", "import", str(write(tmp_path, source))])
    assert result.exit_code == 1
    for words in (
        "slug: 'Apples!' is not a short name", "advertiser: is empty", "title: is missing", "'Europe/Atlantis' is not an IANA time zone",
        "starts_at: 2026-12-01 lacks the time of day",
        "ends_at: is in the past", "goal: 'likes' is not possible",
        "budget: 0 is not a whole number",
        "daily_cap: -1", "pacing: 'fast'", "weight: 1000", "priority: 'vip'", "sections: no article stands in 'Cooking'", "per_view: 9",
        "colour: is not a key we know", "creatives[1].target: 'javascript:alert(1)' is not an https address",

        "'odd.png' has 301 × 250 pixels, which fit no slot", "'vector.svg' is an SVG, which can hold scripts",
        "there is no picture 'missing.png'",
        "'/etc/passwd' is not a path below",
    ):  # fmt: skip
        assert words in result.stderr
    assert session.scalars(select(AdCampaign)).all() == []


def test_times_that_a_clock_change_leaves_out_are_refused() -> None:
    (fault,) = faults(GOOD.replace("2026-12-24T00:00:00", "2027-03-14T02:30:00"))
    assert "2027-03-14T02:30:00 does not exist in America/New_York" in fault
    (fault,) = faults(GOOD.replace("2026-12-24T00:00:00", "2027-11-07T01:30:00"))
    assert "happens twice" in fault


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("2026-12-24T", "2026-11-30T"), "ends_at: is not after starts_at"),
        (("budget = 1000", 'budget = 1000\npriority = "house"'), "budget: is no part of a house campaign"),
        (("budget = 1000", "budget = 1000\ndaily_cap = 1001"), "daily_cap: is more than the whole budget of 1,000"),
        (('headline = "Eat apples"', 'text = "Now"'), "headline: is missing"),
        (('headline = "Eat apples"', 'headline = "Eat\\u202eapples"'), "control or invisible characters"),
        (('headline = "Eat apples"', 'alt = "x"'), "pictures: are missing"),
        (('headline = "Eat apples"', 'headline = "' + "a" * 61 + '"'), "has 61 characters"),
        (("[[creatives]]", "[creatives]"), "creatives: are missing"),
        (('target = "https://apples.example/"', ""), "target: is missing"),
        (("budget = 1000", "budget = 1e400"), "budget"),
        (('slug = "words"', 'slug = "words"\nscript = "x.js"'), "script: is not a key we know"),
    ],
)
def test_a_fault_is_named_with_its_place(change: tuple[str, str], words: str) -> None:
    assert words in "\n".join(faults(GOOD.replace(*change)))


def test_two_ads_of_one_name_are_refused() -> None:
    assert "two are called 'words'" in "\n".join(faults(GOOD + GOOD[GOOD.index("[[creatives]]") :]))


@pytest.mark.parametrize("source", [b"\xff\xfe", b"slug = ", b"a" * 70_000, b"[" * 3000, b""])
def test_what_is_no_campaign_at_all_is_one_sentence(run: FlaskCliRunner, tmp_path: Path, source: bytes) -> None:
    (tmp_path / "ad.toml").write_bytes(source)
    result = run.invoke(args=["ad", "import", str(tmp_path / "ad.toml")])
    assert result.exit_code == 1
    assert "cannot become a campaign" in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "address",
    [
        "http://a.example/", "//a.example/", "https:/a.example", "https://", "https://user@a.example/", "https://user:x@a.example/",
        "https://a.example\\@b.example/",
        "https://a.example/\r\nSet-Cookie: x=1", "https://a.example/ b", "https://a.example/\x7f", "https://ä.example/", "https://localhost/",
        "https://127.0.0.1/", "https://[::1]/", "https://a.example:0/", "https://a.example:99999/", "https://-a.example/",
        "data:text/html,x", "https://a.example/" + "x" * 2000, 7,
    ],
)  # fmt: skip
def test_an_address_that_is_not_plainly_https_is_refused(address: object) -> None:
    with pytest.raises(Wrong):
        web_address(address)


def test_an_address_goes_through_as_it_is() -> None:
    assert web_address("https://www.a.example:8443/b?c=%20d#e") == "https://www.a.example:8443/b?c=%20d#e"


def put(folder: Path, data: bytes | Image.Image, name: str = "p.png", **options: Any) -> Path:
    if isinstance(data, Image.Image):
        buffer = BytesIO()
        data.save(buffer, Path(name).suffix[1:].replace("jpg", "jpeg"), **options)
        data = buffer.getvalue()
    (folder / name).write_bytes(data)
    return folder / name


def test_pictures_lose_all_but_their_pixels(tmp_path: Path) -> None:
    note = PngImagePlugin.PngInfo()
    note.add_text("Author", "somebody-secret")
    exif = Image.Exif()
    exif[0x010E] = "somebody-secret"
    made = make(put(tmp_path, Image.new("RGB", (600, 500), "red"), pnginfo=note, exif=exif))
    assert (made.size, made.file[-9:]) == ("300x250", "-600.webp")
    assert b"somebody-secret" not in made.data
    with Image.open(BytesIO(made.data)) as picture:
        assert "exif" not in picture.info


def test_a_single_size_stays_single_and_noise_is_pressed_into_sixty_kilobytes(tmp_path: Path) -> None:
    assert make(put(tmp_path, Image.new("RGB", (728, 90)))).file.endswith("-728.webp")
    assert len(make(put(tmp_path, Image.effect_noise((600, 500), 100).convert("RGB"))).data) < 60_000


def test_beside_a_headline_any_shape_is_cut_square(tmp_path: Path) -> None:
    assert make(put(tmp_path, Image.new("RGB", (800, 400))), square=True).size == "120x120"
    with pytest.raises(Unusable, match="has 800 × 100 pixels"):
        make(put(tmp_path, Image.new("RGB", (800, 100))), square=True)


def bomb() -> bytes:
    """A PNG of a few bytes that says it has 20,000 × 20,000 pixels."""
    data = bytearray(put_png(Image.new("1", (1, 1))))
    data[16:24] = (20_000).to_bytes(4, "big") * 2
    return bytes(data)


def put_png(image: Image.Image) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "png")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<svg></svg>", "is an SVG, which can hold scripts"),
        (b"<?xml version='1.0'?><svg/>", "is an SVG"),
        (b"<script>alert(1)</script>", "is a script or a page"),
        (b"<!doctype html><p>", "is a script or a page"),
        (b"GIF89a" + bytes(40), "is not a JPEG, PNG, WebP or AVIF"),
        (b"", "is not a JPEG, PNG, WebP or AVIF"),
        (put_png(Image.effect_noise((600, 500), 90))[:5000], "is cut off or damaged"),
        (bomb(), "is not a JPEG, PNG, WebP or AVIF|has more than 40 megapixels"),
    ],
)
def test_what_is_no_still_picture_is_refused_by_name(tmp_path: Path, data: bytes, words: str) -> None:
    with pytest.raises(Unusable, match=words):
        make(put(tmp_path, data))


def test_moving_pictures_and_links_are_refused(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (600, 500), shade) for shade in ("red", "blue")]
    with pytest.raises(Unusable, match="moves"):
        make(put(tmp_path, frames[0], "p.webp", save_all=True, append_images=frames[1:]))
    (tmp_path / "link.png").symlink_to(tmp_path / "p.webp")
    with pytest.raises(Unusable, match="symbolic link"):
        make(tmp_path / "link.png")


def test_every_size_of_a_slot_can_be_imported() -> None:
    assert sorted(SIZES) == ["300x250", "320x100", "728x90"]
