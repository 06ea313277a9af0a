"""Commands for articles."""

from dataclasses import asdict
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from webapp import clock, console
from webapp.database import db, writing
from webapp.dates import local_date
from webapp.news import cli_publish
from webapp.news.faults import Faulty
from webapp.news.importing import read_edition
from webapp.news.models import Article
from webapp.news.storing import ChangedMeanwhile, Summary, in_parts, store, summarize
from webapp.site import absolute, settings


@click.group()
def article() -> None:
    """Articles: import, list, show, preview, publish, unpublish, export."""


for command in cli_publish.COMMANDS:
    article.add_command(command)


@article.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH…")
@click.option("--dry-run", is_flag=True, help="Check everything and say what would be done, but do nothing.")
@click.option("--again", is_flag=True, help="Store unchanged articles anew, too (after an update of this program).")
@console.json_option
def import_(paths: tuple[Path, ...], dry_run: bool, again: bool, as_json: bool) -> None:
    """Store the Markdown files in PATH…; safe to repeat.

    PATH is a .md file, or a folder to be searched for them; pictures must lie in the same folder, or below it. Nothing is
    stored before everything was found in order; then a hundred articles at a time are. An import that was broken off goes on
    where it was when it is repeated.

    Example: flask article import articles/
    """
    bar, now, stored = partial(console.progress, quiet=as_json), clock.now(), 0
    try:
        here = settings()
        plan = read_edition(
            db.session(), paths, media=here.media, paper=here.site_name, now=now, progress=bar, again=again, dry_run=dry_run
        )
        summary = summarize(plan)
        with bar("Storing", len(plan.drafts)) as done:
            for part in () if dry_run else in_parts(plan):
                with writing() as session:
                    store(session, part, now=now)
                stored += len(part.drafts)
                done(stored)
    except Faulty as faulty:
        if as_json:
            console.say("", {"faults": [asdict(fault) for fault in faulty.faults]}, as_json=True)
        count = len(faulty.faults)
        raise console.refuse(
            f"Nothing was imported: {count} {'fault' if count == 1 else 'faults'}.", *(str(fault) for fault in faulty.faults)
        ) from faulty
    except ChangedMeanwhile as changed:
        raise console.refuse(f"{changed} {_so_far(stored)} Import again.") from changed
    except OSError as error:
        raise console.refuse(f"{error.strerror}: {error.filename}. {_so_far(stored)} Mend that and import again.") from error
    console.say(_words(summary, dry_run=dry_run), asdict(summary) | {"dry_run": dry_run}, as_json=as_json)


def _so_far(stored: int) -> str:
    """How many articles an import had stored when it ended early: the next one finds them unchanged."""
    return f"{stored:,} articles were stored before." if stored else "No article was stored."


def _words(summary: Summary, *, dry_run: bool) -> str:
    moved = [f"Moved: /news/{former} now leads to /news/{slug}" for former, slug in summary.moved.items()]
    counts = (
        f"{len(summary.new)} new, {len(summary.changed)} changed, {len(summary.unchanged)} unchanged; {summary.pictures} pictures made."
    )
    return "\n".join([*moved, f"Nothing was done. It would be: {counts}" if dry_run else f"Imported: {counts}"])


@article.command("list")
@console.json_option
def list_(as_json: bool) -> None:
    """List all articles, newest first.

    Example: flask article list
    """
    columns = (Article.slug, Article.headline, Article.section, Article.published, Article.status, Article.lead, Article.made_up)
    rows = db.session.execute(select(*columns).order_by(Article.published.desc(), Article.id.desc())).all()
    now = clock.now()
    facts = [dict(row._mapping) | {"status": _status(row.status, row.published, now)} for row in rows]
    lines = [
        [
            str(local_date(fact["published"], settings().timezone)),
            fact["status"],
            "lead" if fact["lead"] else "",
            fact["slug"],
            fact["headline"],
        ]
        for fact in facts
    ]
    words = (
        console.table(["Published", "Status", "Lead", "Slug", "Headline"], lines) if lines else "No articles yet: flask article import PATH"
    )
    console.say(words, facts, as_json=as_json)


@article.command()
@click.argument("slug")
@console.json_option
def show(slug: str, as_json: bool) -> None:
    """Show what is stored about the article SLUG.

    Example: flask article show rain-at-last
    """
    found = db.session.scalar(select(Article).where(Article.slug == slug))
    if found is None:
        raise console.refuse(f"There is no article {slug!r}. See: flask article list")
    facts: dict[str, Any] = {
        "slug": found.slug,
        "address": absolute(f"/news/{found.slug}"),
        "id": found.guid,
        "headline": found.headline,
        "standfirst": found.standfirst,
        "section": found.section,
        "authors": found.authors,
        "tags": found.tags,
        "published": found.published,
        "updated": found.updated,
        "correction": found.correction,
        "status": _status(found.status, found.published, clock.now()),
        "lead": found.lead,
        "ads": found.ads,
        "made_up": found.made_up,
        "words": found.words,
        "aliases": sorted(alias.slug for alias in found.aliases),
        "figures": [
            {"picture": figure.picture_sha256.hex(), "alt": figure.alt, "caption": figure.caption, "credit": figure.credit}
            for figure in found.figures
        ],
    }
    words = "\n".join(f"{name + ':':13}{_shown(value)}" for name, value in facts.items())
    console.say(words, facts, as_json=as_json)


def _status(status: str, published: datetime, now: datetime) -> str:
    return "scheduled" if status == "published" and published > now else status


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ("\n" + " " * 13).join(" · ".join(map(str, item.values())) if isinstance(item, dict) else str(item) for item in value) or "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else str(value)
