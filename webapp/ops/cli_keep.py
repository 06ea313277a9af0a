"""`flask backup | restore | copy-to`: keeping the paper, and moving it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from webapp import clock, console
from webapp.console import counted
from webapp.ops.faults import Refused
from webapp.site import settings

if TYPE_CHECKING:  # web workers need none of it
    from webapp.ops.archiving import Archive
    from webapp.ops.copying import LogFacts

WARNING = (
    "This file opens every name and address and signs the draws. Keep it apart from the backups of the database, offline, "
    "and for your own eyes only."
)


@contextmanager
def _refusals() -> Iterator[None]:
    os.umask(0o077)  # whatever is made here is nobody else's to read
    try:
        yield
    except Refused as error:
        raise console.refuse(str(error)) from error


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--keys", is_flag=True, help="The keys alone; they are in no other backup.")
@console.json_option
def backup(file: Path, keys: bool, as_json: bool) -> None:
    """Write database and pictures, as they are at this moment, to FILE, while the site goes on. Keys are left out: see --keys.

    Example: flask backup /mnt/backups/daily-draw.zip
    """
    from webapp.ops import backing_up

    file = file.absolute()
    with _refusals():
        if keys:
            names = backing_up.back_up_keys(file, settings(), now=clock.now())
            secret = " SECRET_KEY is set in the environment, so it is not in it." if settings().secret_key else ""
            words = f"{counted(len(names), 'key')} written to {file}: {', '.join(names)}.{secret}\n{WARNING}"
            console.say(words, {"file": str(file), "keys": names, "warning": WARNING}, as_json=as_json)
            return
        done = backing_up.back_up(file, settings(), now=clock.now(), quiet=as_json)
    words = (
        f"Written to {file}: {done.size / 2**20:,.1f} MiB, {counted(done.rows, 'row')}, {counted(done.pictures, 'picture')}, "
        f"schema {done.schema}.{_log_lines(done.logs)}\nThe keys are not in it: `flask backup KEYS.zip --keys`, kept somewhere else."
    )
    console.say(words, asdict(done), as_json=as_json)


def _log_lines(logs: "dict[str, LogFacts]") -> str:
    return "".join(f"\nLog {name}: {log.size:,} leaves, root {log.root}" for name, log in logs.items())


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@console.json_option
def restore(file: Path, as_json: bool) -> None:
    """Restore a backup into an empty database and an empty folder of pictures; or, from a backup of keys, the keys.

    Everything is checked first: hashes, the database's own integrity, counts, and each public log down to its draw.

    Example: flask restore /mnt/backups/daily-draw.zip
    """
    from webapp.ops import restoring
    from webapp.ops.archiving import open_archive, refused_if_full

    here = settings().instance
    with _refusals(), open_archive(file) as archive, refused_if_full(here), restoring.scratch(settings()) as folder:
        match archive.facts.get("what"):
            case "keys":
                names = restoring.restore_keys(archive, settings(), folder=folder)
                words = f"{counted(len(names), 'key')} restored: {', '.join(names)}.\nNext: `flask restore SITE.zip`, then `flask doctor`."
                console.say(words, {"keys": names}, as_json=as_json)
            case "site":
                _restore_site(archive, folder, as_json=as_json)
            case other:
                raise console.refuse(f"It is a backup of {str(other)[:40]!r}, of which this version knows nothing. Update the code.")


def _restore_site(archive: "Archive", folder: Path, *, as_json: bool) -> None:
    from webapp.ops import restoring

    done = restoring.restore_site(archive, settings(), folder=folder, quiet=as_json)
    keys = restoring.missing_keys(settings(), list(done.logs))
    steps = [f"the keys are missing ({', '.join(keys)}): `flask restore KEYS.zip`"] if keys else []
    steps += ["`flask init`, which is safe to repeat", "`flask doctor`"]
    behind = "".join(f"\nATTENTION: {sentence}" for sentence in done.behind)
    words = (
        f"Restored the backup of {done.made_at}, of {done.site_url}: {counted(done.rows, 'row')}, "
        f"{counted(done.pictures, 'picture')}; hashes, integrity, counts and logs are as they were."
        f"{_log_lines(done.logs)}{behind}\nNext: {'; then '.join(steps)}."
    )
    console.say(words, asdict(done) | {"missing_keys": keys}, as_json=as_json)


@click.command("copy-to")
@click.argument("database_url")
@console.yes_option
@console.json_option
def copy_to(database_url: str, yes: bool, as_json: bool) -> None:
    """Move a live paper into the empty database DATABASE_URL, SQLite or PostgreSQL. Posts get 503 until it is done, pages are served.

    Afterwards this database is read-only: set DATABASE_URL to the new one and restart.

    Example: flask copy-to postgresql://daily:password@127.0.0.1/daily
    """
    from webapp.ops import moving

    with _refusals():
        destination = moving.destination_of(database_url, settings())
        console.ask(f"Move all data to {destination}? This database takes no entries any more afterwards.", yes=yes)
        done = moving.move(database_url, settings(), now=clock.now(), quiet=as_json)
    rows = sum(done.rows.values())
    words = (
        f"Moved: {counted(rows, 'row')} counted on both sides, every log recomputed there.{_log_lines(done.logs)}\n"
        f"Now set this (with its password), and restart web and mail:\nDATABASE_URL={done.destination}"
    )
    console.say(words, asdict(done), as_json=as_json)
