"""Ads in real Chromium: when they are asked for, and when one counts as seen."""

import sqlite3
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, Request

from tests.serving import LOST, Site

pytestmark = pytest.mark.browser

# A slot is filled when its link goes through the counter. Polled by interval: the tests stop the page's own clock.
FILLED = "slot => document.querySelector(`[data-ad=${slot}] a[href^='/ads/click/']`) !== null"
# Once our observer has been told, those that were there before it have been, too.
SETTLED = """slot => new Promise(done => new IntersectionObserver((_, its) => { its.disconnect(); done(); })
  .observe(document.querySelector(`[data-ad=${slot}] .ad-box`)))"""
VISIBILITY = """() => { let hidden = %s; Object.defineProperty(document, "visibilityState", {get: () => hidden ? "hidden" : "visible"});
  window.setHidden = it => { hidden = it; document.dispatchEvent(new Event("visibilitychange")); }; }"""


class Asked:
    """The requests of the ads' script."""

    def __init__(self, page: Page) -> None:
        self.slots: list[list[str]] = []
        self.shown: list[str] = []
        self.seen: list[str] = []
        page.on("request", self._note)

    def _note(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.path == "/ads/decide":
            query = parse_qs(parts.query)
            self.slots.append(query["slots"][0].split(","))
            self.shown += query.get("shown", [])
        if parts.path == "/ads/viewed":
            self.seen.append(request.post_data or "")


def stopped(context: BrowserContext, paper: Site, *, script: str = "") -> tuple[Page, Asked]:
    """The front page with its clock stopped and the slot in the text filled, out of view."""
    page = context.new_page()
    asked = Asked(page)
    page.clock.install()
    page.add_init_script(f"({script or '() => 0'})()")
    page.goto(paper.url)
    page.clock.pause_at(time.time() + 3600)
    page.evaluate("document.querySelector('.ad-article').scrollIntoView({block: 'start'}); scrollBy(0, -innerHeight - 50)")
    page.wait_for_function(FILLED, arg="article", polling=20)
    page.evaluate("0")
    asked.seen.clear()  # what was seen on the way there
    return page, asked


def show(page: Page, part: float) -> None:
    """Scroll until exactly `part` of the ad in the text is in view, at the lower edge."""
    page.evaluate(
        """part => { const box = document.querySelector(".ad-article .ad-box");
        const top = box.getBoundingClientRect().top + scrollY;
        document.body.style.paddingTop = `${parseFloat(getComputedStyle(document.body).paddingTop) + Math.ceil(top) - top}px`;
        scrollTo(0, Math.ceil(top) - innerHeight + part * 250); }""",
        part,
    )
    page.evaluate(SETTLED, "article")


def tokens(page: Page) -> str:
    href = page.locator(".ad-article a").get_attribute("href") or ""
    return "token=" + href.removeprefix("/ads/click/")


def until(page: Page, condition: Callable[[], Any], *, seconds: float = LOST) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        page.evaluate("0")  # else nobody would tell us of requests
        time.sleep(0.05)
    return found


def test_half_of_it_for_one_second_is_seen_once(phone: BrowserContext, paper: Site) -> None:
    page, asked = stopped(phone, paper)
    show(page, 0.5)
    page.clock.run_for(999)
    page.evaluate("0")
    assert asked.seen == []
    page.clock.run_for(1)
    until(page, lambda: asked.seen)
    show(page, 0)
    show(page, 1)
    page.clock.run_for(60_000)
    page.evaluate("0")
    assert asked.seen == [tokens(page)]


def test_less_than_half_is_never_seen(phone: BrowserContext, paper: Site) -> None:
    page, asked = stopped(phone, paper)
    show(page, 124 / 250)
    page.clock.run_for(60_000)
    page.evaluate("0")
    assert asked.seen == []


def test_a_second_in_two_parts_is_not_one(phone: BrowserContext, paper: Site) -> None:
    page, asked = stopped(phone, paper)
    for _ in range(3):
        show(page, 1)
        page.clock.run_for(900)
        show(page, 0.4)
        page.clock.run_for(900)
    page.evaluate("0")
    assert asked.seen == []


def test_in_a_hidden_tab_nothing_is_seen_and_the_second_begins_again(phone: BrowserContext, paper: Site) -> None:
    page, asked = stopped(phone, paper, script=VISIBILITY % "false")
    show(page, 1)
    page.clock.run_for(900)
    page.evaluate("setHidden(true)")
    page.clock.run_for(60_000)
    page.evaluate("setHidden(false)")
    page.clock.run_for(999)
    page.evaluate("0")
    assert asked.seen == []
    page.clock.run_for(1)
    until(page, lambda: asked.seen)


@pytest.mark.parametrize("how", ["hidden", "prerendering"])
def test_nothing_is_asked_for_before_somebody_looks(phone: BrowserContext, paper: Site, how: str) -> None:
    page = phone.new_page()
    asked = Asked(page)
    ahead = 'Object.defineProperty(document, "prerendering", {get: () => window.ahead, configurable: true}); window.ahead = true;'
    page.add_init_script(f"({VISIBILITY % 'true'})(); {ahead if how == 'prerendering' else ''}")
    page.goto(paper.url, wait_until="networkidle")
    assert asked.slots == []
    if how == "prerendering":
        page.evaluate("setHidden(false)")
        page.evaluate(SETTLED, "top")
        assert asked.slots == []
        page.evaluate("window.ahead = false; document.dispatchEvent(new Event('prerenderingchange'))")
    page.evaluate("setHidden(false)")
    page.wait_for_function(FILLED, arg="top")
    page.evaluate("setHidden(true); setHidden(false)")
    page.wait_for_load_state("networkidle")
    assert asked.slots == [["top"]]


def test_slots_that_come_near_together_are_asked_for_once_and_the_others_when_they_come(desk: BrowserContext, paper: Site) -> None:
    page = desk.new_page()
    asked = Asked(page)
    page.goto(paper.url)
    page.wait_for_function(FILLED, arg="top")
    page.wait_for_load_state("networkidle")
    first = asked.slots.copy()
    page.keyboard.press("End")
    until(page, lambda: "foot" in str(asked.slots))
    page.keyboard.press("Home")
    page.wait_for_load_state("networkidle")
    assert len(first) == 1
    assert "foot" not in first[0]
    named = [slot for slots in asked.slots for slot in slots]
    assert sorted(named) == sorted(set(named)), "no slot twice"
    assert len(asked.shown) == len(asked.slots) - 1, "later requests name what stands there already"


def test_what_a_reader_saw_is_counted_in_the_database(desk: BrowserContext, paper: Site) -> None:
    def counted() -> list[tuple[int, int]]:
        with sqlite3.connect(paper.instance / "daily-draw.sqlite3") as database:
            rows = database.execute("SELECT served, viewable FROM ads_count WHERE slot = 'top' AND section = 'Science'").fetchall()
        database.close()
        return [row for row in rows if row[1]]

    page = desk.new_page()
    page.goto(paper.url + "/news/geminids-2024")
    assert [served >= viewable for served, viewable in until(page, counted)] == [True]


def test_a_click_goes_through_the_counter_to_the_stored_target(desk: BrowserContext, paper: Site) -> None:
    page = desk.new_page()
    page.goto(paper.url)
    page.wait_for_function(FILLED, arg="top")
    with page.expect_request("**/ads/click/*"):
        page.locator(".ad-top a").click()
    page.wait_for_load_state()
    assert urlsplit(page.url).path in {"/draws", "/register", "/advertising", "/newsletter"}
