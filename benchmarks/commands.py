"""The long commands: made-up entrants in bulk, and a large import."""

import tempfile
import time
from pathlib import Path

from benchmarks.ours import installed
from benchmarks.table import Row

MILLION = 1_000_000


def measure(quick: bool) -> list[Row]:
    """Seconds of `flask demo --entrants`; the goal is two minutes for a million."""
    number = 50_000 if quick else MILLION
    with tempfile.TemporaryDirectory() as name:
        site = installed(Path(name))
        began = time.perf_counter()
        site.flask("demo", "--entrants", str(number))
        took = time.perf_counter() - began
    goal = 120 * number / MILLION + 4  # a command starts and opens its campaign, too
    return [Row(f"flask demo --entrants {number:,}", took, None, took, goal, unit="s")]
