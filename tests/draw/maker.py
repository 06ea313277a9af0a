"""Makes whole draws from the protocol's text alone: not with the server's code, not with the verifiers'."""

import hashlib
import importlib.util
import io
import json
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]


def _load() -> ModuleType:
    """static/open-draw/open_draw.py as a module: it is a file to download, not part of a package."""
    spec = importlib.util.spec_from_file_location("open_draw", ROOT / "static" / "open-draw" / "open_draw.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["open_draw"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


open_draw = _load()


@dataclass(frozen=True)
class Draw:
    """What a publisher shows of one draw."""

    leaves: list[bytes]
    rules: bytes
    vkey: str
    checkpoint: str
    sealed: str | None = None


def bundle(draw: Draw, **others: bytes) -> dict[str, bytes]:
    """The files of a bundle; `others` replaces or adds some before the manifest is made."""
    terms = json.loads(draw.leaves[0])
    files = {
        "rules.txt": draw.rules,
        "checkpoint": draw.checkpoint.encode(),
        "vkey": draw.vkey.encode() + b"\n",
        "leaves.jsonl": b"".join(leaf + b"\n" for leaf in draw.leaves),
    }
    if draw.sealed is not None:
        files["sealed"] = draw.sealed.encode()
    manifest = {
        "protocol": "open-draw/1",
        "campaign": terms["campaign"],
        "origin": terms["origin"],
        "vkey": draw.vkey,
        "size": len(draw.leaves),
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
    }
    return {**files, "manifest.json": json.dumps(manifest, sort_keys=True).encode(), **others}


def write_bundle(draw: Draw, folder: Path) -> None:
    for name, data in bundle(draw).items():
        (folder / name).write_bytes(data)


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(name, content)
    return data.getvalue()
