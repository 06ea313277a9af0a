"""`make bench`: every ratio beside its goal; exit code 1 if one is missed by more than the noise that was measured."""

import os
import platform
import shutil
import sys
import time
from importlib.metadata import version

from benchmarks.parts import PARTS, in_turn, together
from benchmarks.table import Row, print_table


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
    for name, found in together(names) if quick and len(names) > 1 else in_turn(names, quick=quick):
        print(f"\n{name}")
        print_table(found)
        sys.stdout.flush()
        rows += found
    missed = [row for row in rows if not row.ok]
    print(f"\n{len(rows)} figures in {time.monotonic() - began:.0f} s, {len(missed)} missed" + "".join(f"\n  {row.what}" for row in missed))
    return 1 if missed else 0


def _machine() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("flask", "gunicorn", "sqlalchemy", "werkzeug"))
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {packages}"


if __name__ == "__main__":
    sys.exit(main())
