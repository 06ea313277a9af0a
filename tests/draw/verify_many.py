"""Runs open_draw.py over many bundles in one process: JSON in, JSON out. Started without packages, so without a BLS library."""

import base64
import io
import json
import sys
import tempfile
from pathlib import Path
from typing import Any


def main() -> None:
    sys.path.insert(0, sys.argv[1])
    import open_draw  # type: ignore[import-not-found]

    def decode(data: str | None) -> bytes | None:
        return None if data is None else base64.b64decode(data)

    def run(case: dict[str, Any]) -> dict[str, Any]:
        said: list[str] = []
        mine = open_draw.Mine(
            case.get("vkey"),
            decode(case.get("receipt")),
            case.get("email", ""),
            [decode(data) for data in case.get("older", [])],
            case.get("witnesses", []),
            decode(case.get("letter")),
        )
        try:
            if case["zip"] is None:
                ending = open_draw.check_receipt(mine, said.append)
            else:
                Path(name).write_bytes(decode(case["zip"]) or b"")
                ending = open_draw.check(open_draw.read_source(name), mine, said.append)
        except open_draw.Fault as fault:
            ending = f"invalid: {fault}"
        return {"said": said, "ending": ending}

    with tempfile.TemporaryDirectory() as folder:
        name = str(Path(folder) / "bundle.zip")
        cases = json.load(io.TextIOWrapper(sys.stdin.buffer, "utf-8"))
        json.dump([run(case) for case in cases], sys.stdout)


main()
