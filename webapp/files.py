"""Files that somebody hands to a command: read without trust, and never outside the folder that was named."""

import os
import stat
from pathlib import Path


class Unusable(Exception):
    """A file that cannot be read or used; whoever knows the line makes a Fault of it."""

    def __init__(self, reason: str, mend: str) -> None:
        super().__init__(reason, mend)  # both, as it may travel between processes
        self.reason = reason
        self.mend = mend

    def __str__(self) -> str:
        return f"{self.reason}. {self.mend}"


def inside(root: Path, folder: Path, written: str) -> Path:
    """The file that `written` means in `folder`. Raises Unusable if it is outside `root`, or reached through a symbolic link."""
    if "\0" in written or written.startswith("/"):
        raise Unusable(f"{written!r} is not a path below the file's folder", "Put the picture beside the file and write pictures/name.jpg.")
    path = Path(os.path.normpath(folder / written))
    if not path.is_relative_to(root):
        raise Unusable(
            f"{written!r} lies outside the folder {root.name!r}", "Import the folder that holds both, or move the picture into it."
        )
    step = root
    for part in path.relative_to(root).parts:
        step = step / part
        if step.is_symlink():
            raise Unusable(f"{written!r} is or passes through a symbolic link", "Put the file itself there.")
    return path


def read_limited(path: Path, limit: int, what: str) -> bytes:
    """The bytes of a regular file that is no symbolic link. Raises Unusable if there is none, or it is over `limit` bytes."""
    try:
        # A named pipe in the folder must not make us wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise Unusable(f"there is no {what} {path.name!r}", "Put it there, or correct the name; upper and lower case count.") from error
    except (OSError, ValueError) as error:
        reason = "is a symbolic link" if path.is_symlink() else f"cannot be read ({getattr(error, 'strerror', None) or error})"
        raise Unusable(f"the {what} {path.name!r} {reason}", "Put a readable file there.") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Unusable(f"the {what} {path.name!r} is not a file", "Put a file there.")
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise Unusable(f"the {what} {path.name!r} is larger than {limit // 1_000_000} MB", "Make it smaller.")
    return data
