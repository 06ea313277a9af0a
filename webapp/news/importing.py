"""Import articles: read files and judge them all, make their pictures, then store everything; much of it in parts, by in_parts.

    plan = read_edition(session, paths, media=…, paper=…, now=…)     # outside the write lock; raises Faulty
    with writing() as session:
        store(session, plan, now=…)

What parses and decodes is heavy and loaded when the first is called: a web worker never does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from webapp.files import Unusable, inside, read_limited
from webapp.news import variants
from webapp.news.conflicts import check_addresses
from webapp.news.faults import Fault, Faulty
from webapp.news.finding import Found, find_articles
from webapp.news.gallery import Gallery
from webapp.news.guids import give_guids
from webapp.news.known import Known, digest, look_up
from webapp.news.progress import Progress, no_progress

if TYPE_CHECKING:
    from webapp.news.body import FigureMark
    from webapp.news.fields import Fields, Parsed
    from webapp.news.pictures import PictureFile

LARGEST_ARTICLE = 1_000_000
CLOCKS = timedelta(minutes=5)  # what an editor's clock may be ahead of ours


@dataclass(frozen=True)
class PlacedPicture:
    """A picture in an article, with its words."""

    picture: "PictureFile"
    alt: str
    caption: str
    credit: str | None


@dataclass(frozen=True)
class Draft:
    """An article ready to be stored. `card`: what stands for it elsewhere if it has no picture.

    `was`: its slug in the database if that changes; `stored`: whether it is there at all; `guid`: its name for good, if it is not.
    """

    fields: "Fields"
    source: str
    body: str
    words: int
    figures: tuple[PlacedPicture, ...]
    card: variants.Card | None
    was: str | None
    stored: bool
    guid: str | None = None


@dataclass(frozen=True)
class Plan:
    """What an import will do. `known` is what it found in the database: `store` refuses if that is no longer so."""

    drafts: tuple[Draft, ...]
    unchanged: tuple[str, ...]
    known: Known
    wanted: frozenset[str]
    pictures_made: int

    @property
    def new(self) -> tuple[str, ...]:
        return tuple(draft.fields.slug for draft in self.drafts if not draft.stored)

    @property
    def changed(self) -> tuple[str, ...]:
        return tuple(draft.fields.slug for draft in self.drafts if draft.stored)

    @property
    def moved(self) -> dict[str, str]:
        """Former slug → new slug."""
        return {draft.was: draft.fields.slug for draft in self.drafts if draft.was is not None}


def read_edition(
    session: Session,
    paths: Sequence[Path],
    *,
    media: Path,
    paper: str,
    now: datetime,
    progress: Progress = no_progress,
    again: bool = False,
    dry_run: bool = False,
) -> Plan:
    """Read the `*.md` files in `paths` (files or folders), and make the files of their pictures in `media`.

    Those without a picture get a card to be shared with, that names the `paper`. Raises Faulty with everything that is wrong;
    then nothing was written. What is in the database as it is here is left out, unless `again`. `dry_run` makes no pictures.
    Ends the session's read transaction before the long work.
    """
    found, faults = find_articles(paths)
    articles = _parse(found, faults, progress)
    faults += [_too_early(article) for article in articles if article.fields.updated and article.fields.updated > now + CLOCKS]
    wanted = frozenset(slug for article in articles for slug in (article.fields.slug, *article.fields.aliases))
    known = look_up(session, wanted)
    moves, clashes = check_addresses(articles, known)
    guids, doubles = give_guids(session, articles, known, moves)
    session.rollback()  # a reader that stays for minutes keeps SQLite's log from being emptied
    gallery = Gallery(media, paper)
    drafts, unchanged = [], []
    with progress("Checking", len(articles)) as done:
        for number, article in enumerate(articles, 1):
            draft = _draft(article, known, moves, gallery, faults, again=again)
            if draft is None:
                unchanged.append(article.fields.slug)
            else:
                drafts.append(replace(draft, guid=guids.get(article.fields.slug)))
            done(number)
    faults += clashes + doubles
    if faults:
        raise Faulty(faults)
    made = 0
    if not dry_run:
        made = gallery.make([figure.picture for draft in drafts for figure in draft.figures], progress)
        gallery.make_cards([draft.card for draft in drafts if draft.card is not None], progress)
    return Plan(tuple(drafts), tuple(unchanged), known, wanted, made)


def _parse(found: list[Found], faults: list[Fault], progress: Progress) -> list["Parsed"]:
    from webapp.news.fields import parse_article

    articles = []
    with progress("Reading", len(found)) as done:
        for number, file in enumerate(found, 1):
            try:
                article, wrong = parse_article(file, read_limited(file.path, LARGEST_ARTICLE, "article"))
            except Unusable as error:
                article, wrong = None, [Fault(file.name, 1, error.reason, error.mend)]
            faults += wrong
            if article is not None:
                articles.append(article)
            done(number)
    return articles


def _too_early(article: "Parsed") -> Fault:
    """Readers would be told of a change that is still to come, and feeds and search engines take it for a mistake or a trick."""
    line = article.fields.lines["updated"]
    return Fault(article.found.name, line, "updated is in the future", "Write when it was changed, or delete the line.")


def _draft(article: "Parsed", known: Known, moves: dict[str, str], gallery: Gallery, faults: list[Fault], *, again: bool) -> Draft | None:
    """The article rendered; None if the database has it so. What is wrong joins `faults`."""
    from webapp.news.body import read_body, render_body

    fields = article.fields
    stored = known.articles.get(fields.slug)
    same = stored is not None and stored.source == digest(article.source) and not again
    card = variants.Card(gallery.paper, fields.section, fields.title)
    if stored is not None and same and not stored.pictures and stored.card == card.sha256 and gallery.has(card):
        return None
    body, wrong = read_body(article.found.name, article.body, article.body_line)
    placed = []
    for mark in body.figures:
        try:
            placed.append(_place(article, mark, gallery))
        except Unusable as error:
            wrong.append(Fault(article.found.name, mark.line, error.reason, error.mend))
    faults += wrong
    shown = [figure.picture for figure in placed]
    if stored is not None and same and not wrong and shown and _as_before(stored.pictures, shown, gallery.media):
        return None
    html = "" if wrong else render_body(body, [_figure_html(figure, first=not position) for position, figure in enumerate(placed)])
    was = moves.get(fields.slug)
    is_there = stored is not None or was is not None
    return Draft(fields, article.source, html, body.words, tuple(placed), None if placed else card, was, is_there)


def _as_before(stored: tuple[bytes, ...], shown: list["PictureFile"], media: Path) -> bool:
    return stored == tuple(picture.sha256 for picture in shown) and all(picture.is_made(media) for picture in shown)


def _place(article: "Parsed", mark: "FigureMark", gallery: Gallery) -> PlacedPicture:
    picture = gallery.look_at(inside(article.found.root, article.found.path.parent, mark.path))
    return PlacedPicture(picture, mark.alt, mark.caption, mark.credit or picture.credit)


def _figure_html(figure: PlacedPicture, *, first: bool) -> str:
    picture = figure.picture
    made = variants.variants(picture.sha256, picture.width, picture.height)
    return variants.figure_html(made, alt=figure.alt, caption=figure.caption, credit=figure.credit, first=first)
