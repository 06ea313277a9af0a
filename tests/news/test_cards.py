"""The card by which an article without a picture is shared: its headline, set under the paper's name."""

import json
import os
import re
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from flask.testing import FlaskClient, FlaskCliRunner
from PIL import Image
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.news.importing_tools import imported, picture, put, write
from webapp.database import db, writing
from webapp.news import cards
from webapp.news.importing import read_edition
from webapp.news.models import Article
from webapp.news.storing import store
from webapp.news.variants import Card, card_file
from webapp.site import settings

LONG = (
    "Why the upper chamber has, after eleven years of debate, decided that the glaciers deserve a legal personality – and what that "
    "may mean for Zürich’s drinking water, for the dams of Valais, and for everybody else who lives below a mountain that is melting"
)


def shared(client: FlaskClient, address: str) -> str:
    """The address of the picture that stands for the page."""
    page = client.get(address).get_data(as_text=True)
    (found,) = re.findall(r'<meta property="og:image" content="([^"]+)">', page)
    return str(found).removeprefix(settings().site_url)


def drawn(headline: str, *, paper: str = "The Daily Draw", section: str | None = "World") -> Image.Image:
    image = Image.open(BytesIO(cards.draw(Card(paper, section, headline))))
    assert (image.format, image.size) == ("PNG", (1200, 630))
    return image.convert("L")


def inked(image: Image.Image) -> tuple[int, int, int, int]:
    """The box around all that is not paper."""
    found = image.point(lambda shade: 255 * (shade < 200)).getbbox()
    assert found is not None
    return found


def test_an_article_without_a_picture_is_shared_with_a_card_made_for_it(run: FlaskCliRunner, client: FlaskClient, tmp_path: Path) -> None:
    write(tmp_path, "bare.md", more="section: World\n")
    imported(run, tmp_path)
    page = client.get("/news/bare").get_data(as_text=True)
    card = shared(client, "/news/bare")
    assert card == shared(client, "/") and card.endswith("-card.png")
    assert '<meta property="og:image:width" content="1200">' in page and '<meta property="og:image:height" content="630">' in page
    assert '<meta property="og:image:alt" content="Rain at last">' in page
    assert '<meta name="twitter:card" content="summary_large_image">' in page
    facts = json.loads(re.findall(r'<script type="application/ld\+json">(.*?)</script>', page)[0])
    assert [(image["url"], image["width"], image["height"]) for image in facts["image"]] == [(settings().site_url + card, 1200, 630)]
    with client.get(card) as response:
        assert response.mimetype == "image/png" and "immutable" in response.headers["Cache-Control"]
        with Image.open(BytesIO(response.data)) as image:
            assert (image.format, image.size) == ("PNG", (1200, 630))
    assert "image" not in client.get("/feed.json").get_json()["items"][0]  # it would say the title twice


def test_an_article_with_a_picture_gets_no_card(run: FlaskCliRunner, client: FlaskClient, session: Session, tmp_path: Path) -> None:
    write(tmp_path, "a.md")
    imported(run, tmp_path)
    put(tmp_path, "p.jpg", picture())
    write(tmp_path, "a.md", "![Rain](p.jpg)")
    imported(run, tmp_path)
    assert shared(client, "/news/a").endswith("-share.jpg")
    session.rollback()
    assert session.scalars(select(Article.card)).all() == [None]


def test_a_card_is_made_anew_when_its_words_change_and_only_then(run: FlaskCliRunner, client: FlaskClient, tmp_path: Path) -> None:
    write(tmp_path, "a.md")
    imported(run, tmp_path)
    first = shared(client, "/news/a")
    write(tmp_path, "a.md", "It rained all day.")
    imported(run, tmp_path)
    assert shared(client, "/news/a") == first
    write(tmp_path, "a.md", title="Rain at long last")
    imported(run, tmp_path)
    second = shared(client, "/news/a")
    assert second != first
    assert (settings().media / Path(second).name).is_file()
    assert imported(run, tmp_path)["unchanged"] == ["a"]
    plan = read_edition(db.session(), [tmp_path], media=settings().media, paper="Another Name", now=datetime(2024, 12, 9, tzinfo=UTC))
    with writing() as session:
        store(session, plan, now=plan.known.articles["a"].published)
    assert shared(client, "/news/a") not in {first, second}


