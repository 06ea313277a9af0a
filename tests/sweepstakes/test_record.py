"""The public record to take home: bundle.zip and result.json on the site, `flask sweepstakes bundle`, and a stranger who checks them."""

import io
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

import pytest
import time_machine
from flask.testing import FlaskClient, FlaskCliRunner
from werkzeug.test import TestResponse

from tests.serving import site
from tests.sweepstakes.campaigns import DRAND, NOW, answer, create, done, enter, open_one, refused
from webapp.config import ROOT

BUNDLE, RESULT = "/draws/win-100/bundle.zip", "/draws/win-100/result.json"
UNPROVEN = "verified, seal time unproven"


@pytest.fixture(autouse=True)
def clock(request: pytest.FixtureRequest) -> Iterator[None]:
    """The clock stands at NOW; a running site has its own."""
    if "app" not in request.fixturenames:
        yield
        return
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def drawn(run: FlaskCliRunner, tmp_path: Path) -> list[dict[str, int]]:
    """A drawn campaign of 300; its ranking."""
    open_one(run, tmp_path)
    enter(300)
    done(run, "close", "win-100", "--now", "--yes")
    ranking: list[dict[str, int]] = answer(run, "draw", "win-100")["ranking"]
    return ranking


def stranger(folder: Path) -> subprocess.CompletedProcess[str]:
    """Somebody with Python and the unpacked bundle, nothing else."""
    return subprocess.run([sys.executable, "-I", "open_draw.py", "."], cwd=folder, capture_output=True, text=True, check=False, timeout=60)


def unpack(response: TestResponse, folder: Path) -> Path:
    ZipFile(io.BytesIO(response.get_data())).extractall(folder)
    return folder


def test_a_stranger_finds_the_same_winner_in_the_served_bundle(client: FlaskClient, drawn: list[dict[str, int]], tmp_path: Path) -> None:
    said = stranger(unpack(client.get(BUNDLE), tmp_path / "bundle"))
    assert (said.returncode, said.stdout.splitlines()[-1]) == (0, UNPROVEN), said.stdout + said.stderr
    assert f"Rank 1 is entry {drawn[0]['entry']:,}, ticket {drawn[0]['ticket']}." in said.stdout


def test_a_flipped_byte_is_found_and_named(client: FlaskClient, drawn: list[dict[str, int]], tmp_path: Path) -> None:
    folder = unpack(client.get(BUNDLE), tmp_path / "bundle")
    for name, place in (("leaves.jsonl", 4000), ("rules.txt", 500), ("checkpoint", 60), ("sealed", -9), ("vkey", 20)):
        whole = (folder / name).read_bytes()
        changed = bytearray(whole)
        changed[place] ^= 1
        (folder / name).write_bytes(changed)
        said = stranger(folder)
        assert said.returncode == 1, name
        assert said.stdout.splitlines()[-1].startswith("invalid: "), name
        assert "Traceback" not in said.stderr
        (folder / name).write_bytes(whole)
    assert stranger(folder).returncode == 0


