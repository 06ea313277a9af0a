"""`flask mail`: send what is owed, look into the outbox, try the mail server."""

import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from datetime import timedelta
from email.utils import parseaddr
from uuid import uuid4

import click
from flask import current_app

from webapp import clock, console, logs
from webapp.clock import stamp
from webapp.database import db, writing
from webapp.limits import open_storage
from webapp.mail import cli_bounce, cli_suppress, looking
from webapp.mail.composing import Sender, compose, text_of
from webapp.mail.connecting import Unreachable
from webapp.mail.delivering import Fate
from webapp.mail.handing import connect
from webapp.mail.letters import Letter, Paragraph
from webapp.mail.looking import STATES, NoSuchLetter
from webapp.mail.pacing import Pace
from webapp.mail.registered import callbacks
from webapp.mail.returning import return_path
from webapp.mail.rounds import Post, Tally, send_due, write
from webapp.site import keyring, settings

LONGEST_PAUSE = timedelta(minutes=1)
# However much mail is due: whatever else wants a turn in the loop (seal, draw) gets it after so long.
LONGEST_ROUND = timedelta(seconds=10)


@click.group()
def mail() -> None:
    """The outbox: send, list, show, retry, test; what came back; and who gets no mail."""


for name, command in (cli_suppress.COMMANDS | cli_bounce.COMMANDS).items():
    mail.add_command(command, name)


def _post(stop: Callable[[], bool], pause: Callable[[float], object]) -> Post:
    rate = settings().mail_rate
    counted = open_storage(settings()) if rate else None
    pace = Pace(per_minute=rate, now=clock.now, pause=pause, stop=stop, counted=counted)
    # Retries are spread so that they do not arrive together; nothing rests on this chance.
    return Post(
        sender=Sender.of(settings()),
        return_path=_return_path(),
        connect=lambda: connect(settings()),
        now=clock.now,
        chance=random.random,
        stop=stop,
        pace=pace,
    )


def _return_path() -> Callable[[int], str]:
    """A letter's own, but only where an address for reports was set: not every server takes mail for `name+…`."""
    address = settings().bounce_address
    if address == parseaddr(settings().mail_from)[1]:
        return lambda _letter_id: address
    return lambda letter_id: return_path(address, letter_id, keyring().secret)


def send_once() -> Tally:
    """Send every letter that is due. Refuses where the mail server cannot be reached."""
    try:
        return send_due(_post(lambda: False, time.sleep))
    except Unreachable as error:
        raise console.refuse(str(error), "The letters wait. Check MAIL_URL, then try: flask mail test you@example.com") from error


@mail.command()
@click.option("--loop", is_flag=True, help="Go on until SIGTERM or Ctrl-C, looking each second.")
@console.json_option
def send(loop: bool, as_json: bool) -> None:
    """Send every letter that is due.

    Example: flask mail send --loop
    """
    if loop:
        _loop()
        return
    tally = send_once()
    console.say(_told(tally), asdict(tally), as_json=as_json)


def _told(tally: Tally) -> str:
    where = "" if settings().mail_server else f" (written to {settings().instance / 'outbox'}, as MAIL_URL is not set)"
    more = f", {tally.new} to be tried again, {tally.dead} given up, {tally.dropped} no longer owed"
    return f"Sent {tally.sent}{where}{more if tally.new or tally.dead or tally.dropped else ''}."


def _loop() -> None:
    if not sys.stderr.isatty():
        logs.write_json()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    not_before, pause = clock.now(), timedelta(seconds=1)
    round_ends = not_before
    post = _post(lambda: stop.is_set() or clock.now() >= round_ends, stop.wait)
    while not stop.is_set():
        for callback in callbacks(current_app):
            _guarded(callback)
        if clock.now() >= not_before:
            round_ends = clock.now() + LONGEST_ROUND
            try:
                _guarded(lambda: send_due(post), let_through=Unreachable)
                pause = timedelta(seconds=1)
            except Unreachable as error:
                current_app.logger.error("%s Next attempt in %s s.", error, int(pause.total_seconds()))  # noqa: TRY400 - no stack needed
                not_before, pause = clock.now() + pause, min(pause * 2, LONGEST_PAUSE)
        stop.wait(1)


