"""Files that commands write: whole or not at all, and over nothing that is there unless told to."""

import contextlib
import os
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

import click

from webapp import console

replace_option = click.option("--replace", is_flag=True, help="Write over a FILE that is there.")


def refuse_to_replace(path: Path, *, replace: bool) -> None:
    """Say early what keeps the file from being written."""
    if path.exists() and not replace:
        raise console.refuse(f"{path} is there already. Add --replace, or name another file.")
    if not path.parent.is_dir():
        raise console.refuse(f"{path} cannot be written: there is no folder {path.parent}. Make it first, or name a file in another.")


def write_whole(path: Path, pieces: Iterable[bytes]) -> tuple[str, int]:
    """Write the file whole or not at all; its SHA-256 and length."""
    digest, length = sha256(), 0
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            for piece in pieces:
                digest.update(piece)
                length += file.write(piece)
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise console.refuse(f"{path} cannot be written: {error.strerror}.") from error
    return digest.hexdigest(), length
