"""During an update two versions of the code run at once on the new schema."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.ops.faulting import ask, open_campaign, ready, register
from tests.serving import free_port, inbox, installed_site, kill_group, link_in, web
from webapp.config import ROOT
from webapp.ops.installing import MIGRATIONS, head

pytestmark = pytest.mark.slow

PARTS = ("webapp", "templates", "static", "migrations", "wsgi.py", "gunicorn.conf.py", "pyproject.toml")


def version_before(folder: Path) -> Path:
    """The code as it was before the newest migration came, out of git's history. Where that does not reach so far (a download,
    a clone of depth 1): today's code without that migration, so that it takes the schema for a newer one.
    """
    folder.mkdir()
    (newest,) = (MIGRATIONS / "versions").glob(f"{head()}_*.py")
    added = git("log", "-1", "--diff-filter=A", "--format=%H", "--", str(newest.relative_to(ROOT)))
    archive = git("archive", f"{added.decode().strip()}^", *PARTS) if added else None
    if archive:
        subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
        return folder
    for part in PARTS:
        (shutil.copytree if (ROOT / part).is_dir() else shutil.copy)(ROOT / part, folder / part)
    (folder / newest.relative_to(ROOT)).unlink()
    return folder


def git(*arguments: str) -> bytes | None:
    try:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True).stdout or None
    except (OSError, subprocess.CalledProcessError):
        return None


def test_code_of_the_version_before_serves_and_registers_on_the_new_schema(database_url: str | None, tmp_path: Path) -> None:
    more = {"DATABASE_URL": database_url} if database_url else {}
    with inbox() as box:
        new = installed_site(tmp_path / "instance", MAIL_URL=f"smtp://127.0.0.1:{box.port}", **more)
        port = str(free_port())
        old = replace(new, url=f"http://127.0.0.1:{port}", environ={**new.environ, "PORT": port})
        open_campaign(new, tmp_path)
        both = [web(new), web(old, checkout=version_before(tmp_path / "before"))]
        try:
            for site in (old, new):
                assert [ask(site, path).status for path in ("/", "/headlines", "/draws/win-100", "/register")] == [200] * 4
            for number in range(6):
                assert register((old, new)[number % 2], f"reader{number}@example.com") == 303
            new.flask("mail", "send")
            for number in range(6):  # who registered with the one confirms with the other
                letter = box.wait_for(f"reader{number}@example.com", containing="/confirm/")
                path = "/confirm/" + link_in(letter, "/confirm/").partition("/confirm/")[2]
                answer = ask((new, old)[number % 2], path, urlencode({"name": f"Reader {number}"}))
                assert answer.status == 303, answer.page[:500]
            assert new.flask("sweepstakes", "verify", "win-100")
            assert '"eligible": 6' in new.flask("sweepstakes", "stats", "win-100", "--json")
            status, told = ready(old)
            assert (status, told["problems"]) == (200, [])
            assert "newer than this code" in told["warnings"][0]
            assert "newer" not in str(ready(new))
        finally:
            for process in both:
                kill_group(process)
