"""What the browser tests of the paper share."""

from playwright.sync_api import Browser, Page

ARTICLE = "/news/assad-flees-syria"
PAGES = ("/", ARTICLE, "/headlines", "/headlines?q=syria", "/headlines?tag=Russia", "/register", "/nothing/here")
# Pages of the draws, as a reader meets them with nothing in hand.
DRAWS = ("/register/thanks", "/entry", "/draws", "/draws/win-100", "/draws/win-100/rules", "/draws/verify", "/privacy")


def opened(browser: Browser, width: int, **options: object) -> tuple[Page, list[str]]:
    """A page, and what it tells that it should not: console lines, and requests to other hosts."""
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)  # type: ignore[arg-type]
    page = context.new_page()
    told: list[str] = []
    page.on("console", lambda line: told.append(line.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda asked: told.append(asked.url) if not asked.url.startswith("http://127.0.0.1:") else None)
    return page, told


def expected(told: list[str]) -> list[str]:
    """The browser's own line about a page that answers 404 is no fault of the page."""
    return [line for line in told if "status of 404" not in line]
