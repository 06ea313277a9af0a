"""What stands where: on a phone the Win call on top, then article, form, headlines; on a desk the article left, the rail right."""

from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Request, Route

from tests.news.browsing import ARABIC, ARTICLE, opened
from tests.serving import Site

pytestmark = pytest.mark.browser

PARTS = {
    "call": ".call",
    "masthead": ".masthead-name",
    "article": "main > .article",
    "headline": "main h1",
    "form": "#register",
    "headlines": "[aria-labelledby=headlines]",
    "ad": ".ad-rail",
    "foot": "body > .foot",
}
BOXES = """parts => Object.fromEntries(Object.entries(parts).map(([name, selector]) => {
  const box = document.querySelector(selector).getBoundingClientRect();
  return [name, {left: box.left, right: box.right, top: box.top, bottom: box.bottom, height: box.height}]; }))"""
Box = dict[str, float]


def boxes(browser: Browser, paper: Site, width: int, path: str) -> dict[str, Box]:
    """Where the parts of a page stand, from the top of the document; after what waits below was laid out (site.css)."""
    page, _ = opened(browser, width)
    page.goto(paper.url + path)
    page.evaluate("Promise.all(document.getAnimations().map(it => it.finished)).then(() => null)")
    found: dict[str, Box] = page.evaluate(BOXES, PARTS)
    page.context.close()
    return found


def assert_below(parts: dict[str, Box], *names: str) -> None:
    """Each wholly below the one before it."""
    for upper, lower in pairwise(names):
        assert parts[upper]["bottom"] <= parts[lower]["top"], (upper, lower)


@pytest.mark.parametrize("path", ["/", ARTICLE])
def test_on_a_phone_the_call_is_on_top_then_article_form_headlines(browser: Browser, paper: Site, path: str) -> None:
    parts = boxes(browser, paper, 390, path)
    assert parts["call"]["top"] == 0
    assert_below(parts, "call", "masthead", "article", "form", "headlines", "foot")
    assert parts["headline"]["bottom"] <= 844, "the headline is in the first view"
    column = (parts["article"]["left"], parts["article"]["right"])
    assert all((parts[name]["left"], parts[name]["right"]) == column for name in ("form", "headlines"))
    assert parts["ad"]["height"] == 0


def test_on_a_tablet_form_and_headlines_stand_side_by_side_below_the_article(browser: Browser, paper: Site) -> None:
    parts = boxes(browser, paper, 768, "/")
    assert parts["call"]["top"] == 0
    assert_below(parts, "call", "masthead", "article", "form", "foot")
    assert parts["form"]["top"] == pytest.approx(parts["headlines"]["top"], abs=1)
    assert parts["form"]["right"] < parts["headlines"]["left"]


@pytest.mark.parametrize("path", ["/", ARTICLE])
def test_on_a_desk_the_article_is_left_and_the_rail_right_with_form_headlines_and_an_ad(browser: Browser, paper: Site, path: str) -> None:
    parts = boxes(browser, paper, 1440, path)
    assert parts["call"]["top"] == 0
    assert_below(parts, "call", "masthead", "article", "foot")
    assert_below(parts, "masthead", "form", "headlines", "ad", "foot")
    assert parts["form"]["top"] == pytest.approx(parts["article"]["top"], abs=1)
    for name in ("form", "headlines", "ad"):
        assert parts["article"]["right"] < parts[name]["left"], name
        assert parts[name]["right"] <= 1440, name
    assert max(parts["headline"]["bottom"], parts["form"]["top"]) < 900, "both are in the first view"


@pytest.mark.parametrize("width", [320, 768, 1440])
def test_an_article_in_arabic_reads_from_the_right_and_nothing_sticks_out(browser: Browser, paper: Site, width: int) -> None:
    page, _ = opened(browser, width)
    page.goto(paper.url + ARABIC)
    directions = page.evaluate("""() => [".headline", ".standfirst", ".prose p", ".rail .index a", ".masthead"].map(
      name => getComputedStyle(document.querySelector(name)).direction)""")
    assert directions == ["rtl", "rtl", "rtl", "ltr", "ltr"]
    # Its list and its quotation hang from the right.
    assert page.evaluate("""() => [".prose ul", ".prose blockquote"].map(name => {
      const at = getComputedStyle(document.querySelector(name)); return [at.paddingRight !== "0px", at.paddingLeft === "0px"]; })""") == [
        [True, True],
        [True, True],
    ]  # fmt: skip
    # Towards the left a page cannot be scrolled, so count what sticks out there, too.
    assert (
        page.evaluate("""() => Math.max(document.documentElement.scrollWidth - innerWidth,
      ...[...document.querySelectorAll("main *")].filter(it => it.checkVisibility()).map(it => -it.getBoundingClientRect().left))""")
        <= 0
    )
    page.context.close()


@pytest.mark.parametrize(("name", "host"), [("WhatsApp", "wa.me"), ("Bluesky", "bsky.app")])
def test_a_reader_without_javascript_shares_and_nobody_else_is_asked_before_the_press(
    browser: Browser, paper: Site, name: str, host: str
) -> None:
    page, told = opened(browser, 390, java_script_enabled=False)
    asked: list[Request] = []

    def answer(route: Route) -> None:
        asked.append(route.request)
        route.fulfill(body="shared", content_type="text/plain")

    page.context.route(lambda url: not url.startswith(paper.url), answer)
    page.goto(paper.url + ARTICLE)
    page.wait_for_load_state("networkidle")
    headline = page.locator("article h1").inner_text()
    assert asked == []
    assert told == []
    page.locator(".share").get_by_role("link", name=name).click()
    page.wait_for_url(f"https://{host}/**")
    [request] = [each for each in asked if each.is_navigation_request()]
    address = urlsplit(request.url)
    assert address.hostname == host
    assert parse_qs(address.query) == {"text": [f"{headline} {paper.url}{ARTICLE}"]}
    # They learn at most which site it was.
    assert "/news/" not in request.all_headers().get("referer", "")
    page.context.close()
