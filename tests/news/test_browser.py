"""The paper in a real browser, on a phone, a tablet and a desk: nothing moves, nothing sticks out, everybody can use it."""

import re
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import Browser, Request

from tests.news.browsing import ARTICLE, DRAWS, PAGES, expected, opened
from tests.serving import Site

pytestmark = pytest.mark.browser

WIDTHS = (390, 768, 1440)
SHIFTS = """() => { window.shifted = 0; new PerformanceObserver(list => {
  for (const entry of list.getEntries()) window.shifted += entry.value; }).observe({type: "layout-shift", buffered: true}); }"""


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_moves_sticks_out_complains_or_asks_elsewhere(browser: Browser, paper: Site, width: int) -> None:
    page, told = opened(browser, width)
    page.add_init_script(f"({SHIFTS})()")
    for path in PAGES + DRAWS:
        page.goto(paper.url + path)
        # A tenth of a second (site.css): nobody is far below so soon.
        page.evaluate("Promise.all(document.getAnimations().map(it => it.finished)).then(() => null)")
        # Lazy pictures are fetched when somebody comes near; decode() fails for one that is broken, and never ends for one not shown.
        page.evaluate("""async () => { for (const it of [...document.images].filter(it => it.checkVisibility())) {
          it.scrollIntoView();
          await Promise.race([it.decode(), new Promise((_, no) => setTimeout(() => no(Error("never shown: " + it.src)), 20000))]); } }""")
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
        assert page.evaluate("window.shifted") == 0, path
    page.context.close()
    assert expected(told, paper.url + "/nothing/here") == []


@pytest.mark.parametrize("broken_off", ["</p>", "<li><a", "</li>"], ids=["before the name", "before the sections", "between two sections"])
def test_a_masthead_that_comes_in_two_parts_is_painted_once(browser: Browser, paper: Site, broken_off: str) -> None:
    with urllib.request.urlopen(paper.url + "/") as answer:
        html = answer.read().decode()
    first = html[: html.index(broken_off, html.index('<div class="masthead">')) + len(broken_off)]
    rest = html.removeprefix(first)

    class Slow(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/":
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(first.encode())
                time.sleep(0.5)
                self.wfile.write(rest.encode())
            else:
                self.send_response(302)
                self.send_header("Location", paper.url + self.path)
                self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        page, _ = opened(browser, 1440)
        page.add_init_script(f"({SHIFTS})()")
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        page.wait_for_load_state("networkidle")
        assert page.evaluate("window.shifted") == 0
        assert page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime") > 500
        page.context.close()
        server.shutdown()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_keyboard_reaches_everything_in_order_and_shows_where_it_is(browser: Browser, paper: Site, width: int) -> None:
    page, _ = opened(browser, width)
    page.goto(paper.url + ARTICLE)
    page.keyboard.press("Tab")
    skip = page.locator(":focus")
    assert skip.inner_text() == "Skip to the content"
    box = skip.bounding_box()
    assert box is not None and box["y"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.goto(paper.url + ARTICLE)
    order: list[str] = []
    for _ in range(200):
        page.keyboard.press("Tab")
        at = page.evaluate(
            """() => { const it = document.activeElement; if (it === document.body) return null;
            const all = [...document.querySelectorAll("a[href], input:not([type=hidden]), button, summary, [tabindex='0']")];
            const style = getComputedStyle(it), box = it.getBoundingClientRect();
            return {place: all.indexOf(it), outline: parseFloat(style.outlineWidth), style: style.outlineStyle,
                    seen: box.width > 0 && box.bottom > 0 && box.top < innerHeight, name: it.outerHTML.slice(0, 80)}; }"""
        )
        if at is None:
            break
        assert at["outline"] >= 2 and at["style"] != "none", at
        assert at["seen"], at
        order.append(at["place"])
    assert len(order) > 25
    assert order == sorted(order)
    page.context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_without_javascript_the_paper_is_whole(browser: Browser, paper: Site, width: int) -> None:
    page, told = opened(browser, width, java_script_enabled=False)
    page.goto(paper.url + "/headlines")
    page.get_by_role("searchbox").fill("damas")
    page.get_by_role("button", name="Search").click()
    assert page.locator("mark").first.inner_text() == "Damascus"
    page.get_by_role("link", name=re.compile("Assad flees")).click()
    assert page.url == paper.url + ARTICLE
    page.get_by_role("link", name="Previous").click()
    assert page.locator("article h1").count() == 1
    page.goto(paper.url + "/draws/verify")
    assert page.locator("#verify-form").is_hidden()
    page.context.close()
    assert told == []


@pytest.mark.parametrize("path", ["/", ARTICLE, "/headlines", "/register"])
def test_what_a_reader_loads_fits_the_budgets(browser: Browser, paper: Site, path: str) -> None:
    """Bytes as they come over the wire, on a first view with a phone's screen, before the reader scrolls."""
    page, _ = opened(browser, 390, device_scale_factor=2)
    loaded: list[tuple[str, str, int]] = []

    def note(request: Request) -> None:
        loaded.append((request.resource_type, request.url, request.sizes()["responseBodySize"]))

    page.on("requestfinished", note)
    page.goto(paper.url + path)
    page.wait_for_load_state("networkidle")
    size = {kind: sum(bytes_ for its, _, bytes_ in loaded if its == kind) for kind in ("document", "stylesheet", "script")}
    assert 0 < size["document"] <= 20_000, size
    assert 0 < size["stylesheet"] <= 12_000, size
    assert size["script"] <= 6_000, size
    if path in ("/", ARTICLE):
        lead = page.locator(".figure img").first.evaluate("image => image.currentSrc")
        assert lead.endswith(".avif")
        assert next(bytes_ for _, url, bytes_ in loaded if url == lead) <= 60_000
        assert sum(bytes_ for _, _, bytes_ in loaded) < 150_000, loaded
        of_ads = set(page.locator(".ad img").evaluate_all("images => images.map(image => image.currentSrc)"))
        before_ads = [url for _, url, _ in loaded if url not in of_ads and "/ads/" not in url]
        assert len(before_ads) <= 8, before_ads
    page.context.close()
