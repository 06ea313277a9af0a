"""A backup made while the site writes comes back whole, in either database; whatever is wrong with one is said, and nothing restored."""

import json
import os
import secrets
import sqlite3
import stat
import subprocess
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import time_machine
from click.testing import Result
from flask import Flask, current_app
from flask.testing import FlaskClient, FlaskCliRunner
from sqlalchemy import func, select

from tests.conftest import make_app
from tests.serving import wait_until
from tests.sweepstakes.campaigns import NOW, done, enter, open_one
from tests.sweepstakes.entering import letters, link, post
from webapp.database import db, writing
from webapp.draw import LogKey, append_entries, status
from webapp.mail.models import Outbox
from webapp.ops.copying import tables
from webapp.ops.installing import MIGRATIONS
from webapp.site import settings
from webapp.sweepstakes import Entrant


@pytest.fixture
def clock() -> Iterator[object]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


pytestmark = pytest.mark.usefixtures("clock")
PICTURE = b"\x89PNG not really" * 1000


def lived_in(client: FlaskClient, run: FlaskCliRunner, folder: Path) -> None:
    """A campaign with a winner, somebody with an address, a picture."""
    open_one(run, folder)
    post(client, email="ada@example.com")
    client.post(link(letters(run).text()), data={"name": "Ada Reader"})
    enter(300)
    done(run, "close", "win-100", "--now", "--yes")
    done(run, "draw", "win-100")
    settings().media.mkdir(exist_ok=True)
    (settings().media / "ab12-800.jpg").write_bytes(PICTURE)
    (settings().media / "ab12-800.jpg").chmod(0o644)
    (settings().media / "ab12-original").write_bytes(b"original")
    (settings().media / "ab12-original").chmod(0o600)
    (settings().media / ".half.part").write_bytes(b"half")


def command(run: FlaskCliRunner, *args: str | Path) -> Result:
    result = run.invoke(args=[str(arg) for arg in args])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def succeed(run: FlaskCliRunner, *args: str | Path) -> str:
    result = command(run, *args)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(run: FlaskCliRunner, *args: str | Path) -> str:
    result = command(run, *args)
    assert result.exit_code == 1, result.output
    return " ".join(result.output.split())


@contextmanager
def another(folder: Path, url: str | None = None) -> Iterator[FlaskCliRunner]:
    """Another installation, of which only the folder's name is known yet."""
    app = make_app(folder, **({"DATABASE_URL": url} if url else {}))
    with app.app_context():
        yield app.test_cli_runner()
        app.extensions["page_cache"].close()
        db.session.remove()
        db.engine.dispose()


def contents() -> dict[str, list[tuple[Any, ...]]]:
    db.session.rollback()
    return {table.name: [tuple(row) for row in db.session.execute(select(table).order_by(*table.primary_key))] for table in tables()}


@pytest.fixture(params=["into sqlite", "into postgresql"])
def target(request: pytest.FixtureRequest) -> str | None:
    return None if request.param == "into sqlite" else str(request.getfixturevalue("empty_postgresql"))


def test_a_backup_comes_back_whole_in_either_database(client: FlaskClient, run: FlaskCliRunner, tmp_path: Path, target: str | None) -> None:
    lived_in(client, run, tmp_path)
    before, file, keys = contents(), tmp_path / "site.zip", tmp_path / "keys.zip"
    said = json.loads(succeed(run, "backup", file, "--json"))
    succeed(run, "backup", keys, "--keys")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if "backup" in path.name or "part" in path.name] == []

    with another(tmp_path / "new", target) as there:
        assert "Next: `flask restore SITE.zip`" in succeed(there, "restore", keys)
        told = succeed(there, "restore", file)
        assert f"root {said['logs']['win-100']['root']}" in told
        assert "keys are missing" not in told
        assert contents() == before
        media = settings().media
        assert (media / "ab12-800.jpg").read_bytes() == PICTURE
        assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in media.iterdir()} == {"ab12-800.jpg": 0o644, "ab12-original": 0o600}
        succeed(there, "init")
        assert "verified" in done(there, "verify", "win-100") or "operator-trusted" in done(there, "verify", "win-100")
        assert "ada@example.com" in succeed(there, "entrant", "list", "win-100", "--limit", "1000")
        assert not [path for path in settings().instance.iterdir() if path.name.startswith(".restore")]
        succeed(there, "backup", tmp_path / "again.zip")


