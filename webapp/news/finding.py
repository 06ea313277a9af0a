"""Find the files of an edition without ever leaving the folder that was named."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from webapp.news.faults import Fault


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
