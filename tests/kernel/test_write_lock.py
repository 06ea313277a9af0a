"""Writers are held off while data is copied, and for good once it has moved; nobody waits for minutes."""

import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import click
import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from sqlalchemy.orm import Session

from tests.kernel.test_database import NOON, creative
from tests.serving import LOST
from tests.sweepstakes.campaigns import NOW, open_one
from tests.sweepstakes.entering import typed
from webapp.ads.models import Creative
from webapp.database import MovedTo, after_commit, db, nobody_writes, writing
from webapp.write_lock import Held, Moved, hold, queue


def in_another_thread(app: Flask, act: Callable[[], object]) -> BaseException | None:
    """What `act` raises there."""
    raised: list[BaseException | None] = []

    def run() -> None:
        with app.app_context():
            try:
                act()
                raised.append(None)
            except BaseException as error:
                raised.append(error)
            finally:
                db.session.remove()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(LOST)
    assert raised, "it waits"
    return raised[0]


def write() -> None:
    with writing() as session:
        session.add(creative(f"at-{time.monotonic_ns()}"))


def test_while_the_data_is_copied_writers_are_refused_at_once_and_readers_are_not(app: Flask, session: Session) -> None:
    with nobody_writes():
        assert isinstance(in_another_thread(app, write), Held)
        assert in_another_thread(app, lambda: db.session().query(Creative).all()) is None
        assert isinstance(in_another_thread(app, lambda: nobody_writes().__enter__()), Held)
    assert in_another_thread(app, write) is None


def test_a_writer_at_work_is_waited_for(app: Flask, session: Session) -> None:
    """What it wrote is there for who holds the lock: asked of the data, since two threads' next lines have no order.

    As a command waits that copies the data: as long as it takes.
    """
    db.engine.dispose()
    started = threading.Event()

    def slowly() -> None:
        with writing() as writer:
            started.set()
            time.sleep(0.3)
            writer.add(creative("slow"))

    other = threading.Thread(target=lambda: in_another_thread(app, slowly))
    other.start()
    assert started.wait(LOST)
    with click.Context(click.Command("copy")), nobody_writes():
        assert session.query(Creative).filter_by(slug="slow").count() == 1
    other.join()


def test_a_folder_that_cannot_be_written_is_a_sentence_and_a_503_with_the_filled_form(
    app: Flask, client: FlaskClient, run: FlaskCliRunner, tmp_path: Path
) -> None:
    if app.extensions["write_lock"] is None:  # PostgreSQL needs no such file
        return
    with time_machine.travel(NOW, tick=False):
        open_one(run, tmp_path)
        client.get("/register")
        app.extensions["write_lock"].unlink()
        app.extensions["write_lock"].mkdir()  # nobody can write that; a read-only file system stops root, too
        answer = client.post("/register", data=typed(email="ada@example.com"))
        assert answer.status_code == 503
        assert 'value="ada@example.com"' in answer.text
        said = run.invoke(args=["sweepstakes", "close", "win-100", "--now", "--yes"])
        assert said.exit_code == 1
        assert "write.lock cannot be written" in said.stderr
        assert "Traceback" not in said.output


def test_nobody_else_can_open_what_writers_wait_for(tmp_path: Path) -> None:
    """Who can open a file can lock it."""
    lock, mask = tmp_path / "write.lock", os.umask(0)
    try:
        with hold(lock):
            pass
        with queue(tmp_path / "other.lock"):
            pass
    finally:
        os.umask(mask)
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {
        "write.lock": 0o600, "hold.lock": 0o600, "other.lock": 0o600,
    }  # fmt: skip


def test_a_killed_holder_holds_nobody(tmp_path: Path) -> None:
    lock = tmp_path / "write.lock"
    code = (
        f"from pathlib import Path; from webapp.write_lock import hold; held = hold(Path({str(lock)!r})); "
        "held.__enter__(); print(1, flush=True); input()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(Held), queue(lock):
            pass
        holder.kill()
        holder.wait()
    with queue(lock):
        pass
    with hold(lock), pytest.raises(Held), queue(lock):
        pass


def test_what_has_moved_is_read_and_not_written(
    app: Flask, session: Session, client: FlaskClient, run: FlaskCliRunner, tmp_path: Path
) -> None:
    with time_machine.travel(NOW, tick=False):
        open_one(run, tmp_path)
    with writing() as writer:
        writer.add(MovedTo(destination="postgresql://elsewhere/daily", at=NOON))
    with pytest.raises(Moved, match="elsewhere"), writing():
        pass
    with time_machine.travel(NOW, tick=False):
        answer = client.post("/register", data=typed())
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert 'value="ada@example.com"' in answer.text
    assert client.get("/draws/win-100").status_code == 200
    refused = run.invoke(args=["sweepstakes", "close", "win-100", "--now", "--yes"])
    assert refused.exit_code == 1
    assert "moved to postgresql://elsewhere/daily" in refused.output
    assert "Set DATABASE_URL" in refused.output


def test_what_waits_for_the_commit_is_done_after_it_and_never_after_a_rollback(session: Session) -> None:
    done: list[str] = []

    def fail() -> None:
        with writing() as writer:
            after_commit(writer, lambda: done.append("rolled back"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with writing() as writer:
        after_commit(writer, lambda: done.append("committed"))
        assert done == []
    assert done == ["committed"]
