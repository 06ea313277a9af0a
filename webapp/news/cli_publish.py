"""Commands that put articles before readers, take them away, show them early, and write them out."""

from dataclasses import asdict
from functools import partial
from pathlib import Path

import click

from webapp import clock, console
from webapp.database import db, writing
from webapp.dates import long_moment
from webapp.news import reading
from webapp.news.previewing import GOOD_FOR, make_preview
from webapp.news.publishing import PUBLISHED, WITHDRAWN, set_status
from webapp.site import absolute, keyring, settings


def _no_such(slug: str) -> click.ClickException:
    return console.refuse(f"There is no article {slug!r}. See: flask article list")


@click.command()
@click.argument("slug")
@console.json_option
def publish(slug: str, as_json: bool) -> None:
    """Put the withdrawn article SLUG back on the site.

    New articles need no such command: they appear at their `published` time.

    Example: flask article publish rain-at-last
    """
    _set(slug, PUBLISHED, as_json=as_json)


@click.command()
@click.argument("slug")
@console.json_option
def unpublish(slug: str, as_json: bool) -> None:
    """Take the article SLUG off the site; its address then says that it was withdrawn (410).

    Example: flask article unpublish rain-at-last
    """
    _set(slug, WITHDRAWN, as_json=as_json)


def _set(slug: str, status: str, *, as_json: bool) -> None:
    try:
        with writing() as session:
            changed, published = set_status(session, slug, status)
    except reading.NoSuchArticle:
        raise _no_such(slug) from None
    address = absolute(f"/news/{slug}")
    if status == WITHDRAWN:
        words = f"{address} is {'' if changed else 'already '}off the site."
    elif published > clock.now():
        words = f"{address} will appear on {long_moment(published, settings().timezone)}."
    else:
        words = f"{address} is {'' if changed else 'already '}on the site."
    facts = {"slug": slug, "address": address, "status": status, "changed": changed, "published": published}
    console.say(words, facts, as_json=as_json)


@click.command()
@click.argument("slug")
@console.json_option
def preview(slug: str, as_json: bool) -> None:
    """Print a link that shows the article SLUG before its time, or after it was withdrawn.

    The link is good for two weeks. Whoever has it can read the article.

    Example: flask article preview rain-at-last
    """
    try:
        found = reading.any_article(db.session(), slug)
    except reading.NoSuchArticle:
        raise _no_such(slug) from None
    token = make_preview(keyring().secret, found.id, clock.now())
    link = absolute(f"/news/{slug}?preview={token}")
    console.say(link, {"slug": slug, "link": link, "days": GOOD_FOR}, as_json=as_json)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@console.json_option
def export(folder: Path, as_json: bool) -> None:
    """Write all articles into FOLDER, with their pictures, as `flask article import` reads them.

    FOLDER must be new or empty. Withdrawn articles are left out.

    Example: flask article export backup/articles
    """
    from webapp.news.exporting import FolderInUse, OriginalMissing
    from webapp.news.exporting import export as write

    try:
        done = write(db.session(), folder, media=settings().media, progress=partial(console.progress, quiet=as_json))
    except FolderInUse:
        raise console.refuse(f"{folder} is not empty. Name a new folder, or an empty one.") from None
    except OriginalMissing as missing:
        raise console.refuse(str(missing), "Nothing was written.") from missing
    except OSError as error:
        raise console.refuse(f"{error.strerror}: {error.filename}. Mend that, empty the folder, and export again.") from error
    words = f"Exported: {len(done.articles)} articles, {done.pictures} pictures to {folder}."
    if done.withdrawn:
        words += f" Left out, as they are withdrawn: {', '.join(done.withdrawn)}."
    console.say(words, asdict(done) | {"folder": str(folder)}, as_json=as_json)


COMMANDS = (preview, publish, unpublish, export)
