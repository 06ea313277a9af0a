"""`flask sweepstakes bundle`: what a campaign can be taken home as."""

from pathlib import Path

import click

from webapp import console
from webapp.database import db
from webapp.draw import bundle as bundle_log
from webapp.sweepstakes import commanding
from webapp.sweepstakes.writing import refuse_to_replace, replace_option, write_whole


@click.command()
@click.argument("slug")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@replace_option
@console.json_option
def bundle(slug: str, file: Path | None, replace: bool, as_json: bool) -> None:
    """Write everything public about the draw of SLUG into FILE (SLUG.zip unless said), to check anywhere.

    Example: flask sweepstakes bundle win-100 win-100.zip
    """
    path = file or Path(f"{slug}.zip")
    with commanding.refusals():
        campaign, log = commanding.opened(slug)
        refuse_to_replace(path, replace=replace)
        rules = (campaign.rules or "").encode()
        with console.progress("Packing", log.size, quiet=as_json) as progress:
            digest, length = write_whole(path, bundle_log(db.session(), slug, rules=rules, progress=progress))
    words = f"Wrote {path}: {length:,} bytes, SHA-256 {digest}\nUnpacked, `python3 open_draw.py .` checks it."
    console.say(words, {"slug": slug, "file": str(path), "bytes": length, "sha256": digest}, as_json=as_json)


COMMANDS = (bundle,)
