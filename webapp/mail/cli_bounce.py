"""`flask mail bounce`: reads the reports of mail servers."""

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from webapp import clock, console
from webapp.mail.bouncing import Noted, note
from webapp.mail.reports import LARGEST
from webapp.site import keyring


@click.command()
@click.argument("source", default="-", metavar="[FILE|FOLDER|-]", type=click.Path(exists=True, allow_dash=True, path_type=Path))
@console.json_option
def bounce(source: Path, as_json: bool) -> None:
    """Read reports of mail that did not arrive: one from standard input, a file or mbox, or what is new in a Maildir.

    A mailbox that does not exist gets no more mail, nor does who calls our mail unwanted. Only reports that came to a letter's own
    return path (BOUNCE_ADDRESS) are believed; others are listed. A Maildir's mails are marked as read, an mbox stays as it is.

    Example: flask mail bounce /var/mail/bounces
    """
    noted = [note(content, secret=keyring().secret, now=clock.now()) for content in _mails(source, quiet=as_json)]
    console.say(_told(noted), [asdict(one) for one in noted], as_json=as_json)


def _told(noted: list[Noted]) -> str:
    if not noted:
        return "No new mail."
    rows = [["" if one.letter is None else str(one.letter), one.kind or "", one.done, one.report] for one in noted]
    counts = ", ".join(f"{number:,} {done}" for done, number in Counter(one.done for one in noted).items())
    return f"{console.table(['letter', 'kind', 'done', 'report'], rows)}\n{counts}."


def _mails(source: Path, *, quiet: bool) -> Iterator[bytes]:
    if str(source) == "-":
        yield sys.stdin.buffer.read(LARGEST)
    elif source.is_dir():
        yield from _maildir(source, quiet=quiet)
    else:
        yield from _file(source, quiet=quiet)


def _file(path: Path, *, quiet: bool) -> Iterator[bytes]:
    with path.open("rb") as file:
        if file.read(5) != b"From ":
            file.seek(0)
            yield file.read(LARGEST)
            return
    from mailbox import mbox

    box = mbox(path, create=False)
    try:
        with console.progress("Reading", len(box), quiet=quiet) as progress:
            for number, key in enumerate(box.iterkeys(), 1):
                yield box.get_bytes(key)
                progress(number)
    finally:
        box.close()


def _maildir(folder: Path, *, quiet: bool) -> Iterator[bytes]:
    """What is new; each is marked as read once it has been taken note of."""
    if not (folder / "new").is_dir() or not (folder / "cur").is_dir():
        raise console.refuse(f"{folder} is no Maildir: it has no folders new and cur.")
    mails = sorted(path for path in (folder / "new").iterdir() if path.is_file() and not path.name.startswith("."))
    with console.progress("Reading", len(mails), quiet=quiet) as progress:
        for number, path in enumerate(mails, 1):
            with path.open("rb") as file:
                yield file.read(LARGEST)
            path.rename(folder / "cur" / f"{path.name.partition(':2,')[0]}:2,S")
            progress(number)


COMMANDS = {"bounce": bounce}