def test_made_twice_it_is_the_same_to_the_byte_and_the_tag_says_so(
    client: FlaskClient, run: FlaskCliRunner, drawn: list[dict[str, int]], tmp_path: Path
) -> None:
    once = client.get(BUNDLE)
    assert once.data
    twice = client.get(BUNDLE)
    assert once.data == twice.data
    assert once.mimetype == "application/zip"
    assert once.headers["ETag"] == twice.headers["ETag"]
    again = client.get(BUNDLE, headers={"If-None-Match": once.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    head = client.head(BUNDLE)
    assert (head.status_code, head.data, head.headers["ETag"]) == (200, b"", once.headers["ETag"])
    file = tmp_path / "mine.zip"
    facts = answer(run, "bundle", "win-100", str(file))
    assert file.read_bytes() == once.data
    assert facts == {"slug": "win-100", "file": str(file), "bytes": len(once.data), "sha256": sha256(once.data).hexdigest()}


def test_every_step_makes_another_bundle_and_result(client: FlaskClient, run: FlaskCliRunner, drawn: list[dict[str, int]]) -> None:
    for path in (BUNDLE, RESULT):
        tag = client.get(path).headers["ETag"]
        done(run, "award" if path == BUNDLE else "paid", "win-100", "1", "--yes")
        assert client.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_any_site_may_read_them_and_caches_keep_them_once_all_is_over(
    client: FlaskClient, run: FlaskCliRunner, drawn: list[dict[str, int]]
) -> None:
    def told(path: str) -> tuple[str, ...]:
        headers = client.get(path).headers
        return tuple(headers[name] for name in ("Access-Control-Allow-Origin", "Cross-Origin-Resource-Policy", "Cache-Control"))

    for path in (BUNDLE, RESULT):
        assert told(path) == ("*", "cross-origin", "public, max-age=0, s-maxage=5")
    done(run, "award", "win-100", "1", "--yes")
    done(run, "paid", "win-100", "1", "--yes")
    for path in (BUNDLE, RESULT):
        assert told(path)[2].startswith("public, max-age=3600, s-maxage=86400")


def test_the_result_is_there_after_the_draw_only(client: FlaskClient, run: FlaskCliRunner, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    enter(3)
    assert client.get(RESULT).status_code == 404
    assert client.get(BUNDLE).status_code == 200
    page = client.get("/draws/win-100").get_data(as_text=True)
    assert BUNDLE in page
    assert RESULT not in page
    done(run, "close", "win-100", "--now", "--yes")
    ranking = answer(run, "draw", "win-100")["ranking"]
    result = json.loads(client.get(RESULT).data)
    assert [place["index"] for place in result["ranking"]] == [place["entry"] for place in ranking]
    assert result["operator_trusted"] is True
    assert RESULT in client.get("/draws/win-100").get_data(as_text=True)


def test_an_open_draw_can_be_checked_too(client: FlaskClient, run: FlaskCliRunner, tmp_path: Path) -> None:
    open_one(run, tmp_path, DRAND)
    enter(3)
    said = stranger(unpack(client.get(BUNDLE), tmp_path / "bundle"))
    assert said.returncode == 0, said.stdout + said.stderr
    assert "Not sealed yet" in said.stdout


@pytest.mark.parametrize("slug", ["nothing", "%00", "%ff", "Win-100", "win-100%0a"])
def test_what_is_no_draw_has_no_record(client: FlaskClient, run: FlaskCliRunner, tmp_path: Path, slug: str) -> None:
    create(run, tmp_path)
    for name in (slug, "win-100"):
        for file in ("bundle.zip", "result.json"):
            assert client.get(f"/draws/{name}/{file}").status_code == 404


def test_the_page_of_a_draw_links_to_all_that_checks_it(client: FlaskClient, drawn: list[dict[str, int]]) -> None:
    page = client.get("/draws/win-100").get_data(as_text=True)
    assert "How to check this draw" in page
    links = ("/draws/verify", "/draws/open_draw.py", BUNDLE, RESULT, "/draws/win-100/log/checkpoint", "/draws/win-100/sealed")
    for link in links:
        assert f'href="{link}"' in page
        assert client.get(link).status_code == 200
    assert client.get("/draws/open_draw.py").data == (ROOT / "static/open-draw/open_draw.py").read_bytes()


def test_the_bundle_writes_over_nothing_unasked(
    run: FlaskCliRunner, drawn: list[dict[str, int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "Wrote win-100.zip" in done(run, "bundle", "win-100")
    assert "is there already. Add --replace" in refused(run, "bundle", "win-100")
    (tmp_path / "win-100.zip").write_text("old")
    done(run, "bundle", "win-100", "--replace")
    assert ZipFile(tmp_path / "win-100.zip").testzip() is None
    assert "cannot be written" in refused(run, "bundle", "win-100", "no/such/folder.zip")
    assert "There is no campaign other" in refused(run, "bundle", "other")
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []


def checked(url: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(ROOT / "static/open-draw/open_draw.py"), url]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_open_draw_checks_a_running_site_by_its_address(tmp_path: Path) -> None:
    with site(tmp_path / "instance") as here:
        here.flask("demo", "--entrants", "300")
        url = f"{here.url}/draws/win-100"
        assert checked(url).returncode == 0
        here.flask("sweepstakes", "close", "win-100", "--now", "--yes")
        ranking = json.loads(here.flask("sweepstakes", "draw", "win-100", "--json"))["ranking"]
        said = checked(url)
        assert (said.returncode, said.stdout.splitlines()[-1]) == (0, UNPROVEN), said.stdout + said.stderr
        assert f"Rank 1 is entry {ranking[0]['entry']:,}, ticket {ranking[0]['ticket']}." in said.stdout
        assert checked(f"{here.url}/draws/other").returncode == 2  # no draw there to check
        with urllib.request.urlopen(f"{url}/bundle.zip", timeout=60) as answer:
            (tmp_path / "served.zip").write_bytes(answer.read())
        said = checked(str(tmp_path / "served.zip"))
        assert (said.returncode, said.stdout.splitlines()[-1]) == (0, UNPROVEN), said.stdout + said.stderr
