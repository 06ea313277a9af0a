"""Write articles as files that an import reads back: their source as it was, and the very pictures that came with it.

The same articles give the same bytes, so that export, import, export ends where it began. Loads the Markdown parser.
"""

import os
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path, PurePosixPath

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.news.fields import Parsed, parse_article
from webapp.news.finding import Found
from webapp.news.models import Article
from webapp.news.progress import Progress, no_progress
from webapp.news.publishing import WITHDRAWN
from webapp.news.variants import original_file


class FolderInUse(Exception):
    """There is something in the folder already."""


class OriginalMissing(Exception):
    """The file a picture came from is not kept: it was imported by an older version, or the media folder was cut down."""

    def __init__(self, slug: str, path: str) -> None:
        super().__init__(f"{slug}: the original of {path} is not in the media folder. Import that article again, then export.")


@dataclass(frozen=True)
class Exported:
    """What was written, by slug; how many pictures; and which articles were left out as they are withdrawn."""

    articles: tuple[str, ...]
    pictures: int
    withdrawn: tuple[str, ...]


@dataclass(frozen=True)
class _Piece:
    """An article's file, and where its pictures go: path below the folder → SHA-256."""

    slug: str
    path: PurePosixPath
    text: str
    pictures: dict[PurePosixPath, bytes]


class _Taken:
    """Which files and folders earlier articles have, by lower case: some file systems make no difference."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[PurePosixPath, bytes | None]] = {}
        self.folders: set[str] = set()

    def leaves_room_for(self, piece: _Piece) -> bool:
        """Whether each file's place is free or holds that very picture, and no file stands where a folder must."""
        return not any(
            self.files.get(_folded(path), (path, sha)) != (path, sha)
            or _folded(path) in self.folders
            or any(_folded(folder) in self.files for folder in path.parents)
            for path, sha in _files(piece)
        )

    def add(self, piece: _Piece) -> None:
        for path, sha in _files(piece):
            self.files[_folded(path)] = path, sha
            self.folders |= {_folded(folder) for folder in path.parents}


def _files(piece: _Piece) -> list[tuple[PurePosixPath, bytes | None]]:
    """All files of `piece` with their SHA-256; None for the article, which is like no other."""
    return [(piece.path, None), *piece.pictures.items()]


def _folded(path: PurePosixPath) -> str:
    return str(path).casefold()


def export(session: Session, folder: Path, *, media: Path, progress: Progress = no_progress) -> Exported:
    """Write all articles that are not withdrawn into `folder`, which must be new or empty.

    Everything is looked at before anything is written. Raises FolderInUse, OriginalMissing, OSError.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FolderInUse
    slugs = session.scalars(select(Article.slug).where(Article.status != WITHDRAWN).order_by(Article.slug)).all()
    withdrawn = session.scalars(select(Article.slug).where(Article.status == WITHDRAWN).order_by(Article.slug)).all()
    pictures: dict[PurePosixPath, bytes] = {}
    sources: dict[str, tuple[PurePosixPath, str]] = {}
    taken = _Taken()
    with progress("Reading", len(slugs)) as done:
        for number, slug in enumerate(slugs, 1):
            piece = next(filter(taken.leaves_room_for, _pieces(session, slug)))
            _look_for_originals(piece, media)
            taken.add(piece)
            pictures |= piece.pictures
            sources[slug] = piece.path, piece.text
            done(number)
    session.rollback()
    _write_all(folder, media, list(sources.values()), list(pictures.items()), progress)
    return Exported(tuple(sources), len(pictures), tuple(withdrawn))


def _pieces(session: Session, slug: str) -> Iterator[_Piece]:
    """The article beside all others; should it clash with them or its pictures lie above it, in a folder of its own.

    There is always one more folder, numbered, so that none is left out because others have files in all before.
    """
    article = session.scalars(select(Article).where(Article.slug == slug)).one()
    source, marks = _source(article)
    shas = [figure.picture_sha256 for figure in article.figures]
    session.expunge(article)
    up = max((path.split("/").count("..") for path in marks), default=0)
    folders = (PurePosixPath(slug if number == 1 else f"{slug}-{number}", *["text"] * up) for number in count(1))
    for home in folders if up else chain([PurePosixPath()], folders):
        where = [PurePosixPath(posixpath.normpath(str(home / path))) for path in marks]
        yield _Piece(slug, home / f"{slug}.md", source, dict(zip(where, shas, strict=True)))


def _source(article: Article) -> tuple[str, list[str]]:
    """The article's file, and the paths of its pictures in their order.

    What only the database knows gets written in: elsewhere one without a time of publication would be published anew, and one
    that feeds know by another name than its slug would be a new one to their readers.
    """
    from webapp.news.body import read_body

    parsed = _parse(article.slug, article.source)
    known = []
    if parsed.fields.guid is None and article.guid != article.slug:
        known.append(f'id: "{article.guid}"\n')  # quoted, as a number or `no` is no text to YAML
    if parsed.fields.published is None:
        known.append(f"published: {article.published.isoformat()}\n")
    if known:
        head, fence, rest = article.source.partition("\n")
        again, faults = parse_article(_found(article.slug), f"{head}{fence}{''.join(known)}{rest}".encode())
        if again is not None and not faults:
            parsed = again
    body, _ = read_body(article.slug, parsed.body, parsed.body_line)
    return parsed.source, [mark.path for mark in body.figures]


def _parse(slug: str, source: str) -> Parsed:
    parsed, faults = parse_article(_found(slug), source.encode())
    assert parsed is not None, faults  # noqa: S101 - it was imported from this very text
    return parsed


def _found(slug: str) -> Found:
    return Found(f"{slug}.md", Path(f"{slug}.md"), Path())


def _look_for_originals(piece: _Piece, media: Path) -> None:
    for path, sha256 in piece.pictures.items():
        if not (media / original_file(sha256)).is_file():
            raise OriginalMissing(piece.slug, str(path))


def _write_all(
    folder: Path, media: Path, texts: list[tuple[PurePosixPath, str]], places: list[tuple[PurePosixPath, bytes]], progress: Progress
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with progress("Writing", len(texts) + len(places)) as done:
        for number, (path, text) in enumerate(texts, 1):
            _write(folder / path, text.encode())
            done(number)
        for number, (path, sha256) in enumerate(places, len(texts) + 1):
            _write(folder / path, (media / original_file(sha256)).read_bytes())
            done(number)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
