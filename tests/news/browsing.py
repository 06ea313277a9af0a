"""What the browser tests of the paper share."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

ARTICLE = "/news/assad-flees-syria"
PAGES = ("/", ARTICLE, "/headlines", "/headlines?q=syria", "/headlines?tag=Russia", "/register", "/nothing/here")
# Pages of the draws, as a reader meets them with nothing in hand.
DRAWN = "/draws/drawn-20"
DRAWS = ("/register/thanks", "/entry", "/draws", "/draws/win-100", DRAWN, "/draws/win-100/rules", "/draws/verify", "/privacy")
WITHDRAWN = "/news/nobel-day"
ARABIC = "/news/arabic"
# WCAG 2.2 AA and what is good besides. Only violations are written out: that halves the time of a long page.
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "resultTypes": ["violations"],
}


def opened(browser: Browser, width: int, **options: object) -> tuple[Page, list[str]]:
    """A page, and what it tells that it should not: console lines, and requests to other hosts."""
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)  # type: ignore[arg-type]
    page = context.new_page()
    told: list[str] = []
    page.on("console", lambda line: told.append(f"{line.text} {line.location['url']}"))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda asked: told.append(asked.url) if not asked.url.startswith("http://127.0.0.1:") else None)
    return page, told


def expected(told: list[str], missing: str) -> list[str]:
    """The browser's own line about the page that answers 404, because it was asked for, is no fault of the page."""
    return [line for line in told if not ("status of 404" in line and line.endswith(f" {missing}"))]


def violations(page: Page) -> str:
    """What axe finds in the page as it stands, in words; empty if nothing."""
    found = Axe().run(page, options=RULES)
    return str(found.generate_report()) if found.violations_count else ""
