"""What the tests of the import share: files to import, and pictures."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

from flask.testing import FlaskCliRunner
from PIL import Image

ARTICLE = """---
title: {title}
published: 2024-12-08T21:40:00+00:00
{more}---

{text}
"""


def write(folder: Path, name: str, text: str = "It rained.", *, title: str = "Rain at last", more: str = "") -> Path:
    """An article in `folder`; `more` holds lines of front matter."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(ARTICLE.format(title=title, text=text, more=more), encoding="utf-8")
    return path


def picture(width: int = 640, height: int = 400, kind: str = "JPEG", colour: str = "teal", **options: Any) -> bytes:
    """A picture file."""
    out = BytesIO()
    Image.new("RGB", (width, height), colour).save(out, kind, **options)
    return out.getvalue()


def put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def imported(run: FlaskCliRunner, *paths: Path, options: tuple[str, ...] = ()) -> dict[str, Any]:
    """Import, which must succeed; what it says."""
    result = run.invoke(args=["article", "import", "--json", *options, *map(str, paths)])
    assert result.exit_code == 0, (result.output, result.exception)
    facts: dict[str, Any] = json.loads(result.stdout)
    return facts


def faults(run: FlaskCliRunner, *paths: Path) -> list[dict[str, Any]]:
    """Import, which must fail; the faults."""
    result = run.invoke(args=["article", "import", "--json", *map(str, paths)])
    assert result.exit_code == 1 and result.stdout, (result.output, result.exception)
    found: list[dict[str, Any]] = json.loads(result.stdout)["faults"]
    return found
