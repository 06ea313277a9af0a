"""Find and read the files of an edition without ever leaving the folder that was named."""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from webapp.news.faults import Fault, Unusable


@dataclass(frozen=True)
class Found:
    """A Markdown file: its `name` as shown to the admin, its `path`, and the `root` that its pictures must be inside."""

    name: str
    path: Path
    root: Path


def find_articles(paths: Iterable[Path]) -> tuple[list[Found], list[Fault]]:
    """The `*.md` files in `paths` (files, or folders searched through), each once, and what is wrong with the paths."""
    found: dict[Path, Found] = {}
    faults: list[Fault] = []
    # Folders first: they give their files the wider root.
    for given in sorted(paths, key=lambda path: not path.is_dir()):
        if given.is_dir():
            articles = _search(given, faults)
        elif given.is_symlink() or given.exists():
            articles = [Found(str(given), given.parent.resolve() / given.name, given.parent.resolve())]
        else:
            faults.append(Fault(str(given), 1, "there is no such file or folder", "Name a .md file, or a folder that holds some."))
            continue
        if given.is_file() and given.suffix != ".md":
            faults.append(Fault(str(given), 1, "the name does not end in .md", "Name a Markdown file, or a folder that holds some."))
            continue
        for article in articles:
            found.setdefault(article.path, article)
    return sorted(found.values(), key=lambda article: article.name), faults


def _search(given: Path, faults: list[Fault]) -> list[Found]:
    root = given.resolve()
    found = []
    for path in _walk(root, given, faults):
        name = str(given / path.relative_to(root))
        if path.is_symlink():
            faults.append(Fault(name, 1, "it is a symbolic link", "Put the file itself there."))
        else:
            found.append(Found(name, path, root))
    if not found:
        faults.append(Fault(str(given), 1, "the folder holds no .md file", "Name the folder with the articles in it."))
    return found


def _walk(root: Path, given: Path, faults: list[Fault]) -> Iterator[Path]:
    for place, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in folders:
            if (Path(place) / name).is_symlink():
                shown = str(given / Path(place).relative_to(root) / name)
                faults.append(Fault(shown, 1, "it is a symbolic link", "Put the folder itself there."))
        yield from (Path(place) / name for name in sorted(names) if name.endswith(".md") and not name.startswith("."))


def inside(root: Path, folder: Path, written: str) -> Path:
    """The file that `written` means in `folder`. Raises Unusable if it is outside `root`, or reached through a symbolic link."""
    if "\0" in written or written.startswith("/"):
        raise Unusable(
            f"{written!r} is not a path below the article's folder", "Put the picture beside the article and write pictures/name.jpg."
        )
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
