"""axe in real Chromium: every page on a phone, a tablet and a desk, light and dark, and every page of an error."""

import shutil
from itertools import cycle
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.conftest import make_app
from tests.news.browsing import ARABIC, DRAWN, DRAWS, PAGES, WITHDRAWN, opened, violations
from tests.news.test_pages_errors import fail
from tests.serving import Site

pytestmark = pytest.mark.browser

Look = tuple[int, Literal["light", "dark"]]
# Each layout once and each scheme at least once: colours do not depend on width ...
LOOKS: tuple[Look, ...] = ((390, "light"), (768, "light"), (1440, "dark"))
# ... but what stands where does. Pages with a layout of their own at each width are seen in the other scheme, too.
OTHERS: tuple[Look, ...] = ((390, "dark"), (768, "dark"), (1440, "light"))
LAYOUTS = ("/", "/headlines", DRAWN)
# Every one that issue 5 names.
ERRORS = (404, 410, 403, 422, 429, 500, 503)


@pytest.fixture(scope="module")
def error_pages(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, tuple[dict[str, str], bytes]]:
    """Headers and page of every error that issue 5 names, from an app like the paper's."""
    folder = tmp_path_factory.mktemp("errors") / "instance"
    shutil.copytree(installed, folder)
    app = make_app(folder)
    app.add_url_rule("/fail/<int:status>", view_func=fail)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    client = app.test_client()
    answers = {status: client.get(f"/fail/{status}") for status in ERRORS}
    app.extensions["page_cache"].close()
    assert [answer.status_code for answer in answers.values()] == list(ERRORS)
    return {status: (dict(answer.headers), answer.data) for status, answer in answers.items()}


def seen(page: Page, look: Look) -> str:
    """What axe finds in the page at this width and in this scheme."""
    width, scheme = look
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    return violations(page)


@pytest.mark.parametrize("path", [*PAGES, *DRAWS, ARABIC])
def test_axe_finds_nothing_at_any_width_in_any_scheme(browser: Browser, paper: Site, path: str) -> None:
    page, _ = opened(browser, 390)
    page.goto(paper.url + path)
    for look in LOOKS + (OTHERS if path in LAYOUTS else ()):
        assert not seen(page, look), look
    page.context.close()


def test_axe_finds_nothing_on_the_page_of_any_error(
    browser: Browser, paper: Site, error_pages: dict[int, tuple[dict[str, str], bytes]]
) -> None:
    page, told = opened(browser, 390)
    looks = cycle(LOOKS + OTHERS)

    def answer(route: Route) -> None:
        status = int(route.request.url.rsplit("/", 1)[1])
        headers, body = error_pages[status]
        route.fulfill(status=status, headers=headers, body=body)

    page.route("**/fail/*", answer)
    for status in ERRORS:
        page.goto(f"{paper.url}/fail/{status}")
        assert page.locator(".kicker").inner_text() == f"Error {status}"
        assert page.locator(".button").first.evaluate("it => getComputedStyle(it).borderTopStyle") == "solid", "its style sheet came"
        look = next(looks)
        assert not seen(page, look), (status, look)
    # Two of them as the paper itself gives them: of an article, and of a form.
    page.goto(paper.url + WITHDRAWN)
    assert page.locator("h1").inner_text() == "This piece was withdrawn"
    assert not seen(page, next(looks))
    page.goto(paper.url + "/register")
    page.locator("form[action='/register']").evaluate("form => { form.noValidate = true; }")
    page.locator("#register button").click()
    page.locator(".error-summary").wait_for()
    for look in ((390, "dark"), (768, "light")):
        assert not seen(page, look), look
    page.context.close()
    assert [line for line in told if "Failed to load resource" not in line] == []
