"""One file that holds many: a zip with a manifest of sizes and SHA-256, written whole or not at all, read with distrust.

The manifest finds damage, not malice: whoever can change the file can change the manifest. What makes a restored draw
trustworthy are the signatures in its log.
"""

import errno
import hashlib
import json
import os
import re
import secrets
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from webapp.ops.faults import NotABackup, NotEmpty, Refused

FORMAT = "daily-draw backup 1"
MANIFEST = "manifest.json"
DATABASE = "database.sqlite3"
_MOST_OF_A_MANIFEST = 64 * 1024 * 1024
_CHUNK = 1024 * 1024
_NAME = re.compile(r"database\.sqlite3|(media|keys)(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+")
# Pictures are compressed already.
_STORED = {".jpg", ".jpeg", ".png", ".webp", ".avif", ".gif"}
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Member:
    """A file in the archive."""

    size: int
    sha256: str


def write_archive(file: Path, sources: dict[str, Path], facts: dict[str, Any], *, progress: Progress) -> None:
    """Write `sources` (by their names inside) and the manifest of them and `facts` to `file`, mode 0600.

    `progress` hears how many bytes are read. Raises NotEmpty if `file` is there, and Refused.
    """
    refuse_place(file)
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}.part")
    with refused_if_full(file.parent):
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                _write(out, sources, facts, progress)
                out.flush()
                os.fsync(out.fileno())
            _publish(part, file)
        finally:
            part.unlink(missing_ok=True)


def refuse_place(file: Path) -> None:
    """Raises NotEmpty, Refused if `file` cannot be made."""
    if file.exists() or file.is_symlink():
        raise NotEmpty(f"{file} is there already. A backup never overwrites: name another file, or remove that one.")
    if not file.parent.is_dir():
        raise Refused(f"There is no folder {file.parent}. Make it first: mkdir -p {file.parent}")


@contextmanager
def refused_if_full(folder: Path) -> Iterator[None]:
    """Turn a full or closed disk into a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EFBIG}:
            raise
        free = shutil.disk_usage(folder).free // 2**20
        mend = "Make room, or name a file on another disk." if error.errno == errno.ENOSPC else "Name a file that you may write."
        raise Refused(f"{folder}: {error.strerror} ({free:,} MiB are free). {mend} Nothing was left behind.") from error


def _publish(part: Path, file: Path) -> None:
    """Give the finished file its name, unless somebody else was first."""
    try:
        os.link(part, file)
    except FileExistsError as error:
        raise NotEmpty(f"{file} is there already. A backup never overwrites: name another file, or remove that one.") from error
    except OSError:  # a disk without hard links
        part.rename(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _write(out: BinaryIO, sources: dict[str, Path], facts: dict[str, Any], progress: Progress) -> None:
    done, members = 0, {}
    with zipfile.ZipFile(out, "w") as archive:
        for name, source in sources.items():
            digest, size = hashlib.sha256(), 0
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFREG | stat.S_IMODE(source.stat().st_mode)) << 16
            info.compress_type = zipfile.ZIP_STORED if source.suffix in _STORED else zipfile.ZIP_DEFLATED
            with source.open("rb") as file, archive.open(info, "w", force_zip64=True) as member:
                while chunk := file.read(_CHUNK):
                    member.write(chunk)
                    digest.update(chunk)
                    size += len(chunk)
                    progress(done + size)
            done += size
            members[name] = {"size": size, "sha256": digest.hexdigest()}
        manifest = {"format": FORMAT, **facts, "members": members}
        archive.writestr(MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False), zipfile.ZIP_DEFLATED)


class Archive:
    """An archive, opened to be read. Nothing in it is believed before it was compared with the manifest."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.facts = _manifest(archive)
        self.members = _members(self.facts)
        names = [info.filename for info in archive.infolist()]
        if sorted(names) != sorted([*self.members, MANIFEST]):
            raise NotABackup("It holds other files than its manifest lists, so it is none of ours, or was changed. Nothing was restored.")

    @property
    def size(self) -> int:
        """Of everything in it, unpacked."""
        return sum(member.size for member in self.members.values())

    def unpack(self, folder: Path, *, progress: Progress) -> None:
        """Unpack all members into the empty `folder`, comparing as they come. Raises NotABackup, Refused."""
        free = shutil.disk_usage(folder).free
        if self.size > free:
            raise Refused(f"It needs {self.size // 2**20:,} MiB, and {folder.parent} has {free // 2**20:,} free. Nothing was restored.")
        done = 0
        for name, expected in self.members.items():
            self._unpack(name, expected, folder / name, lambda more: progress(done + more))  # noqa: B023 - called before `done` changes
            done += expected.size

    def _unpack(self, name: str, expected: Member, target: Path, progress: Progress) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        digest, size = hashlib.sha256(), 0
        with _torn(name), self._archive.open(name) as source, target.open("xb") as file:
            while chunk := source.read(_CHUNK):
                size += len(chunk)
                if size > expected.size:  # a bomb ends here
                    raise NotABackup(f"{name} is longer than its manifest says. Nothing was restored.")
                digest.update(chunk)
                file.write(chunk)
                progress(size)
        if (size, digest.hexdigest()) != (expected.size, expected.sha256):
            raise NotABackup(f"{name} is not what its manifest says: the file was damaged. Nothing was restored; try another backup.")
        target.chmod(0o600 if self._archive.getinfo(name).external_attr >> 16 & 0o044 == 0 else 0o644)


@contextmanager
def open_archive(file: Path) -> Iterator[Archive]:
    """Raises NotABackup, Refused."""
    try:
        opened = zipfile.ZipFile(file)
    except FileNotFoundError as error:
        raise Refused(f"There is no file {file}.") from error
    except (zipfile.BadZipFile, OSError) as error:
        raise NotABackup(f"{file} is no backup of ours, or was torn off: {error}") from error
    with opened as archive:
        yield Archive(archive)


@contextmanager
def _torn(name: str) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, KeyError) as error:
        raise NotABackup(f"{name} in it cannot be read: the file was damaged, or is none of ours. Nothing was restored.") from error


def _manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    with _torn(MANIFEST), archive.open(MANIFEST) as file:
        text = file.read(_MOST_OF_A_MANIFEST)
    try:
        manifest = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotABackup("Its manifest cannot be read. Nothing was restored.") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise NotABackup(f"It is no backup of ours, or of a later version: its manifest does not say {FORMAT!r}. Nothing was restored.")
    return manifest


def _members(manifest: dict[str, Any]) -> dict[str, Member]:
    """The files that the manifest lists, each with a name that leads nowhere else."""
    members = {}
    listed = manifest.get("members")
    for name, said in listed.items() if isinstance(listed, dict) else ():
        fits = isinstance(said, dict) and type(said.get("size")) is int and said["size"] >= 0 and isinstance(said.get("sha256"), str)
        if not fits or not _NAME.fullmatch(name) or ".." in name:
            raise NotABackup(f"Its manifest lists {name[:80]!r}, which no backup of ours holds. Nothing was restored.")
        members[name] = Member(said["size"], said["sha256"])
    if not members:
        raise NotABackup("Its manifest lists nothing. Nothing was restored.")
    return members