def test_a_backup_made_under_writes_is_of_one_moment(app: Flask, run: FlaskCliRunner, tmp_path: Path, target: str | None) -> None:
    open_one(run, tmp_path)
    enter(1000)
    stop = threading.Event()

    def write() -> None:
        with app.app_context():
            found = status(db.session(), "win-100")
            assert found is not None
            key = LogKey.load(settings().keys / "logs", "win-100", found.origin)
            while not stop.is_set():
                with writing() as session:
                    append_entries(session, key, [secrets.token_bytes(32)])
                    session.add(Outbox(kind="k", ref=1, dedupe_key=secrets.token_hex(8), message_id="m", next_at=NOW, created_at=NOW))
            db.session.remove()

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    try:
        while _leaves() < 1010:
            assert all(writer.is_alive() for writer in writers)
        logs = json.loads(succeed(run, "backup", tmp_path / "site.zip", "--json"))["logs"]
        wait_until(lambda: _leaves() > logs["win-100"]["size"], "something written meanwhile")
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    with another(tmp_path / "new", target) as there:
        succeed(there, "restore", tmp_path / "site.zip")
        size = logs["win-100"]["size"]
        assert db.session.scalar(select(func.count()).select_from(Outbox)) == size - 1001
        assert size >= 1010


def _leaves() -> int:
    db.session.rollback()
    found = status(db.session(), "win-100")
    assert found is not None
    return found.size


def test_search_finds_in_the_new_place_what_it_found_in_the_old(run: FlaskCliRunner, tmp_path: Path, target: str | None) -> None:
    piece = tmp_path / "harbour.md"
    piece.write_text("---\ntitle: The harbour opens\npublished: 2026-11-30T08:00:00+00:00\n---\nFishermen are glad.\n", encoding="utf-8")
    succeed(run, "article", "import", piece)
    succeed(run, "backup", tmp_path / "site.zip")
    with another(tmp_path / "new", target) as there:
        succeed(there, "restore", tmp_path / "site.zip")
        succeed(there, "init")
        assert "The harbour opens" in there.app.test_client().get("/headlines?q=fisherm").text
        assert "The harbour opens" not in there.app.test_client().get("/headlines?q=farmers").text


def test_a_backup_never_overwrites_and_says_where_it_cannot_write(run: FlaskCliRunner, tmp_path: Path) -> None:
    file = tmp_path / "site.zip"
    file.write_bytes(b"precious")
    for more in ([], ["--keys"]):
        assert "is there already" in refused(run, "backup", file, *more)
        assert f"mkdir -p {tmp_path / 'none'}" in refused(run, "backup", tmp_path / "none" / "site.zip", *more)
    assert file.read_bytes() == b"precious"
    assert "remove that one" in refused(run, "backup", file)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to mount a small disk")
def test_a_full_disk_is_a_sentence_and_leaves_nothing_behind(run: FlaskCliRunner, tmp_path: Path) -> None:
    settings().media.mkdir(exist_ok=True)
    (settings().media / "large.jpg").write_bytes(os.urandom(3_000_000))
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", small], check=False).returncode:
        pytest.skip("may not mount")
    try:
        assert "MiB are free" in refused(run, "backup", small / "site.zip")
        assert list(small.iterdir()) == []
        (small / "filler").write_bytes(bytes(1_900_000))
        assert "MiB are free" in refused(run, "backup", small / "site.zip")
        assert [path.name for path in small.iterdir()] == ["filler"]
    finally:
        subprocess.run(["umount", small], check=True)


def test_keys_are_kept_apart_and_a_key_is_never_written_over(run: FlaskCliRunner, tmp_path: Path) -> None:
    open_one(run, tmp_path)
    enter(3)
    said = succeed(run, "backup", tmp_path / "keys.zip", "--keys")
    assert "opens every name and address" in said
    assert "logs/win-100, logs/win-100.signed" in said
    assert stat.S_IMODE((tmp_path / "keys.zip").stat().st_mode) == 0o600
    succeed(run, "backup", tmp_path / "site.zip")
    with zipfile.ZipFile(tmp_path / "site.zip") as archive:
        secret = (settings().keys / "data").read_text().split(":")[1].strip().encode()
        assert not any("key" in name or secret in archive.read(name) for name in archive.namelist())
    keys = {str(path.relative_to(settings().keys)): path.read_bytes() for path in settings().keys.rglob("*") if path.is_file()}
    with another(tmp_path / "new") as there:
        succeed(there, "init")
        assert f"mv {settings().keys} {settings().keys}.unused" in refused(there, "restore", tmp_path / "keys.zip")
        assert "the keys are missing (logs/win-100)" in succeed(there, "restore", tmp_path / "site.zip")
        settings().keys.rename(tmp_path / "unused")
        succeed(there, "restore", tmp_path / "keys.zip")
        found = {str(path.relative_to(settings().keys)): path.read_bytes() for path in settings().keys.rglob("*") if path.is_file()}
        assert found == keys
        assert {stat.S_IMODE(path.stat().st_mode) for path in settings().keys.rglob("*")} == {0o600, 0o700}


