"""The newest checkpoint that was signed, kept beside the log's key and not in the database.

Who restores an older database thereby does not bring the log's memory back: it stays read-only instead of forking.
"""

import fcntl
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

_logger = logging.getLogger(__name__)
# In place and of one length, so that one write to the disk replaces it whole.
_LENGTH = 20 + 1 + 64 + 1


class Signed(NamedTuple):
    """The tree of `size` leaves with `root`."""

    size: int
    root: bytes


@dataclass(frozen=True)
class LastSigned:
    """The file at `path`."""

    path: Path

    @classmethod
    def beside(cls, key: Path) -> "LastSigned":
        return cls(key.with_name(f"{key.name}.signed"))

    def read(self, *, settled: bool = False) -> Signed | None:
        """None if there is none, or none that can be read (`flask doctor` tells). `settled`: not while somebody writes it."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY)
        except OSError:
            return None
        try:
            if settled:
                fcntl.flock(descriptor, fcntl.LOCK_SH)
            return _parse(os.read(descriptor, _LENGTH))
        finally:
            os.close(descriptor)

    def write(self, size: int, root: bytes) -> None:
        """Keep it, safe from a power cut, unless a larger one is kept already. A fault is logged: what was signed is committed."""
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                # Who comes after somebody with a larger tree finds the work done: under load one sync serves many.
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                self._replace(descriptor, size, root)
            finally:
                os.close(descriptor)
        except OSError as error:
            _logger.error("%s cannot be written (%s): an older backup would not be noticed", self.path.name, error.strerror)  # noqa: TRY400

    def _replace(self, descriptor: int, size: int, root: bytes) -> None:
        found = os.pread(descriptor, _LENGTH, 0)
        last = _parse(found)
        if last is not None and last.size >= size:
            return
        os.pwrite(descriptor, f"{size:020d} {root.hex()}\n".encode(), 0)
        if found:
            getattr(os, "fdatasync", os.fsync)(descriptor)  # macOS has no fdatasync
            return
        os.fsync(descriptor)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _parse(line: bytes) -> Signed | None:
    size, _, root = line.rstrip(b"\n").partition(b" ")
    try:
        return Signed(int(size), bytes.fromhex(root.decode("ascii"))) if len(line) == _LENGTH else None
    except ValueError:
        return None
