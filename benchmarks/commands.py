"""The long commands: made-up entrants in bulk, and a large import."""

import tempfile
import time
from os import times
from pathlib import Path

from benchmarks.edition import write_edition
from benchmarks.ours import Site, installed
from benchmarks.table import Row

MILLION = 1_000_000


def measure(quick: bool) -> list[Row]:
    """Minutes are the clock's, for whoever waits for a command; beside each, the CPU that it and its processes took."""
    with tempfile.TemporaryDirectory() as name:
        site = installed(Path(name))
        return [*_demo(site, 5_000 if quick else MILLION), *_import(site, Path(name), 50 if quick else 10_000, 1 if quick else 100)]


def _demo(site: Site, number: int) -> list[Row]:
    """The goal is two minutes for a million."""
    clock, cpu = _timed(site, "demo", "--entrants", str(number))
    goal = 120 * number / MILLION + 4  # a command starts, and looks whether the sample edition is there
    what = f"{number:,} made-up entrants by demo"
    return [Row(what, clock, None, clock, goal, unit="s"), Row("  its CPU", cpu, None, cpu, None, unit="s")]


def _import(site: Site, folder: Path, articles: int, pictures: int) -> list[Row]:
    """New to the site, and then once more unchanged."""
    write_edition(folder / "edition", articles, pictures)
    rows = []
    for again in ("", ", repeated"):
        clock, cpu = _timed(site, "article", "import", str(folder / "edition"))
        what = f"import of {articles:,} articles, {pictures} of them with a picture{again}"
        rows += [Row(what, clock, None, clock, None, unit="s"), Row("  its CPU", cpu, None, cpu, None, unit="s")]
    return rows


def _timed(site: Site, *arguments: str) -> tuple[float, float]:
    """Seconds by the clock, and of CPU, of a command."""
    clock, before = time.perf_counter(), times()
    site.flask(*arguments)
    clock, after = time.perf_counter() - clock, times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return clock, spent
