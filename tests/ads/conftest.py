"""One running paper for the browser tests of this room."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.serving import Site, site

# One that says "Headless" is a machine, and not counted.
PERSON = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"


@pytest.fixture(scope="package")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The sample edition with house ads and an open campaign."""
    with site(tmp_path_factory.mktemp("paper") / "instance") as here:
        here.flask("demo")
        yield here


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 390, "height": 800}, user_agent=PERSON)
    yield context
    context.close()


@pytest.fixture
def desk(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, user_agent=PERSON)
    yield context
    context.close()
