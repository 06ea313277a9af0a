"""The last checkpoint is kept beside the key: a log that is behind it, or another one, is not written on until it is voided."""

import fcntl
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.draw.logs import OPENS, SEALS, SMALL, commitments, facts, terms
from webapp import draw
from webapp.database import db, writing
from webapp.draw.lastsigned import LastSigned, Signed
from webapp.draw.notes import parse_checkpoint, parse_note
from webapp.draw.tree import EMPTY

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def key(tmp_path: Path) -> draw.LogKey:
    """The key of an open log with ten entries."""
    key = draw.LogKey.make(tmp_path / "logs", SMALL.name, SMALL.origin)
    do(lambda session: draw.open_log(session, key, terms(), now=OPENS))
    do(lambda session: draw.append_entries(session, key, commitments(10)))
    return key


def do(act: Callable[[Session], Any]) -> Any:
    with writing() as session:
        return act(session)


def kept(key: draw.LogKey) -> LastSigned:
    assert key.last_signed is not None
    return key.last_signed


def test_what_was_signed_last_is_kept_beside_the_key_once_it_is_committed(key: draw.LogKey, tmp_path: Path) -> None:
    checkpoint = parse_checkpoint(parse_note(facts().checkpoint).text)
    assert kept(key).read() == Signed(11, checkpoint.root)
    assert stat.S_IMODE((tmp_path / "logs" / "small.signed").stat().st_mode) == 0o600

    def fail(session: Session) -> None:
        draw.append_entries(session, key, commitments(1, start=10))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        do(fail)
    assert kept(key).read() == Signed(11, checkpoint.root)
    do(lambda session: draw.append_entries(session, key, commitments(1, start=10)))
    assert kept(key).read() == Signed(12, parse_checkpoint(parse_note(facts().checkpoint).text).root)


def test_what_is_signed_while_somebody_looks_is_no_older_backup(app: Flask, key: draw.LogKey) -> None:
    assert facts().size == 11  # begins a transaction, which on SQLite sees nothing newer

    def append() -> None:
        with app.app_context():
            do(lambda session: draw.append_entries(session, key, commitments(1, start=10)))
            db.session.remove()

    other = threading.Thread(target=append)
    other.start()
    other.join()
    assert kept(key).read().size == 12  # type: ignore[union-attr]
    draw.refuse_if_behind(db.session(), key)


def test_a_signature_that_is_half_written_is_no_other_log(key: draw.LogKey) -> None:
    whole = kept(key).path.read_bytes()
    writing_it, seen = threading.Event(), threading.Event()

    def write() -> None:
        with kept(key).path.open("r+b", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(whole[:21] + b"00" * 32)
            writing_it.set()
            seen.wait(0.3)
            file.seek(0)
            file.write(whole)

    other = threading.Thread(target=write)
    other.start()
    assert writing_it.wait(60)
    do(lambda session: draw.append_entries(session, key, commitments(1, start=10)))
    other.join()


@pytest.mark.parametrize("signed", [Signed(12, bytes(32)), Signed(11, bytes(32))], ids=["more leaves", "others"])
def test_a_log_behind_what_was_signed_takes_nothing_but_the_void(key: draw.LogKey, signed: Signed) -> None:
    kept(key).path.unlink()
    kept(key).write(signed.size, signed.root)
    acts: list[Callable[[Session], Any]] = [
        lambda session: draw.append_entries(session, key, commitments(1, start=10)),
        lambda session: draw.remove_entry(session, key, "withdraw", 3, "entrant_request"),
        lambda session: draw.seal(session, key, now=SEALS),
        lambda session: draw.refuse_if_behind(session, key),
    ]
    for act in acts:
        with pytest.raises(draw.LogBehind, match="flask sweepstakes void small"):
            do(act)
    assert facts().size == 11
    do(lambda session: draw.void(session, key, "backup_restored", now=OPENS))
    assert facts().void
    last = kept(key).read()
    assert last is not None
    assert last.size == 12
    with pytest.raises(draw.LogVoid):
        do(acts[0])


def test_a_mark_that_is_missing_old_or_torn_stops_nobody(key: draw.LogKey) -> None:
    for number, content in enumerate([None, b"", b"00000000000000000004 " + b"00" * 32 + b"\n", b"9" * 20, b"x" * 86]):
        kept(key).path.unlink()
        if content is not None:
            kept(key).path.write_bytes(content)
        do(lambda session, number=number: draw.append_entries(session, key, commitments(1, start=20 + number)))
        last = kept(key).read()
        assert last is not None
        assert last.size == facts().size


def test_of_many_writers_the_largest_stays(tmp_path: Path) -> None:
    file = LastSigned(tmp_path / "log.signed")
    threads = [threading.Thread(target=file.write, args=(size, EMPTY)) for size in (3, 9, 1, 7, 8, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert file.read() == Signed(9, EMPTY)
    assert len(file.path.read_bytes()) == 86
