"""Tiles of the log and their addresses (C2SP tlog-tiles): 256 hashes of one level, or 256 whole leaves, to a tile."""

import re
from dataclasses import dataclass

from sqlalchemy.orm import Session

from webapp.draw.rows import Head, hashes, leaf_data

FULL = 256
_PATH = re.compile(r"(0|[1-9][0-9]?|entries)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


@dataclass(frozen=True)
class Tile:
    """Tile `index` of `level` (None: a bundle of entries), with its first `width` members; 256 make it full."""

    level: int | None
    index: int
    width: int = FULL

    @property
    def path(self) -> str:
        """Its address below `tile/`: tile 1234067 of level 0 is 0/x001/x234/067; a partial one ends in .p/<width>."""
        groups = [f"{self.index % 1000:03}"]
        rest = self.index // 1000
        while rest:
            groups.insert(0, f"x{rest % 1000:03}")
            rest //= 1000
        level = "entries" if self.level is None else str(self.level)
        return f"{level}/{'/'.join(groups)}" + ("" if self.width == FULL else f".p/{self.width}")

    @property
    def start(self) -> int:
        return self.index * FULL

    @property
    def end(self) -> int:
        return self.start + self.width


def parse_path(path: str) -> Tile | None:
    """The tile at an address below `tile/`; None for one that no tile has, or has in another spelling."""
    match = _PATH.fullmatch(path)
    if match is None:
        return None
    level = None if match[1] == "entries" else int(match[1])
    tile = Tile(level, int(re.sub("[x/]", "", match[2])), int(match[3] or FULL))
    return tile if tile.path == path else None


def content(session: Session, head: Head, tile: Tile) -> bytes | None:
    """The bytes of `tile`; None as long as the log does not fill it that far."""
    if tile.end > head.size >> 8 * (tile.level or 0):
        return None
    if tile.level is None:
        return bundle(leaf_data(session, head.id, tile.start, tile.end))
    return b"".join(hashes(session, head.id, tile.level, tile.start, tile.end))


def bundle(data: list[bytes]) -> bytes:
    """An entry bundle: each leaf behind its length as two bytes, big-endian."""
    return b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in data)
