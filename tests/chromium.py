"""The browser of the tests: found on this machine, or installed by `python -m tests.chromium`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
ARGUMENTS = [
    *(["--no-sandbox"] if os.geteuid() == 0 else []),
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find() -> str | None:
    """The browser's program; None if there is none."""
    for name in (os.environ.get("CHROME_PATH"), "chromium", "chromium-browser", "google-chrome", MAC):
        if name and (path := shutil.which(name)):
            return path
    # What Playwright itself downloaded, if anything.
    found = sorted(Path.home().glob(".cache/ms-playwright/chromium-*/chrome-linux*/chrome"))
    return str(found[-1]) if found else None


def install() -> str:
    """Install a browser by the way that fits this machine. Exits with what to do if none does."""
    # Ubuntu's chromium package is a stub for another packager; Debian's is the browser.
    debian = "ID=debian" in Path("/etc/os-release").read_text(encoding="utf-8") if Path("/etc/os-release").exists() else False
    if debian and os.geteuid() == 0:
        environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "-o", "DPkg::Lock::Timeout=300", "update", "-qq"], check=True, env=environ)
        packages = ["chromium", "fonts-liberation"]
        subprocess.run(
            ["apt-get", "-o", "DPkg::Lock::Timeout=300", "install", "-y", "-qq", "--no-install-recommends", *packages],
            check=True, env=environ, stdout=subprocess.DEVNULL,
        )  # fmt: skip
    else:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    return find() or sys.exit("No Chromium: apt install chromium (as root), or set CHROME_PATH to a Chrome or Chromium.")


if __name__ == "__main__":
    print(f"Browser of the tests: {find() or install()}")
