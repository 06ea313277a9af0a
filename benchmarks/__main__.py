"""`make bench`: every ratio beside its goal; exit code 1 if one is missed by more than the noise that was measured."""

import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from multiprocessing import get_context

from benchmarks import behind_nginx, commands, draw, news, pages, register, startup, weight
from benchmarks.table import Row, print_table

PARTS: dict[str, Callable[[bool], list[Row]]] = {
    "pages": pages.measure,
    "nginx": behind_nginx.measure,
    "register": register.measure,
    "register-postgresql": register.measure_postgresql,
    "draw": draw.measure,
    "news": news.measure,
    "startup": startup.measure,
    "commands": commands.measure,
    "weight": weight.measure,
}


# Their figures are processor time, so that a short run may have two of them share the machine.
BY_CPU = (("draw",), ("startup", "news"))


def main() -> int:
    quick = os.environ.get("QUICK") == "1"
    names = sys.argv[1:] or list(PARTS)
    if unknown := set(names) - set(PARTS):
        sys.exit(f"There is no part {', '.join(sorted(unknown))}. There are: {', '.join(PARTS)}.")
    missing = [tool for tool in ("wrk", "nginx", "taskset") if shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin") is None]
    if missing:
        sys.exit(f"Needs {', '.join(missing)}: apt install wrk nginx util-linux")
    began = time.monotonic()
    print(_machine())
    rows: list[Row] = []
    for name, found in _together(names) if quick and len(names) > 1 else _in_turn(names, quick=quick):
        print(f"\n{name}")
        print_table(found)
        sys.stdout.flush()
        rows += found
    missed = [row for row in rows if not row.ok]
    print(f"\n{len(rows)} figures in {time.monotonic() - began:.0f} s, {len(missed)} missed" + "".join(f"\n  {row.what}" for row in missed))
    return 1 if missed else 0


def _in_turn(names: Iterable[str], *, quick: bool) -> Iterator[tuple[str, list[Row]]]:
    """Each part's rows as soon as they are there."""
    for name in names:
        yield name, PARTS[name](quick)


def _together(names: Sequence[str]) -> Iterator[tuple[str, list[Row]]]:
    """The short run: first those by processor time, side by side; then the others, which have the machine for themselves."""
    with ProcessPoolExecutor(len(BY_CPU), mp_context=get_context("spawn")) as pool:
        running = [pool.submit(_all_of, [name for name in lane if name in names]) for lane in BY_CPU]
        for done in running:
            yield from done.result()
    yield from _in_turn((name for name in names if not any(name in lane for lane in BY_CPU)), quick=True)


def _all_of(names: list[str]) -> list[tuple[str, list[Row]]]:
    return list(_in_turn(names, quick=True))


def _machine() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("flask", "gunicorn", "sqlalchemy", "werkzeug"))
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {packages}"


if __name__ == "__main__":
    sys.exit(main())
