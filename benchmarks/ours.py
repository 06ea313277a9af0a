"""Our own site, installed in a folder of its own with the sample edition, as `make run` makes it."""

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks.servers import BIN, ROOT

MADE = "BENCHMARKS_SITE"


@dataclass(frozen=True)
class Site:
    """An instance folder and the settings it runs with."""

    environ: dict[str, str]

    def flask(self, *arguments: str) -> str:
        """Run a command; what it printed."""
        given = {"PATH": os.environ["PATH"], **self.environ}
        done = subprocess.run(
            [BIN / "flask", "--app", "wsgi", *arguments], cwd=ROOT, env=given, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"flask {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout


def installed(folder: Path, more: Mapping[str, str] = {}) -> Site:
    """A fresh site in `folder` with the sample edition and its open campaign."""
    instance = folder / "instance"
    site = Site({"INSTANCE_PATH": str(instance), **more})
    if "DATABASE_URL" not in more:
        shutil.copytree(made_once(), instance)
        return site
    shutil.copytree(made_once() / "media", instance / "media")
    site.flask("init")
    site.flask("demo")
    return site


@cache
def made_once() -> Path:
    """The site that the others are copies of, those of processes started after this, too: to make its pictures takes seconds."""
    if made := os.environ.get(MADE):
        return Path(made)
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    site = Site({"INSTANCE_PATH": f"{folder.name}/instance"})
    site.flask("init")
    site.flask("demo")
    os.environ[MADE] = site.environ["INSTANCE_PATH"]
    return Path(os.environ[MADE])
