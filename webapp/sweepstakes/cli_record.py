"""`flask sweepstakes bundle | stats`: what a campaign can be taken home as, and how it goes."""

import contextlib
import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import click

from webapp import clock, console
from webapp.database import db
from webapp.draw import bundle as bundle_log
from webapp.sweepstakes import commanding
from webapp.sweepstakes.counting import Stats, count
from webapp.sweepstakes.wording import counted, odds

BARS = "▁▂▃▄▅▆▇█"


@click.command()
@click.argument("slug")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Write over a FILE that is there.")
@console.json_option
def bundle(slug: str, file: Path | None, replace: bool, as_json: bool) -> None:
    """Write everything public about the draw of SLUG into FILE (SLUG.zip unless said), to check anywhere.

    Example: flask sweepstakes bundle win-100 win-100.zip
    """
    path = file or Path(f"{slug}.zip")
    with commanding.refusals():
        campaign, log = commanding.opened(slug)
        if path.exists() and not replace:
            raise console.refuse(f"{path} is there already. Add --replace, or name another file.")
        rules = (campaign.rules or "").encode()
        with console.progress("Packing", log.size, quiet=as_json) as progress:
            digest, length = _write(path, bundle_log(db.session(), slug, rules=rules, progress=progress))
    words = f"Wrote {path}: {length:,} bytes, SHA-256 {digest}\nUnpacked, `python3 open_draw.py .` checks it."
    console.say(words, {"slug": slug, "file": str(path), "bytes": length, "sha256": digest}, as_json=as_json)


def _write(path: Path, pieces: Iterator[bytes]) -> tuple[str, int]:
    """Write the file whole or not at all; its SHA-256 and length."""
    digest, length = sha256(), 0
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            for piece in pieces:
                digest.update(piece)
                length += file.write(piece)
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise console.refuse(f"{path} cannot be written: {error.strerror}.") from error
    return digest.hexdigest(), length


@click.command()
@click.argument("slug")
@console.json_option
def stats(slug: str, as_json: bool) -> None:
    """How SLUG goes: entries a day, how many confirm, letters, and the odds if it goes on like this.

    Example: flask sweepstakes stats win-100
    """
    with commanding.refusals():
        commanding.opened(slug)
        found = count(db.session(), slug, now=clock.now())
    console.say(_words(slug, found), _facts(slug, found), as_json=as_json)


def _facts(slug: str, found: Stats) -> dict[str, object]:
    return {
        "slug": slug,
        "days": [{"day": day.isoformat(), "entries": number} for day, number in found.days],
        "entrants": found.entrants,
        "asked": found.asked,
        "confirmed": found.confirmed,
        "confirmation_rate": found.confirmation_rate,
        "letters": found.letters,
        "eligible": found.eligible,
        "projected": found.projected,
        "odds": odds(found.winners, found.eligible),
        "projected_odds": odds(found.winners, found.projected) if found.projected is not None else None,
    }


def _words(slug: str, found: Stats) -> str:
    rate = "" if found.confirmation_rate is None else f" ({found.confirmation_rate:.0%})"
    lines = [f"{slug}: {counted(found.eligible, 'eligible entry', 'eligible entries')}"]
    if found.days:
        lines += [f"A day    {sparkline([number for _, number in found.days])}  {found.days[0][0]} to {found.days[-1][0]}"]
        lines += [f"         {day}  {number:,}" for day, number in found.days[-7:]]
    lines += [
        f"Entrants {', '.join(f'{number:,} {state}' for state, number in found.entrants.items() if number) or 'nobody yet'}",
        f"Confirm  {found.confirmed:,} of {found.asked:,} who used the form{rate}",
        f"Letters  {', '.join(f'{number:,} {state}' for state, number in found.letters.items()) or 'none'}",
        f"Odds     {odds(found.winners, found.eligible) or 'no entry yet'}",
    ]
    if found.projected is not None:
        lines.append(f"         {odds(found.winners, found.projected)} at the close, if it goes on like this ({found.projected:,} entries)")
    return "\n".join(lines)


def sparkline(numbers: list[int]) -> str:
    """One bar for each number, the highest for the largest."""
    most = max(numbers, default=0) or 1
    return "".join(BARS[number * (len(BARS) - 1) // most] for number in numbers)


COMMANDS = (bundle, stats)
