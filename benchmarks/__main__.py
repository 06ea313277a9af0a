"""`make bench`: every ratio beside its goal; exit code 1 if one is missed by more than the noise that was measured."""

import os
import platform
import shutil
import sys
from collections.abc import Callable
from importlib.metadata import version

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


def main() -> int:
    quick = os.environ.get("QUICK") == "1"
    names = sys.argv[1:] or [name for name in PARTS if not (quick and name == "register-postgresql")]
    if unknown := set(names) - set(PARTS):
        sys.exit(f"There is no part {', '.join(sorted(unknown))}. There are: {', '.join(PARTS)}.")
    missing = [tool for tool in ("wrk", "nginx", "taskset") if shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin") is None]
    if missing:
        sys.exit(f"Needs {', '.join(missing)}: apt install wrk nginx util-linux")
    print(_machine())
    rows: list[Row] = []
    for name in names:
        print(f"\n{name}", flush=True)
        found = PARTS[name](quick)
        print_table(found)
        rows += found
    missed = [row for row in rows if not row.ok]
    print(f"\n{len(rows)} figures, {len(missed)} missed" + "".join(f"\n  {row.what}" for row in missed))
    return 1 if missed else 0


def _machine() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("flask", "gunicorn", "sqlalchemy", "werkzeug"))
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {packages}"


if __name__ == "__main__":
    sys.exit(main())
