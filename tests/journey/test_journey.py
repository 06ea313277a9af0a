"""The main job, as a reader and an admin live it: real browser, real servers, real mail."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.serving import Inbox, Site, inbox, link_in, site

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def mail() -> Iterator[Inbox]:
    with inbox() as box:
        yield box


@pytest.fixture(scope="module")
def paper(mail: Inbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The sample edition with an open campaign and some made-up entrants, mailing to `mail`."""
    folder = tmp_path_factory.mktemp("journey") / "instance"
    with site(folder, MAIL_URL=f"smtp://127.0.0.1:{mail.port}") as here:
        here.flask("demo", "--entrants", "20")
        yield here


@pytest.fixture(params=[True, False], ids=["javascript", "no-javascript"])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A phone-sized page; a line on its console or a request elsewhere fails the test."""
    context = browser.new_context(java_script_enabled=request.param, viewport={"width": 390, "height": 844})
    page = context.new_page()
    told: list[str] = []
    page.on("console", lambda line: told.append(line.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda asked: told.append(asked.url) if not asked.url.startswith("http://127.0.0.1:") else None)
    yield page
    context.close()
    assert told == []


def read_and_register(page: Page, paper: Site, email: str) -> None:
    page.goto(paper.url)
    expect(page.locator("article h1")).to_contain_text("Assad")
    page.get_by_role("link", name=re.compile("Win .100")).first.click()
    page.get_by_label("Name", exact=False).first.fill("Ada Reader")
    page.get_by_label("E-mail", exact=False).first.fill(email)
    page.locator("#register input[name=agree]").check()
    page.locator("#register button").click()
    expect(page.get_by_text("inbox", exact=False).first).to_be_visible()


def confirm(page: Page, mail: Inbox, email: str) -> int:
    """Press the button behind the mailed link; the entry number."""
    page.goto(link_in(mail.wait_for(email, containing="/confirm/"), "/confirm/"))
    page.get_by_role("button", name=re.compile("confirm", re.IGNORECASE)).click()
    number = page.locator("[data-entry-number]")
    expect(number).to_be_visible()
    return int(number.get_attribute("data-entry-number") or "")


def test_a_reader_reads_registers_and_confirms(page: Page, paper: Site, mail: Inbox, request: pytest.FixtureRequest) -> None:
    email = f"ada-{request.node.callspec.id}@example.com"
    read_and_register(page, paper, email)
    number = confirm(page, mail, email)
    assert number > 20
    receipt = mail.wait_for(email, containing="c2sp.org/tlog-proof@v1")
    assert f"index {number}" in receipt


@pytest.fixture(scope="module")
def drawn(paper: Site) -> dict[str, Any]:
    """What `draw` said after the admin had closed the campaign."""
    paper.flask("sweepstakes", "close", "win-100", "--now", "--yes")
    return dict(json.loads(paper.flask("sweepstakes", "draw", "win-100", "--json")))


def test_the_winners_entry_number_stands_on_the_page(page: Page, paper: Site, drawn: dict[str, Any]) -> None:
    page.goto(f"{paper.url}/draws/win-100")
    expect(page.get_by_text("operator-trusted", exact=False).first).to_be_visible()
    expect(page.locator("table").filter(has_text=drawn["ranking"][0]["ticket"])).to_contain_text(f"{drawn['ranking'][0]['entry']:,}")


def test_a_second_draw_prints_the_first_result(paper: Site, drawn: dict[str, Any]) -> None:
    again = json.loads(paper.flask("sweepstakes", "draw", "win-100", "--json"))
    assert again["ranking"] == drawn["ranking"]
    assert len(again["ranking"]) == 6
    assert "verified" in paper.flask("sweepstakes", "verify", "win-100")
