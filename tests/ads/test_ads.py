"""House ads: from a folder into the media folder and the database."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.ads.house import draw, store
from webapp.ads import BadHouseAd
from webapp.ads.models import Creative
from webapp.site import settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return draw(tmp_path / "ads")


def test_the_pictures_are_served_under_the_name_of_their_content(client: FlaskClient, folder: Path, session: Session) -> None:
    assert store(folder) == 2
    for creative in session.scalars(select(Creative)):
        for size in ("300x250", "728x90", "320x100"):
            with client.get(f"/media/{creative.pictures[size]['file']}") as response:
                assert response.data == (folder / f"{creative.slug}-{size}.jpg").read_bytes()


def test_storing_again_renews_and_doubles_nothing(client: FlaskClient, folder: Path, session: Session) -> None:
    store(folder)
    store(folder)
    assert [creative.slug for creative in session.scalars(select(Creative).order_by(Creative.slug))] == ["apples", "pears"]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda file: file.unlink(), "is missing"),
        (lambda file: file.write_bytes(b"GIF89a"), "is not a JPEG"),
        (lambda file: Image.new("RGB", (728, 90)).save(file), "has 728 × 90 pixels. Save it with 1456 × 180."),
    ],
)
def test_a_picture_that_does_not_fit_is_named_and_nothing_is_stored(
    client: FlaskClient, folder: Path, session: Session, spoil: object, words: str
) -> None:
    assert callable(spoil)
    spoil(folder / "pears-728x90.jpg")
    with pytest.raises(BadHouseAd, match=r"pears-728x90\.jpg") as bad:
        store(folder)
    assert words in str(bad.value)
    assert session.scalars(select(Creative)).all() == []
    assert not any(settings().media.iterdir())
