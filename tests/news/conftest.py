"""One running paper for all browser tests of this room."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import make_app
from tests.news.browsing import ARABIC, WITHDRAWN
from tests.news.importing_tools import imported, write
from tests.serving import Site, site
from tests.sweepstakes.campaigns import changed, done, enter, open_now, open_one
from webapp.database import db

ARABIC_TEXT = """صحيفةٌ صغيرة تكتب من اليمين إلى اليسار، وتبقى أعمدتها في مكانها مهما ضاقت الشاشة.
كلمةٌ واحدة من The Daily Draw لا تقلب السطر.

- بندٌ أول
- بندٌ ثانٍ

> اقتباسٌ قصير."""


@pytest.fixture(scope="package")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The sample edition with ads and an open campaign, an article withdrawn, one in Arabic, and a draw that is over. Only read from."""
    with site(tmp_path_factory.mktemp("paper") / "instance") as here:
        here.flask("demo")
        _go_on(here, tmp_path_factory.mktemp("more"))
        yield here


def _go_on(here: Site, folder: Path) -> None:
    """Here and not by commands of their own: each would take a second to start."""
    app = make_app(here.instance, PORT=here.environ["PORT"])
    with app.app_context():
        run = app.test_cli_runner()
        assert run.invoke(args=["article", "unpublish", WITHDRAWN.removeprefix("/news/")]).exit_code == 0
        more = f"slug: {ARABIC.removeprefix('/news/')}\nsection: World\nstandfirst: سطرٌ تحت العنوان.\n"
        imported(run, write(folder, "arabic.md", ARABIC_TEXT, title="جريدةٌ تُقرأ من اليمين", more=more))
        source = changed("title", 'title = "Win $20"', changed("slug", 'slug = "drawn-20"', open_now()))
        open_one(run, folder, source, "drawn-20")
        enter(12, "drawn-20")
        done(run, "close", "drawn-20", "--now", "--yes")
        done(run, "draw", "drawn-20")
        app.extensions["page_cache"].close()
        db.session.remove()
        db.engine.dispose()
