"""The small draw of the protocol, made by an independent program: what ours must equal byte for byte."""

import json
from pathlib import Path
from typing import Any

from webapp import draw

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "vectors.json").read_text(encoding="utf-8"))
LEAVES = [leaf.encode() for leaf in VECTORS["leaves"]]
HASHES = [bytes.fromhex(hash) for hash in VECTORS["leaf_hashes"]]
SEALED = VECTORS["sealed_size"]
ROOT = bytes.fromhex(VECTORS["sealed_root"])
KEY = draw.LogKey(VECTORS["campaign"], VECTORS["origin"], bytes.fromhex(VECTORS["signing_key_seed"]))
