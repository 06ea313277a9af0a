"""Ads in real Chromium: nothing moves, whatever comes, late or never, and nothing comes near the Register button."""

import json
import re
import time
from io import BytesIO
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.ads.conftest import PERSON
from tests.serving import LOST, Site

pytestmark = pytest.mark.browser

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "resultTypes": ["violations"],  # only these are written out: that halves the time
}
SHIFTS = """() => { window.shifted = 0; new PerformanceObserver(list => {
  for (const entry of list.getEntries()) window.shifted += entry.value; }).observe({type: "layout-shift", buffered: true}); }"""
BOXES = "[...document.querySelectorAll('.ad')].map(it => { const box = it.getBoundingClientRect(); return [box.width, box.height]; })"
# The gap between the nearest edges of an ad and of what is there to register with, in CSS pixels.
GAPS = """selector => { const gaps = [];
  for (const one of document.querySelectorAll(selector)) for (const ad of document.querySelectorAll(".ad")) {
    const a = one.getBoundingClientRect(), b = ad.getBoundingClientRect();
    if (!b.height) continue;
    const across = Math.max(0, a.left - b.right, b.left - a.right), down = Math.max(0, a.top - b.bottom, b.top - a.bottom);
    gaps.push(Math.hypot(across, down)); }
  return gaps; }"""
WALK = """async () => { for (let y = 0; y < document.body.scrollHeight; y += 500) {
  scrollTo(0, y); await new Promise(requestAnimationFrame); } }"""
OVER = """[...document.querySelectorAll(".ad-text b")].filter(it => { const words = it.getBoundingClientRect();
  const box = it.closest(".ad-box").getBoundingClientRect();
  return box.height && (words.top < box.top || words.top + 20 > box.bottom); }).map(it => it.closest(".ad").className)"""
PAGES = ("/", "/news/geminids-2024", "/news/how-the-draw-is-proven", "/headlines")
LONG = "Seventeen words <b>of a headline</b> that an advertiser thought nobody could do without, in all of our slots"


