"""An old backup beside newer keys would fork the log: its campaign is on hold until the void. A fresh backup forgets whom we erased."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from flask.testing import FlaskClient, FlaskCliRunner

from tests.ops.test_backup import another, refused, succeed
from tests.sweepstakes.campaigns import NOW, done, enter, open_one
from tests.sweepstakes.entering import letters, link, post
from tests.sweepstakes.test_erase import EMAIL, come_in, erase, found, log, traces
from webapp.draw.receipts import check_receipt, parse_receipt
from webapp.ops import tick
from webapp.site import settings


@pytest.fixture
def clock() -> Iterator[object]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture(params=["into sqlite", "into postgresql"])
def target(request: pytest.FixtureRequest) -> str | None:
    return None if request.param == "into sqlite" else str(request.getfixturevalue("empty_postgresql"))


def test_an_old_backup_beside_newer_keys_puts_the_campaign_on_hold(tmp_path: Path, target: str | None) -> None:
    with another(tmp_path / "site") as run:
        succeed(run, "init")
        open_one(run, tmp_path)
        enter(10)
        client = run.app.test_client()
        post(client, email="pending@example.com")
        confirming = link(letters(run).text())
        succeed(run, "backup", tmp_path / "old.zip")
        come_in(client, run)
        come_in(client, run, "Bob", "bob@example.com")
        published = log()
        succeed(run, "backup", tmp_path / "new.zip")
        succeed(run, "backup", tmp_path / "keys.zip", "--keys")

    with another(tmp_path / "restored", target) as run:
        succeed(run, "restore", tmp_path / "keys.zip")
        told = succeed(run, "restore", tmp_path / "old.zip")
        assert f"ATTENTION: The log win-100 has 11 leaves here, but was signed and published with {published.size}" in told
        client = run.app.test_client()

        answer = post(client, email="late@example.com")
        assert answer.status_code == 503
        assert 'value="late@example.com"' in answer.text
        answer = client.post(confirming, data={"name": "Ada Reader"})
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
        assert client.get("/draws/win-100").status_code == 200
        assert client.get("/draws/win-100/log/checkpoint").status_code == 200
        assert log().size == 11

        mend = "flask sweepstakes void win-100 --reason backup_restored"
        assert mend in refused(run, "sweepstakes", "close", "win-100", "--now", "--yes")
        assert mend in refused(run, "entrant", "withdraw", "win-100", "--entry", "3", "--yes")
        card = ("--mail-in", "--name", "Ada", "--email", "card@example.com")
        assert mend in refused(run, "entrant", "add", "win-100", *card)
        erase(run, "--entry", "4")  # whoever wants to be forgotten is forgotten all the same
        with time_machine.travel(published.terms.seals_at, tick=False):
            (problem,) = tick(now=published.terms.seals_at).problems
            assert mend in problem.words
        assert log().size == 11

        done(run, "void", "win-100", "--reason", "backup_restored", "--yes")
        assert post(client, email="late@example.com").status_code == 422
        assert client.get("/draws/win-100").status_code == 200

    with another(tmp_path / "right") as run:
        succeed(run, "restore", tmp_path / "keys.zip")
        assert "ATTENTION" not in succeed(run, "restore", tmp_path / "new.zip")
        come_in(run.app.test_client(), run, "Cy", "cy@example.com")
        done(run, "verify", "win-100")


def test_a_fresh_backup_holds_nothing_of_whom_we_erased(client: FlaskClient, run: FlaskCliRunner, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    enter(20)
    own = come_in(client, run)
    other = come_in(client, run, "Bob", "bob@example.com")
    theirs, old, bobs = traces(), client.get(f"{own}/receipt.txt").text, client.get(f"{other}/receipt.txt").text
    assert traces_in_backup(run, tmp_path / "before.zip", theirs) >= {"blind index", "sealed name", "sealed address", "sealed nonce"}
    assert not traces_in_backup(
        run, tmp_path / "plain.zip", {"name": theirs["name"], "address": theirs["address"], "nonce": theirs["nonce"]}
    )

    erase(run, "--email", EMAIL)

    assert found(theirs) == set(), "in the database, its log of writes, the outbox, or the instance folder"
    assert traces_in_backup(run, tmp_path / "fresh.zip", theirs) == set()
    exported = tmp_path / "exported.csv"
    exported.write_text(succeed(run, "entrant", "export", "win-100", "--csv"), encoding="utf-8")
    assert not any(trace in exported.read_bytes() for trace in theirs.values())
    done(run, "close", "win-100", "--now", "--yes")
    done(run, "draw", "win-100")
    done(run, "verify", "win-100")
    bundle = client.get("/draws/win-100/bundle.zip").data
    (tmp_path / "bundle.zip").write_bytes(bundle)
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        assert not any(trace in archive.read(name) for name in archive.namelist() for trace in theirs.values())
    check_receipt(parse_receipt(old), log().vkey, "win-100", EMAIL)  # it still proves what it proved
    for receipt in (bobs, client.get(f"{other}/receipt.txt").text):
        check_receipt(parse_receipt(receipt), log().vkey, "win-100", "bob@example.com")


def traces_in_backup(run: FlaskCliRunner, file: Path, wanted: dict[str, bytes]) -> set[str]:
    """Which traces are in any file of a backup made now, unpacked."""
    succeed(run, "backup", file)
    with zipfile.ZipFile(file) as archive:
        places = [archive.read(name) for name in archive.namelist()]
    assert settings().instance not in file.parents
    return {name for name, trace in wanted.items() if any(trace in place for place in places)}
