"""House ads: from a folder into the page's two labelled boxes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.ads import BadHouseAd, HouseAd, store_house_ads
from webapp.ads.models import Creative
from webapp.database import writing
from webapp.news.models import Article
from webapp.site import settings

NOON = datetime(2024, 12, 8, 12, 0, tzinfo=UTC)
ADS = (HouseAd("apples", "Eat apples", "/apples"), HouseAd("pears", "Eat pears", "/pears"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "ads"
    made.mkdir()
    for shade, ad in enumerate(ADS):
        Image.new("RGB", (600, 500), (shade, 0, 0)).save(made / f"{ad.slug}-300x250.jpg")
        Image.new("RGB", (1456, 180), (shade, 0, 0)).save(made / f"{ad.slug}-728x90.jpg")
    return made


def store(folder: Path) -> int:
    with writing() as session:
        return store_house_ads(session, folder, settings().media, ADS, advertiser="The Daily Draw")


def publish(*, ads: bool = True) -> None:
    with writing() as session:
        session.add(Article(slug="one", headline="One", authors=[], tags=[], published=NOON, body="", words=1, source="", ads=ads))


def front(client: FlaskClient, moment: datetime = NOON) -> str:
    with time_machine.travel(moment, tick=False):
        return client.get("/").get_data(as_text=True)


def test_two_labelled_boxes_show_different_ads_marked_as_sponsored(client: FlaskClient, folder: Path) -> None:
    assert store(folder) == 2
    publish()
    page = front(client)
    assert page.count('aria-label="Advertisement"') == 1
    assert page.count('aria-label="Advertisement after the article"') == 1
    assert page.count('<p class="ad-label">Advertisement</p>') == 2
    assert page.count('rel="sponsored noopener"') == 2
    assert 'alt="Eat apples"' in page
    assert 'alt="Eat pears"' in page
    assert page.count('width="300" height="250"') == 2
    assert page.count('width="728" height="90"') == 1


def test_the_ads_take_turns_by_the_day(client: FlaskClient, folder: Path) -> None:
    store(folder)
    publish()
    today, later, tomorrow = (front(client, NOON + timedelta(hours=hours)) for hours in (0, 11, 24))
    assert today == later
    assert (today.index("Eat apples") < today.index("Eat pears")) != (tomorrow.index("Eat apples") < tomorrow.index("Eat pears"))


def test_the_pictures_are_served_under_the_name_of_their_content(client: FlaskClient, folder: Path, session: Session) -> None:
    store(folder)
    for creative in session.scalars(select(Creative)):
        for size in ("300x250", "728x90"):
            with client.get(f"/media/{creative.pictures[size]['file']}") as response:
                assert response.data == (folder / f"{creative.slug}-{size}.jpg").read_bytes()


def test_storing_again_renews_and_doubles_nothing(client: FlaskClient, folder: Path, session: Session) -> None:
    store(folder)
    store(folder)
    assert [creative.slug for creative in session.scalars(select(Creative).order_by(Creative.slug))] == ["apples", "pears"]


def test_without_ads_there_is_no_box(client: FlaskClient) -> None:
    publish()
    assert "Advertisement" not in front(client)


def test_an_article_that_wants_none_has_none(client: FlaskClient, folder: Path) -> None:
    store(folder)
    publish(ads=False)
    assert "Advertisement" not in front(client)


def test_there_are_no_ads_on_other_pages(client: FlaskClient, folder: Path) -> None:
    store(folder)
    publish()
    for address in ("/headlines", "/register", "/nothing"):
        assert "Advertisement" not in client.get(address).get_data(as_text=True)


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