def opened(browser: Browser, width: int, **options: Any) -> tuple[Page, list[str]]:
    """A page that adds up its shifts, and what it complains of."""
    context = browser.new_context(viewport={"width": width, "height": 900}, user_agent=PERSON, **options)
    page = context.new_page()
    told: list[str] = []
    page.on("console", lambda line: told.append(line.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.add_init_script(f"({SHIFTS})()")
    return page, told


def until_held(page: Page, held: list[Route]) -> None:
    ends = time.monotonic() + LOST
    while not held:
        assert time.monotonic() < ends, "no ad was asked for"
        page.wait_for_timeout(20)


def walk(page: Page) -> None:
    """Go down the page as a reader does, not in its first tenth of a second (site.css), and wait for what that brings."""
    page.evaluate("Promise.all(document.getAnimations().map(it => it.finished)).then(() => null)")
    page.evaluate(WALK)
    page.wait_for_load_state("networkidle")


def in_words(slot: str, picture: dict[str, object] | None) -> dict[str, object]:
    return {
        "id": 1, "token": slot, "click": f"/ads/click/{slot}", "alt": "", "headline": LONG, "text": "and words. " * 27,
        "pictures": {"120x120": picture} if picture else {},
    }  # fmt: skip


def fill_with_words(page: Page, picture: dict[str, object] | None) -> None:
    def answer(route: Route) -> None:
        slots = re.search(r"slots=([^&]*)", route.request.url)
        assert slots is not None
        route.fulfill(body=json.dumps({slot: in_words(slot, picture) for slot in slots[1].split("%2C")}), content_type="application/json")

    page.route("**/ads/decide?*", answer)


def a_picture(page: Page) -> dict[str, object]:
    """A picture of the size that is said of it: one of another size would move the words beside it when it is shown."""
    file = BytesIO()
    Image.new("RGB", (120, 120), "teal").save(file, "PNG")
    page.route("**/media/square.png", lambda route: route.fulfill(body=file.getvalue(), content_type="image/png"))
    return {"file": "square.png", "width": 120, "height": 120}


@pytest.mark.parametrize("width", [390, 768, 1440])
def test_a_decision_that_takes_three_seconds_moves_nothing(browser: Browser, paper: Site, width: int) -> None:
    page, told = opened(browser, width)
    held: list[Route] = []
    page.route("**/ads/decide?*", lambda route: held.append(route))  # noqa: PLW0108 - Playwright looks into what it is given
    page.goto(paper.url)
    page.wait_for_timeout(3000)  # so slow
    until_held(page, held)
    before = page.evaluate(BOXES)
    assert page.locator("a[href^='/ads/click/']").count() == 0
    for route in held:
        route.continue_()
    page.unroute("**/ads/decide?*")
    page.wait_for_function("() => document.querySelector('.ad-top a').pathname.startsWith('/ads/click/')")
    walk(page)
    assert page.evaluate(BOXES) == before
    assert page.evaluate("window.shifted") == 0
    page.context.close()
    assert told == []


@pytest.mark.parametrize("width", [320, 390, 1440])
@pytest.mark.parametrize("pictured", [True, False])
def test_too_many_words_stay_in_their_box_and_are_words(browser: Browser, paper: Site, width: int, pictured: bool) -> None:
    page, told = opened(browser, width)
    picture = a_picture(page)
    page.goto(paper.url)
    before = page.evaluate(BOXES)
    fill_with_words(page, picture if pictured else None)
    page.goto(paper.url)
    walk(page)
    shown = page.locator("[data-ad]:visible .ad-text")
    expect(shown).to_have_count(page.locator("[data-ad]:visible").count())
    assert set(page.locator(".ad-text b").all_text_contents()) == {LONG}
    assert page.evaluate(OVER) == [], "the first line is in its box"
    assert page.evaluate(BOXES) == before
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.evaluate("window.shifted") == 0
    page.context.close()
    assert told == []


@pytest.mark.parametrize("width", [390, 1440])
def test_without_javascript_each_slot_shows_a_house_ad(browser: Browser, paper: Site, width: int) -> None:
    page, told = opened(browser, width, java_script_enabled=False)
    page.goto(paper.url)
    slots = page.locator(".ad:visible").all()
    assert len(slots) == (3 if width == 390 else 4)
    for slot in slots:
        slot.scroll_into_view_if_needed()
        assert (slot.locator("a").get_attribute("href") or "").startswith(("/draws", "/register", "/advertising", "/newsletter"))
        assert slot.locator("img").is_visible()
        assert slot.get_by_text("Advertisement", exact=True).is_visible()
    page.context.close()
    assert told == []


@pytest.mark.parametrize("blocked", ["**/ads/**", "**/ads*", "**/ads/decide*=empty", "**/ads/decide*=nonsense", "**/ads/decide*=503"])
def test_when_ads_are_blocked_or_fail_the_page_is_tidy_and_silent(browser: Browser, paper: Site, blocked: str) -> None:
    page, told = opened(browser, 390)
    pattern, _, how = blocked.partition("=")
    answers = {"empty": (200, "{}"), "nonsense": (200, "<p>a login page"), "503": (503, "")}
    page.route(pattern, lambda route: route.fulfill(status=answers[how][0], body=answers[how][1]) if how else route.abort())
    page.goto(paper.url)
    walk(page)
    for slot in page.locator(".ad:visible").all():
        slot.scroll_into_view_if_needed()
        slot.locator("img").evaluate("image => image.decode()")
        assert "/ads/" not in (slot.locator("a").get_attribute("href") or "")
    assert page.evaluate("window.shifted") == 0
    page.context.close()
    # The browser's own line about the request is not ours to keep back.
    assert [line for line in told if not line.startswith("Failed to load resource")] == []


def test_an_ad_whose_picture_does_not_come_leaves_the_house_ad(desk: BrowserContext, paper: Site) -> None:
    page = desk.new_page()
    ad = {**in_words("top", None), "headline": None, "pictures": {"728x90": {"file": "none.jpg", "width": 728, "height": 90}}}
    page.route("**/ads/decide?*", lambda route: route.fulfill(json={"top": ad}))
    with page.expect_response("**/media/none.jpg"):
        page.goto(paper.url)
    walk(page)
    assert page.locator("a[href^='/ads/click/']").count() == 0


def test_an_ad_on_which_the_keyboard_stands_is_not_taken_from_under_it(desk: BrowserContext, paper: Site) -> None:
    page = desk.new_page()
    held: list[Route] = []
    page.route("**/ads/decide?*", lambda route: held.append(route))  # noqa: PLW0108 - Playwright looks into what it is given
    page.goto(paper.url)
    page.locator(".ad-top a").focus()
    until_held(page, held)
    with page.expect_response("**/ads/decide?*"):
        for route in held:
            route.continue_()
    walk(page)
    assert page.evaluate("document.activeElement.closest('.ad-top') !== null")


@pytest.mark.parametrize("width", [320, 390, 768, 1024, 1440])
def test_no_ad_is_within_reach_of_the_register_button(browser: Browser, paper: Site, width: int) -> None:
    page, _ = opened(browser, width)
    for path in PAGES:
        page.goto(paper.url + path)
        walk(page)
        button, form = page.evaluate(GAPS, "#register button, #register .button"), page.evaluate(GAPS, "#register, .call")
        assert form, path
        assert button or path == "/headlines", path
        assert min(button, default=999) >= 150, path
        assert min(form) >= 30, path
    page.context.close()


def test_ads_take_at_most_three_tenths_of_a_phones_content(phone: BrowserContext, paper: Site) -> None:
    """Of the text alone: neither the form nor the headlines below are reckoned in."""
    page = phone.new_page()
    page.goto(paper.url + "/headlines")
    addresses = page.locator("main .index a").evaluate_all("links => links.map(it => it.pathname)")
    shares = {}
    for path in ["/", "/headlines", "/headlines?section=World", *addresses]:
        page.goto(paper.url + path)
        shares[path] = page.evaluate(
            """() => { const height = it => it ? it.getBoundingClientRect().height : 0;
            const ads = [...document.querySelectorAll(".ad")], text = document.querySelector("article") || document.querySelector("main");
            const outside = ads.filter(it => !text.contains(it)).reduce((sum, it) => sum + height(it), 0);
            const content = height(text) - height(text.querySelector(".article-foot")) + outside;
            return ads.reduce((sum, it) => sum + height(it), 0) / content; }"""
        )
    assert len(addresses) > 10
    assert 0.1 < max(shares.values()) <= 0.3, shares


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("words", [True, False])
def test_axe_finds_nothing_in_pages_with_ads(browser: Browser, paper: Site, width: int, scheme: Any, words: bool) -> None:
    page, _ = opened(browser, width, color_scheme=scheme)
    if words:
        fill_with_words(page, a_picture(page))
    for path in ("/", "/headlines"):
        page.goto(paper.url + path)
        walk(page)
        expect(page.locator("a[href^='/ads/click/']").first).to_be_attached()
        found = Axe().run(page, options=RULES)
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"
    page.context.close()


def test_the_script_is_small(desk: BrowserContext, paper: Site) -> None:
    page = desk.new_page()
    sizes: dict[str, int] = {}
    page.on("requestfinished", lambda it: sizes.update({it.url: it.sizes()["responseBodySize"]}) if it.resource_type == "script" else None)
    page.goto(paper.url)
    page.wait_for_load_state("networkidle")
    assert 0 < next(size for url, size in sizes.items() if "/ads.js?" in url) <= 1_500
    assert sum(sizes.values()) <= 6_000
