"""The budget of the HTML (DESIGN §7: 20 kB compressed) where there is most of it: full lists of headlines as long as real ones."""

import re
import textwrap
from datetime import timedelta
from itertools import cycle

import pytest
from flask.testing import FlaskClient

from tests.news.test_pages import NOON, at_noon
from webapp.config import ROOT
from webapp.database import writing
from webapp.news import reindex
from webapp.news.models import Article

__all__ = ["at_noon"]
BUDGET = 20_000
# Four labelled ads, the Win call on top and their script take so much more on a page that has them.
ADS_AND_CALL = 1_000
SECTIONS = ("World", "World", "Business", "World", "World", "Culture")
ARTICLES = 150
# Address, and how many lines its page has.
LISTS = {
    "/headlines": 100,
    "/headlines?section=World": 100,
    "/headlines?tag=Weather": 100,
    "/headlines?author=Ada+Byline": 100,
    "/headlines?q=weather": 40,
    "/headlines?q=the+weather&section=World": 40,
}


@pytest.fixture
def database_url() -> None:
    """What a page weighs does not depend on the database."""
    return


def prose() -> list[str]:
    """The sentences of the sample edition: words as a paper's readers get them."""
    files = sorted((ROOT / "webapp/demo/edition").glob("*.md"))
    texts = [file.read_text(encoding="utf-8").split("\n---\n", 1)[1] for file in files]
    plain = [re.sub(r"^[#>*!-].*$|\[|\]\([^)]*\)|[*_`]", "", text, flags=re.MULTILINE) for text in texts]
    return [" ".join(sentence.split()) for text in plain for sentence in re.split(r"(?<=[.!?])\s+", text) if len(sentence) > 60]


@pytest.fixture
def full(client: FlaskClient) -> FlaskClient:
    """A paper of three years; no headline, and no part of one, twice."""
    sentences = prose()
    headlines = textwrap.wrap(" ".join(sentences), 90)
    assert len(headlines) >= ARTICLES
    bodies = cycle(sentences)
    with writing() as session:
        for number, headline in enumerate(headlines[:ARTICLES]):
            article = Article(slug=re.sub(r"[^a-z0-9]+", "-", headline.lower()).strip("-"), headline=headline, source="", words=500)
            article.section, article.authors, article.tags = SECTIONS[number % len(SECTIONS)], ["Ada Byline"], ["Weather"]
            article.body = "".join(f"<p>{next(bodies)} The weather.</p>" for _ in range(8))
            article.published = NOON - timedelta(days=6 * number, minutes=17 * number % 600)
            article.list_anew()
            session.add(article)
        session.flush()
        reindex(session)
    return client


@pytest.mark.parametrize("coding", ["gzip", "br"])
def test_full_lists_of_real_headlines_fit_the_budget(full: FlaskClient, coding: str) -> None:
    for address, lines in LISTS.items():
        page = full.get(address).get_data(as_text=True).split("<main")[1]
        headlines = re.findall(r'<a href="/news/[^"]+">(.*?)</a>', page)
        assert len(headlines) == len(set(headlines)) == lines, address
        words = [re.sub("<[^>]+>", "", headline) for headline in headlines]
        assert 75 <= sum(map(len, words)) / lines <= 90, "longer than most headlines are"
        response = full.get(address, headers={"Accept-Encoding": coding})
        assert response.headers["Content-Encoding"] == coding
        assert 0 < len(response.data) <= BUDGET - ADS_AND_CALL, (address, len(response.data))