def test_articles_from_before_there_were_cards_get_theirs_by_importing_again(
    run: FlaskCliRunner, client: FlaskClient, tmp_path: Path
) -> None:
    write(tmp_path, "a.md")
    imported(run, tmp_path)
    with writing() as session:
        session.execute(update(Article).values(card=None))
    assert shared(client, "/news/a").startswith("/static/icon-512")
    assert imported(run, tmp_path)["changed"] == ["a"]
    assert shared(client, "/news/a").endswith("-card.png")


def test_a_lost_card_is_made_again_and_a_dry_run_makes_none(run: FlaskCliRunner, tmp_path: Path) -> None:
    write(tmp_path, "a.md")
    imported(run, tmp_path, options=("--dry-run",))
    assert list(settings().media.iterdir()) == []
    imported(run, tmp_path)
    (card,) = settings().media.iterdir()
    before = card.read_bytes()
    card.unlink()
    imported(run, tmp_path)
    assert card.read_bytes() == before


def test_many_cards_are_drawn_by_several_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards, "cpu_count", lambda: 2)
    monkeypatch.setattr(cards, "WORTH_PROCESSES", 3)
    wanted = [Card("The Daily Draw", None, f"Rain {number}") for number in range(3)]
    assert len(list(cards.make_all(wanted, tmp_path))) == 3
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {card_file(card.sha256): cards.draw(card) for card in wanted}


class Deadly(Card):
    """Ends the process that is handed it, as a system short of memory would."""

    def __reduce__(self) -> tuple[object, ...]:
        return os._exit, (1,)


def test_the_rest_is_drawn_here_when_a_process_beside_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards, "cpu_count", lambda: 2)
    monkeypatch.setattr(cards, "WORTH_PROCESSES", 3)
    wanted = [Card("The Daily Draw", None, "Rain 1"), Deadly("The Daily Draw", None, "Rain 2"), Card("The Daily Draw", None, "Rain 3")]
    assert list(cards.make_all(wanted, tmp_path)) == [card_file(card.sha256) for card in wanted]
    assert {path.name for path in tmp_path.iterdir()} == {card_file(card.sha256) for card in wanted}


@pytest.mark.parametrize(
    "headline", ["Rain", LONG, "Nobel prize", "Żółw w Łodzi: „Το πλοίο“ – Москва", "W" * 300, "i" * 300, "a " * 150, "Way " * 75]
)
def test_every_headline_stays_within_the_margins(headline: str) -> None:
    left, top, right, bottom = inked(drawn(headline))
    assert left >= 72 and top >= 64 and right <= 1128 and bottom <= 590


def test_a_long_headline_is_set_whole_in_lines_of_about_the_same_length() -> None:
    size, lines = cards._fitted(LONG)
    assert " ".join(lines) == LONG and size >= 40
    lengths = [cards._font("Bold", size).getlength(line) for line in lines]
    assert max(lengths) <= 1040 and min(lengths) > 0.7 * max(lengths)
    assert cards._fitted("Rain")[0] > 100  # and a short one is set large


def test_a_headline_that_the_font_cannot_set_gets_the_papers_mark_instead_of_boxes() -> None:
    others = [drawn(headline) for headline in ("سقوط دمشق", "계엄령", "Rain 🌧", "Ra\u0315in", "\ue000")]
    assert {image.tobytes() for image in others} == {others[0].tobytes()}
    assert inked(others[0])[1] == 130  # the mark, with the name below
    assert drawn("Rain").tobytes() != others[0].tobytes()
    assert drawn("سقوط", paper="الجريدة").getpixel((600, 480)) == drawn("Rain").getpixel((0, 0))  # nor a name of boxes
    assert inked(drawn("Rain", section="계엄령"))[2] <= 1120
    assert drawn("Re\u0301sume\u0301 \u200d\u00ad").tobytes() == drawn("Résumé").tobytes()


def test_a_name_longer_than_the_card_is_cut_and_keeps_clear_of_the_section() -> None:
    assert inked(drawn("Rain", paper="The Very Daily Draw " * 9, section="World"))[2] <= 1120