def test_nothing_is_restored_over_anything(run: FlaskCliRunner, tmp_path: Path, target: str | None) -> None:
    open_one(run, tmp_path)
    settings().media.mkdir(exist_ok=True)
    (settings().media / "a.jpg").write_bytes(PICTURE)
    succeed(run, "backup", tmp_path / "site.zip")
    assert "is not empty: draw_log has rows" in refused(run, "restore", tmp_path / "site.zip")
    with another(tmp_path / "new", target) as there:
        settings().media.mkdir(parents=True)
        (settings().media / "b.jpg").write_bytes(PICTURE)
        assert "set MEDIA_PATH to an empty folder" in refused(there, "restore", tmp_path / "site.zip")
        (settings().media / "b.jpg").unlink()
        with db.engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE theirs (a INTEGER)")
        assert "tables of something else (theirs)" in refused(there, "restore", tmp_path / "site.zip")
        with db.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE theirs")
        succeed(there, "restore", tmp_path / "site.zip")


def test_a_backup_of_an_older_schema_is_brought_up_and_one_of_a_newer_refused(tmp_path: Path) -> None:
    from flask_migrate import Migrate, downgrade

    with another(tmp_path / "old") as old:
        succeed(old, "init")
        open_one(old, tmp_path)
        enter(5)
        Migrate(current_app, db, directory=str(MIGRATIONS))
        db.session.remove()
        downgrade(directory=str(MIGRATIONS), revision="0007")
        succeed(old, "backup", tmp_path / "site.zip")
    assert manifest_of(tmp_path / "site.zip")["schema"] == "0007"
    with another(tmp_path / "new") as there:
        assert "ATTENTION" not in succeed(there, "restore", tmp_path / "site.zip")
        assert db.session.scalars(select(Entrant.disposable)).all() == [False] * 5
    newer = changed(tmp_path / "site.zip", tmp_path / "newer.zip", facts={"schema": "9999"})
    with another(tmp_path / "other") as there:
        assert "Update the code" in refused(there, "restore", newer)


def manifest_of(file: Path) -> dict[str, Any]:
    with zipfile.ZipFile(file) as archive:
        return dict(json.loads(archive.read("manifest.json")))


