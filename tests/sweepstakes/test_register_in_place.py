"""Registering in a real browser: in place with JavaScript, by whole pages without it, and whatever fails in between."""

import gzip
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.serving import Site, site
from webapp.assets import STATIC

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("in-place") / "instance") as here:
        here.flask("demo")
        yield here


@pytest.fixture(params=[True, False], ids=["javascript", "no-javascript"])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=request.param)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda line: wrong.append(line.text) if "status of 4" not in line.text else None)
    yield page
    context.close()
    assert wrong == []


@pytest.fixture
def scripted(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def fill(page: Page, paper: Site, email: str) -> None:
    page.goto(paper.url)
    page.locator("#register-name").fill("Ada Reader")
    page.locator("#register-email").fill(email)
    page.locator("#register-agree").check()
    page.locator("#register button").click()


def test_a_slip_is_shown_mended_and_taken(page: Page, paper: Site, request: pytest.FixtureRequest) -> None:
    fill(page, paper, f"{request.node.callspec.id}@gmial.com")
    expect(page.locator(".error-summary")).to_contain_text("Did you mean")
    expect(page.locator("#register-name")).to_have_value("Ada Reader")
    page.locator("#register-use-email").check()
    page.locator("#register button").click()
    expect(page.locator("#register-title, h1").filter(has_text="Check your inbox")).to_be_visible()


def test_in_place_the_reader_stays_and_hears_what_was_said(scripted: Page, paper: Site) -> None:
    fill(scripted, paper, "stays@gmial.com")
    expect(scripted.locator(".error-summary")).to_be_focused()
    expect(scripted.locator("p[role=status]")).to_contain_text("Did you mean stays@gmail.com?")
    assert scripted.url == f"{paper.url}/"
    assert scripted.locator("h1").count() == 1
    scripted.locator("#register button").click()
    expect(scripted.locator("#register-title")).to_be_focused()
    expect(scripted.locator("p[role=status]")).to_have_text("Check your inbox")
    assert scripted.url == f"{paper.url}/"


@pytest.mark.parametrize("fault", ["abort", "nonsense"])
def test_if_sending_in_place_fails_the_form_is_sent_as_ever(scripted: Page, paper: Site, fault: str) -> None:
    def fail(route: object) -> None:
        if route.request.resource_type != "fetch":  # type: ignore[attr-defined]
            route.continue_()  # type: ignore[attr-defined]
        elif fault == "abort":
            route.abort()  # type: ignore[attr-defined]
        else:
            route.fulfill(body="what a proxy says", status=502)  # type: ignore[attr-defined]

    scripted.route("**/register", fail)
    fill(scripted, paper, f"{fault}@example.com")
    scripted.wait_for_url("**/register/thanks")


def test_the_script_is_small() -> None:
    assert len(gzip.compress((STATIC / "register.js").read_bytes())) < 2000