def _guarded(act: Callable[[], object], let_through: type[Exception] | tuple[()] = ()) -> None:
    """Do `act`; whatever goes wrong is logged by its kind (its words may hold an address), and the loop goes on."""
    try:
        act()
    except let_through:
        raise
    except Exception as error:
        current_app.logger.error("a round failed: %s", type(error).__name__)  # noqa: TRY400
    finally:
        db.session.remove()


@mail.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only letters in this state.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="How many, newest first.")
@console.json_option
def list_(state: str | None, limit: int, as_json: bool) -> None:
    """List the outbox, newest first.

    Example: flask mail list --state dead
    """
    rows = looking.newest(db.session(), state=state, limit=limit)
    cells = [
        [str(row.id), row.kind, str(row.ref), row.state, str(row.attempts), stamp(row.sent_at or row.next_at), row.reason or ""]
        for row in rows
    ]
    words = console.table(["id", "kind", "about", "state", "attempts", "sent or due", "reason"], cells) if rows else "No letters."
    console.say(words, [asdict(row) for row in rows], as_json=as_json)


@mail.command()
@click.argument("letter_id", type=int, required=False)
@click.option("--last", is_flag=True, help="The newest letter.")
@console.json_option
def show(letter_id: int | None, last: bool, as_json: bool) -> None:
    """Print a letter as it would be sent now: address, subject, text.

    Example: flask mail show --last
    """
    if (letter_id is None) != last:
        raise click.UsageError("Name a letter's id, or --last.")
    try:
        row = looking.one(db.session(), letter_id)
    except NoSuchLetter as error:
        raise console.refuse("There is no such letter. `flask mail list` shows what there is.") from error
    letter = write(row.kind, row.ref)
    if letter is None:
        raise console.refuse(f"Letter {row.id} ({row.kind}) is no longer owed; its text is gone with its reason.")
    text = text_of(letter, Sender.of(settings()))
    facts = {**asdict(row), "to": letter.to, "subject": letter.subject, "text": text}
    console.say(f"To: {letter.to}\nSubject: {letter.subject}\n\n{text}", facts, as_json=as_json)


@mail.command()
@click.argument("ids", type=int, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All that are dead or waiting.")
@console.json_option
def retry(ids: tuple[int, ...], everything: bool, as_json: bool) -> None:
    """Make dead and waiting letters due now.

    Example: flask mail retry --all
    """
    if bool(ids) == everything:
        raise click.UsageError("Name letters by their ids, or --all.")
    with writing() as session:
        count = looking.retry(session, ids, now=clock.now())
    if ids and count < len(set(ids)):
        raise console.refuse(f"{count} of {len(set(ids))} are due now; the others were sent, are being sent, or do not exist.")
    console.say(f"{count} due now. They go out with `flask mail send`.", {"due": count}, as_json=as_json)


@mail.command()
@click.argument("address")
@console.json_option
def test(address: str, as_json: bool) -> None:
    """Send a test letter to ADDRESS at once, past the outbox.

    Example: flask mail test you@example.com
    """
    sender = Sender.of(settings())
    letter = Letter(
        to=address,
        subject=f"Test of the mail of {sender.name}",
        parts=(Paragraph("This letter shows that the site can send mail. Nobody needs to do anything."),),
    )
    try:
        with closing(connect(settings())) as transport:
            message = compose(letter, sender, message_id=uuid4().hex, now=clock.now(), encoding=transport.encoding)
            outcome = transport.deliver(message, envelope=sender.envelope, to=address, name=f"test-{uuid4().hex[:8]}")
    except Unreachable as error:
        raise console.refuse(str(error)) from error
    except (ValueError, IndexError) as error:  # what email.headerregistry says of an address that is none
        raise console.refuse(f"{address!r} is not an e-mail address.") from error
    if outcome.fate is not Fate.SENT:
        raise console.refuse(f"The mail server did not take it: {outcome.reason}")
    where = "the mail server" if settings().mail_server else str(settings().instance / "outbox")
    console.say(f"Handed to {where}.", {"sent": True, "to": address}, as_json=as_json)
