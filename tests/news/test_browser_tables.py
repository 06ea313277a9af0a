"""A wide table in a real browser: it scrolls in its own box, which the keyboard reaches, and the page does not."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.news.browsing import opened, violations
from tests.news.importing_tools import write
from tests.serving import Site, site

pytestmark = pytest.mark.browser

HEADS = [f"Constituency {number}" for number in range(8)]
WIDE = "\n".join(["|" + "|".join(row) + "|" for row in (HEADS, ["--:"] * 8, ["1,200,000"] * 8, ["9"] * 8)])


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A paper with articles that hold a wide and a narrow table, one of them in Arabic."""
    folder = tmp_path_factory.mktemp("tables")
    write(folder, "edition/count.md", f"First.\n\n{WIDE}\n\nThen.\n\n|Party|Seats|\n|-|--:|\n|Left|7|\n", title="The count")
    write(
        folder, "edition/arabic.md", f"أولا.\n\n{WIDE.replace('Constituency', 'دائرة')}\n\n|حزب|مقاعد|\n|-|--:|\n|يسار|7|\n", title="العدد"
    )
    with site(folder / "instance") as here:
        here.flask("article", "import", str(folder / "edition"))
        yield here


@pytest.mark.parametrize(("slug", "far"), [("count", 200), ("arabic", -200)])
def test_a_wide_table_scrolls_in_its_own_box_whichever_way_one_reads(browser: Browser, counted: Site, slug: str, far: int) -> None:
    page, told = opened(browser, 320)
    page.goto(f"{counted.url}/news/{slug}")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    wide, narrow = page.locator(".prose .table-wrap").all()
    assert wide.evaluate("it => it.scrollWidth > 2 * it.clientWidth")
    assert narrow.evaluate("it => it.scrollWidth <= it.clientWidth")
    wide.focus()
    assert wide.evaluate("it => getComputedStyle(it).outlineStyle") == "solid"
    assert wide.evaluate("(it, far) => { it.scrollLeft = far; return it.scrollLeft; }", far) == far
    page.context.close()
    assert told == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_an_article_with_tables(browser: Browser, counted: Site, scheme: str) -> None:
    page, _ = opened(browser, 320, color_scheme=scheme)
    page.goto(f"{counted.url}/news/count")
    assert not violations(page)
    page.context.close()


def test_on_paper_nothing_of_a_table_is_behind_an_edge(browser: Browser, counted: Site) -> None:
    page, _ = opened(browser, 800)
    page.goto(f"{counted.url}/news/count")
    page.emulate_media(media="print")
    assert page.locator(".prose .table-wrap").first.evaluate("it => getComputedStyle(it).overflowX") == "visible"
    page.context.close()
