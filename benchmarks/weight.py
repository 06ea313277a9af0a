"""What a phone loads and when it paints: an article with two pictures, first seen, in Chromium under Lighthouse's mobile throttling.

The network is slowed as Lighthouse does it in DevTools (`throttling: "devtools"`): its slow 4G has 150 ms there and back and
1.6 Mbit/s, and since DevTools delays requests instead of packets, that is 562.5 ms a request and nine tenths of the rate. The
processor is slowed four times, what it paints is a phone's of 412 × 823 CSS pixels at 1.75 pixels each. Bytes are those that came
over the wire, headers included; times are from the start of navigation. Ads are counted in what the whole page weighs, not among
the requests before them.
"""

import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from benchmarks.ours import installed
from benchmarks.pages import ARTICLE
from benchmarks.servers import Server, gunicorn
from benchmarks.table import Row, rounds_row

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession

PHONE = {"viewport": {"width": 412, "height": 823}, "device_scale_factor": 1.75, "is_mobile": True, "has_touch": True}
NETWORK: dict[str, object] = {"offline": False, "latency": 562.5, "downloadThroughput": 1_474_560 / 8, "uploadThroughput": 675_000 / 8}
UNTHROTTLED: dict[str, object] = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
SLOWER = 4
KB = 1000
# DESIGN §7, compressed; Core Web Vitals' "good" for the largest paint; nothing may move.
BUDGETS = {"Document": ("HTML", 20), "Stylesheet": ("CSS", 12), "Script": ("JavaScript", 6)}
WATCH = """window.seen = {paint: 0, picture: "", moved: 0};
new PerformanceObserver(list => { for (const it of list.getEntries()) { seen.paint = it.startTime; seen.picture = it.url; } })
  .observe({type: "largest-contentful-paint", buffered: true});
new PerformanceObserver(list => { for (const it of list.getEntries()) seen.moved += it.value; })
  .observe({type: "layout-shift", buffered: true});"""
LEAD = "seen.picture || document.querySelector('main img[fetchpriority=high]').currentSrc"
WALK = """async () => { for (let y = 0; y < document.body.scrollHeight; y += 400) {
  scrollTo(0, y); await new Promise(done => setTimeout(done, 50)); } }"""


@dataclass
class View:
    """One first view: what was asked for, in this order, and what came."""

    asked: list[tuple[str, str]] = field(default_factory=list)
    """Chromium's id of a request, and its path."""
    kinds: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, float] = field(default_factory=dict)
    paint: float = 0
    moved: float = 0
    lead: str = ""
    first: int = 0
    """How many requests there were before anybody scrolled."""

    def is_complete(self) -> bool:
        return all(id in self.sizes for id, _ in self.asked)

    def before_ads(self) -> int:
        """Requests of the first view up to the first that asks for ads."""
        paths = [path for _, path in self.asked[: self.first]]
        return next((number for number, path in enumerate(paths) if path.startswith("/ads/")), len(paths))

    def bytes_of(self, kind: str) -> float:
        return sum(size for id, size in self.sizes.items() if self.kinds.get(id) == kind)

    def bytes_at(self, path: str) -> float:
        return sum(self.sizes.get(id, 0) for id, asked in self.asked if asked == path)


def measure(quick: bool) -> list[Row]:
    """Each budget, and the paint, of so many first views."""
    from playwright.sync_api import sync_playwright

    from tests import chromium

    program = chromium.find() or sys.exit("Needs Chromium: python -m tests.chromium")
    with tempfile.TemporaryDirectory() as name:
        site = installed(Path(name))
        with gunicorn("ours", "wsgi:app", site.environ) as ours, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=chromium.ARGUMENTS)
            page = browser.new_page()  # a browser's very first page takes seconds longer than any later one
            page.goto(ours.url + ARTICLE, wait_until="networkidle")
            page.close()
            views = [_look(browser, ours) for _ in range(1 if quick else 5)]
            browser.close()
    return _rows(views)


def _rows(views: list[View]) -> list[Row]:
    def row(what: str, values: list[float], goal: float | None, unit: str) -> Row:
        return rounds_row(f"first view of an article: {what}", values, None, goal=goal, unit=unit)

    return [
        row("requests before ad calls", [view.before_ads() for view in views], 8, ""),
        *(row(name, [view.bytes_of(kind) / KB for view in views], goal, "kB") for kind, (name, goal) in BUDGETS.items()),
        row("its largest picture", [view.bytes_at(view.lead) / KB for view in views], 60, "kB"),
        row("all of it, two pictures and ads", [sum(view.sizes.values()) / KB for view in views], 150, "kB"),
        row("largest paint, throttled phone", [view.paint for view in views], 2500, "ms"),
        row("layout shift", [view.moved for view in views], 0, ""),
    ]


def _look(browser: "Browser", server: Server) -> View:
    context = browser.new_context(**PHONE)  # type: ignore[arg-type]
    context.add_init_script(WATCH)
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    view = _watched(devtools)
    _throttle(devtools, NETWORK, SLOWER)
    page.goto(server.url + ARTICLE, wait_until="networkidle")
    view.first = len(view.asked)
    view.paint, view.lead = page.evaluate("seen.paint"), urlsplit(page.evaluate(LEAD)).path
    _throttle(devtools, UNTHROTTLED, 1)  # what is left is only weighed
    page.evaluate(WALK)
    until = time.monotonic() + 20
    while not view.is_complete() and time.monotonic() < until:
        page.wait_for_timeout(50)
    view.moved = page.evaluate("seen.moved")
    if (pictures := page.locator("main figure img").count()) != 2:
        raise RuntimeError(f"{ARTICLE} has {pictures} pictures, not two")
    context.close()
    return view


def _watched(devtools: "CDPSession") -> View:
    """The view that fills as the page loads."""
    view = View()

    def asked(event: dict[str, Any]) -> None:
        view.asked.append((event["requestId"], urlsplit(event["request"]["url"]).path))
        view.kinds[event["requestId"]] = event["type"]

    devtools.on("Network.requestWillBeSent", asked)
    devtools.on("Network.loadingFinished", lambda event: view.sizes.update({event["requestId"]: event["encodedDataLength"]}))
    devtools.on("Network.loadingFailed", lambda event: view.sizes.update({event["requestId"]: 0}))
    devtools.send("Network.enable")
    return view


def _throttle(devtools: "CDPSession", network: dict[str, object], slower: int) -> None:
    devtools.send("Network.emulateNetworkConditions", network)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": slower})
