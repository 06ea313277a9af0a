"""deploy/systemd and deploy/compose.yaml: files that what reads them takes, locked down."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from webapp.config import ROOT

UNITS = sorted((ROOT / "deploy/systemd").glob("daily-draw-*"))


def test_all_units_are_there_and_their_services_run_as_nobody_special() -> None:
    assert [unit.name for unit in UNITS] == [
        "daily-draw-backup.service", "daily-draw-backup.timer", "daily-draw-mail.service",
        "daily-draw-tick.service", "daily-draw-tick.timer", "daily-draw-web.service",
    ]  # fmt: skip
    for unit in UNITS:
        text = unit.read_text()
        if unit.suffix == ".service":
            assert {"User=daily-draw", "NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet="} <= set(text.splitlines())
        else:
            assert unit.with_suffix(".service").exists()


@pytest.fixture
def analyze() -> str:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("needs systemd-analyze: apt install systemd")
    return program


def test_systemd_takes_the_units(analyze: str, tmp_path: Path) -> None:
    for unit in UNITS:  # the checkout is not at /srv here
        (tmp_path / unit.name).write_text(re.sub(r"/srv/daily-draw/\.venv/bin/\w+", "/bin/true", unit.read_text()))
    done = subprocess.run([analyze, "verify", "--man=no", *map(str, tmp_path.iterdir())], capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if "daily-draw" in line]
    assert (done.returncode, said) == (0, [])


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.suffix == ".service"], ids=lambda unit: unit.stem)
def test_the_services_are_exposed_to_little(analyze: str, unit: Path) -> None:
    done = subprocess.run([analyze, "security", "--offline=true", "--threshold=25", str(unit)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-400:] + done.stderr


def test_the_compose_file_runs_what_there_is() -> None:
    services = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())["services"]
    assert set(services) == {"web", "mail", "database", "limits"}
    assert services["mail"]["command"] == "flask mail send --loop"
    docker = (ROOT / "deploy/Dockerfile").read_text()
    copied = {name for line in re.findall(r"^COPY (.+) \S+$", docker, re.MULTILINE) for name in line.split()}
    assert [name for name in copied if not (ROOT / name).exists()] == []
    sent = (ROOT / "deploy/Dockerfile.dockerignore").read_text().splitlines()
    assert "*" in sent, "keys and databases stay where they are"
    assert {line[1:] for line in sent if line.startswith("!")} == copied
    assert "--require-hashes" in docker and "USER daily-draw" in docker
