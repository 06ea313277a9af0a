"""`flask init`: everything there after one run, nothing changed by a second."""

import errno
import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from flask.testing import FlaskClient, FlaskCliRunner

from webapp.config import ROOT
from webapp.ops.installing import MIGRATIONS, NoPlace, head
from webapp.site import settings


def test_a_second_init_finds_everything_and_changes_nothing(run: FlaskCliRunner) -> None:
    done = json.loads(run.invoke(args=["init", "--json"]).stdout)
    assert done["keys"] == []
    assert done["before"] == done["after"]


def test_the_newest_migration_is_known_by_its_number() -> None:
    from alembic.script import ScriptDirectory

    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [head()]


def test_eight_inits_at_once_make_one_installation(tmp_path: Path) -> None:
    environ = {"INSTANCE_PATH": str(tmp_path / "instance"), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "init", "--json"]
    started = [subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(8)]
    results = [process.communicate() for process in started]
    assert [process.returncode for process in started] == [0] * 8, [error for _, error in results]
    answers = [json.loads(output) for output, _ in results]
    assert sorted(len(answer["keys"]) for answer in answers) == [0] * 7 + [3]
    assert sum(answer["before"] is None for answer in answers) == 1


def test_only_the_owner_can_read_what_init_makes(tmp_path: Path) -> None:
    environ = {"INSTANCE_PATH": str(tmp_path / "instance"), "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, "-m", "flask", "--app", "wsgi", "init"], cwd=ROOT, env=environ, check=True, stdout=subprocess.DEVNULL)
    for path in (tmp_path / "instance").rglob("*"):
        if path.is_file():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_the_web_server_in_front_can_reach_the_pictures_and_nothing_else(tmp_path: Path) -> None:
    instance = tmp_path / "instance"
    environ = {"INSTANCE_PATH": str(instance), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "init"]
    for _ in range(2):
        subprocess.run(command, cwd=ROOT, env=environ, check=True, stdout=subprocess.DEVNULL)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (instance, instance / "media", instance / "keys")}
        assert modes == {"instance": 0o711, "media": 0o755, "keys": 0o700}
        for path in (instance, instance / "keys", instance / "keys" / "data", instance / "daily-draw.sqlite3"):
            path.chmod(0o777)  # the second init mends it


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"INSTANCE_PATH": "/proc/nowhere"}, "Set INSTANCE_PATH"),
        ({"DATABASE_URL": "mysql://root@localhost/x"}, "Write postgresql://user:password@host/name"),
        ({"DATABASE_URL": "postgresql://daily@localhost:port/x"}, "Write postgresql://user:password@host/name"),
        ({"DATABASE_URL": "sqlite:////proc/x/y.sqlite3"}, "unable to open database file"),
    ],
)
def test_a_place_that_cannot_be_is_a_sentence(tmp_path: Path, environ: dict[str, str], sentence: str) -> None:
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "init"]
    where = {"INSTANCE_PATH": str(tmp_path / "instance"), "PATH": "/usr/bin:/bin"} | environ
    done = subprocess.run(command, cwd=ROOT, env=where, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_disk_is_said_with_what_helps() -> None:
    assert "Make room" in str(NoPlace(OSError(errno.ENOSPC, "No space left on device")))


def test_a_site_whose_folder_is_gone_says_so(run: FlaskCliRunner, client: FlaskClient) -> None:
    settings().instance.rename(settings().instance.with_name("elsewhere"))
    told = client.get("/readyz")
    assert told.status_code == 503
    assert "is not there. Set INSTANCE_PATH to where it is, or run `flask init`." in str(told.json)
