"""One running paper for all browser tests of this room."""

from collections.abc import Iterator

import pytest

from tests.serving import Site, site


@pytest.fixture(scope="package")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The sample edition with ads and an open campaign. Only read from."""
    with site(tmp_path_factory.mktemp("paper") / "instance") as here:
        here.flask("demo")
        yield here
