"""`flask sweepstakes stats | report`: how a campaign goes, on the terminal and as one page to keep or to hand on."""

from pathlib import Path

import click

from webapp import clock, console
from webapp.database import db
from webapp.site import settings
from webapp.sweepstakes import commanding, reporting, telling_stats
from webapp.sweepstakes.counting import Stats, count
from webapp.sweepstakes.writing import refuse_to_replace, replace_option, write_whole


@click.command()
@click.argument("slug")
@console.json_option
def stats(slug: str, as_json: bool) -> None:
    """How SLUG goes: entries a day, how many confirm, letters, limits, whether the seal's letters are out in time, the odds.

    Example: flask sweepstakes stats win-100
    """
    found = _counted(slug)
    console.say(telling_stats.words(found), telling_stats.facts(found), as_json=as_json)


@click.command()
@click.argument("slug")
@click.option("--html", "path", metavar="FILE", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The page to write.")
@replace_option
@console.json_option
def report(slug: str, path: Path, replace: bool, as_json: bool) -> None:
    """Write the figures of SLUG with charts as one HTML page: no script, nothing loaded, nobody named.

    Example: flask sweepstakes report win-100 --html win-100.html
    """
    refuse_to_replace(path, replace=replace)
    found = _counted(slug)
    digest, length = write_whole(path, [reporting.page(found, publisher=settings().site_name).encode()])
    words = f"Wrote {path}: {length:,} bytes, no script, nobody named.\n{telling_stats.seal_line(found)}"
    console.say(words, {"slug": slug, "file": str(path), "bytes": length, "sha256": digest}, as_json=as_json)


def _counted(slug: str) -> Stats:
    with commanding.refusals():
        return count(db.session(), slug, mail_rate=settings().mail_rate, now=clock.now())


COMMANDS = (stats, report)