def changed(
    source: Path,
    file: Path,
    *,
    facts: dict[str, Any] | None = None,
    members: dict[str, bytes] | None = None,
    unlisted: dict[str, bytes] | None = None,
) -> Path:
    """A copy of the archive with other facts, members that its manifest agrees with, and some that it does not list."""
    with zipfile.ZipFile(source) as archive:
        contents = {name: archive.read(name) for name in archive.namelist() if name != "manifest.json"} | (members or {})
    manifest = manifest_of(source)
    manifest["members"] = {name: {"size": len(data), "sha256": sha256(data).hexdigest()} for name, data in contents.items()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (contents | (unlisted or {})).items():
            archive.writestr(name, data)
        archive.writestr("manifest.json", json.dumps(manifest | (facts or {})))
    return file


def with_database(source: Path, file: Path, statement: str) -> Path:
    """A copy of the archive whose database was changed by `statement`, and whose manifest agrees with it."""
    database = file.with_suffix(".sqlite3")
    with zipfile.ZipFile(source) as archive:
        database.write_bytes(archive.read("database.sqlite3"))
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        for one in statement.split(";"):
            connection.execute(one)
        connection.commit()
    return changed(source, file, members={"database.sqlite3": database.read_bytes()})


def torn(source: Path, file: Path) -> Path:
    file.write_bytes(source.read_bytes()[:-2000])
    return file


def flipped(source: Path, file: Path) -> Path:
    data = bytearray(source.read_bytes())
    data[len(data) // 3] ^= 0xFF
    file.write_bytes(data)
    return file


def longer(source: Path, file: Path) -> Path:
    """A member that unpacks to more than is said."""
    members = manifest_of(source)["members"]
    said = members | {"media/a.jpg": {"size": 10, "sha256": "0" * 64}}
    return changed(source, file, members={"media/a.jpg": bytes(100_000_000)}, facts={"members": said})


def huge(source: Path, file: Path) -> Path:
    said = manifest_of(source)["members"] | {"media/a.jpg": {"size": 10**18, "sha256": "0" * 64}}
    return changed(source, file, members={"media/a.jpg": b"a"}, facts={"members": said})


def wrong_hash(source: Path, file: Path) -> Path:
    members = manifest_of(source)["members"]
    return changed(source, file, facts={"members": {"database.sqlite3": members["database.sqlite3"] | {"sha256": "0" * 64}}})


NO_TRIGGERS = "DROP TRIGGER draw_leaf_no_update;DROP TRIGGER draw_leaf_no_delete;"
BAD: dict[str, tuple[Callable[[Path, Path], Path], str]] = {
    "torn": (torn, "torn off"),
    "a flipped byte": (flipped, "damaged"),
    "no zip": (lambda _source, file: file.write_text("hello") and file, "no backup of ours"),
    "a folder": (lambda _source, file: file.mkdir() or file, "no backup of ours"),
    "another zip": (lambda _source, file: zipfile.ZipFile(file, "w").close() or file, "damaged, or is none of ours"),
    "another format": (lambda source, file: changed(source, file, facts={"format": "mine 7"}), "no backup of ours"),
    "another thing": (lambda source, file: changed(source, file, facts={"what": "spoons"}), "'spoons'"),
    "a way out": (lambda source, file: changed(source, file, members={"media/../../../evil": b"x"}), "'media/../../../evil'"),
    "an absolute name": (lambda source, file: changed(source, file, members={"/etc/evil": b"x"}), "'/etc/evil'"),
    "a hidden name": (lambda source, file: changed(source, file, members={"media/.ssh": b"x"}), "'media/.ssh'"),
    "an unlisted file": (
        lambda source, file: changed(source, file, unlisted={"media/more.jpg": b"x"}),
        "other files than its",
    ),
    "a wrong hash": (wrong_hash, "is not what its manifest says"),
    "a bomb": (longer, "longer than its manifest says"),
    "more than fits": (huge, "MiB, and"),
    "no counts": (lambda source, file: changed(source, file, facts={"rows": None}), "lacks the database, its schema or its counts"),
    "no logs": (lambda source, file: changed(source, file, facts={"logs": [1]}), "how the public logs stand"),
    "other counts": (lambda source, file: changed(source, file, facts={"rows": {"draw_leaf": 7}}), "other numbers of rows"),
    "no database": (lambda source, file: changed(source, file, members={"database.sqlite3": b"SQLite? No." * 100}), "cannot be read"),
    "a row that points nowhere": (
        lambda source, file: with_database(source, file, "UPDATE sweepstakes_entrant SET campaign_id = 99 WHERE id = 2"),
        "points nowhere",
    ),
    "a changed leaf": (
        lambda source, file: with_database(source, file, NO_TRIGGERS + "UPDATE draw_leaf SET data = x'7b7d' WHERE \"index\" = 3"),
        "The public log win-100 is not sound: draw_leaf, leaf 3",
    ),
    "another log": (
        lambda source, file: changed(source, file, facts={"logs": {"win-100": {"size": 3, "root": "00", "checkpoint": "x"}}}),
        "not those that were written down",
    ),
}


@pytest.fixture(scope="module")
def backed_up(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of a small site, to spoil."""
    folder = tmp_path_factory.mktemp("backed-up")
    with time_machine.travel(NOW, tick=False), another(folder / "site") as run:
        succeed(run, "init")
        open_one(run, folder)
        enter(20)
        succeed(run, "backup", folder / "site.zip")
    return folder / "site.zip"


@pytest.mark.parametrize("wrong", BAD)
def test_a_bad_backup_is_refused_in_a_sentence_and_leaves_nothing(backed_up: Path, tmp_path: Path, wrong: str) -> None:
    spoil, sentence = BAD[wrong]
    file = spoil(backed_up, tmp_path / "bad.zip")
    with another(tmp_path / "new") as there:
        assert sentence in refused(there, "restore", file)
        assert not [path for path in tmp_path.rglob("*") if "evil" in path.name or ".restore" in path.name]
        assert not list(settings().media.rglob("*"))
        succeed(there, "restore", backed_up)
        assert db.session.scalar(select(func.count()).select_from(Entrant)) == 20
        assert "There is no file" in refused(there, "restore", tmp_path / "none.zip")
