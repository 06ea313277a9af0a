"""Our own site, installed in a folder of its own with the sample edition, as `make run` makes it."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.servers import BIN, ROOT


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
    site = Site({"INSTANCE_PATH": str(folder / "instance"), **more})
    site.flask("init")
    site.flask("demo")
    return site
