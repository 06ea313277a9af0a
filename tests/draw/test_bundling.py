"""bundle.zip: the same bytes twice, and all that an outsider with Python needs."""

import io
import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.draw.logs import DAY, DRAWS, SEALS, SMALL, THE_BEACON, act, facts, small_log
from webapp import draw

RULES = f"Rules of small.\n{SMALL.vkey}\n".encode()
ALWAYS = {"README.txt", "checkpoint", "leaves.jsonl", "manifest.json", "open_draw.py", "rules.txt", "vkey"}


def zipped(session: Session) -> ZipFile:
    session.rollback()
    return ZipFile(io.BytesIO(b"".join(draw.bundle(session, "small", rules=RULES))))


def drawn() -> None:
    small_log(300, rules_sha256=sha256(RULES).hexdigest())
    act(draw.remove_entry, "withdraw", 3, "entrant_request")
    act(draw.seal, now=SEALS)
    act(draw.draw, THE_BEACON, now=DRAWS)
    act(draw.forfeit, 1, "declined", now=DRAWS + DAY)


def test_it_is_the_same_to_the_byte_when_made_twice(session: Session) -> None:
    drawn()
    heard: list[int] = []
    once = b"".join(draw.bundle(session, "small", rules=RULES, progress=heard.append))
    assert once == b"".join(draw.bundle(session, "small", rules=RULES))
    assert heard == [facts().size]


def test_an_outsider_with_python_verifies_it(session: Session, tmp_path: Path) -> None:
    drawn()
    zipped(session).extractall(tmp_path)
    command = [sys.executable, "-I", "open_draw.py", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "verified, seal time unproven"), done.stdout + done.stderr
    leaves = (tmp_path / "leaves.jsonl").read_bytes()
    (tmp_path / "leaves.jsonl").write_bytes(leaves.replace(b"0", b"1", 1))
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 1


def test_the_manifest_names_every_file_and_the_log(session: Session) -> None:
    drawn()
    archive = zipped(session)
    manifest = json.loads(archive.read("manifest.json"))
    assert {name: manifest[name] for name in ("protocol", "campaign", "origin", "vkey", "size")} == {
        "protocol": "open-draw/1",
        "campaign": "small",
        "origin": SMALL.origin,
        "vkey": SMALL.vkey,
        "size": facts().size,
    }
    assert set(archive.namelist()) == ALWAYS | {"sealed", "result.json"} == {*manifest["files"], "manifest.json"}
    for name, digest in manifest["files"].items():
        assert sha256(archive.read(name)).hexdigest() == digest
    assert archive.read("leaves.jsonl").count(b"\n") == manifest["size"]


def test_before_seal_and_draw_their_files_are_absent(session: Session) -> None:
    small_log(3, rules_sha256=sha256(RULES).hexdigest())
    assert set(zipped(session).namelist()) == ALWAYS
    act(draw.seal, now=SEALS)
    assert set(zipped(session).namelist()) == ALWAYS | {"sealed"}
    with pytest.raises(ValueError, match="without a result"):
        draw.result_json(facts())


def test_the_result_says_who_holds_a_prize_now(app: Flask) -> None:
    drawn()
    result = json.loads(draw.result_json(facts()))
    assert [winner["rank"] for winner in result["winners"]] == [2, 3]
    assert result["steps"] == [{"type": "forfeit", "at": "2026-01-12T00:00:00Z", "rank": 1, "reason": "declined"}]
    assert (result["entries"], result["eligible"], result["operator_trusted"], result["not_awarded"]) == (300, 299, True, 0)


def test_other_rules_and_logs_are_refused(session: Session) -> None:
    drawn()
    with pytest.raises(draw.BadTerms, match="not the ones"):
        draw.bundle(session, "small", rules=b"Other rules.\n")
    with pytest.raises(draw.LogMissing):
        draw.bundle(session, "none", rules=RULES)
