"""Rounds of the sender: everything that is due, over one connection; and, in a loop, whatever else wants a regular turn."""

from collections.abc import Callable
from contextlib import closing
from contextlib import suppress as suppress_error
from dataclasses import dataclass
from datetime import datetime

from flask import current_app

from webapp.database import db, writing
from webapp.mail.composing import Sender, compose
from webapp.mail.delivering import Fate, Outcome, Transport
from webapp.mail.letters import Letter
from webapp.mail.mailing import anything_to_expand, expand
from webapp.mail.pacing import Pace
from webapp.mail.registered import letters, mailbox_key, mailings
from webapp.mail.sending import Leased, anything_due, lease, settle
from webapp.mail.suppressing import NotAnAddress, suppress, why_kept_back


@dataclass
class Tally:
    """What a round did with how many letters."""

    sent: int = 0
    new: int = 0  # to be tried again
    dead: int = 0
    dropped: int = 0


@dataclass(frozen=True, kw_only=True)
class Post:
    """What a round needs: who writes, the return path of each letter, how to reach the server, the time, chance, how fast, and
    whether to stop."""

    sender: Sender
    return_path: Callable[[int], str]
    connect: Callable[[], Transport]
    now: Callable[[], datetime]
    chance: Callable[[], float]
    stop: Callable[[], bool]
    pace: Pace


def send_due(post: Post) -> Tally:
    """Send everything that is due. Raises Unreachable (then no letter was touched, or the rest was not)."""
    tally = Tally()
    while not post.stop() and _waiting(post):
        # Connecting comes before leasing: a server that is away is no letter's fault, and uses up no lease.
        with closing(post.connect()) as transport:
            _empty(post, transport, tally)
    return tally


def _waiting(post: Post) -> bool:
    """Whether a letter is due; mass mail gets its turn, some hundreds of letters, only when no other is."""
    due = anything_due(db.session(), now=post.now())
    more = not due and anything_to_expand(db.session())
    db.session.rollback()
    if not more:
        return due
    with writing() as session:
        return expand(session, mailings(current_app), now=post.now()) > 0


def _empty(post: Post, transport: Transport, tally: Tally) -> None:
    while transport.usable and not post.stop() and _waiting(post):
        post.pace.wait()
        if post.stop():
            return
        with writing() as session:
            letter = lease(session, now=post.now())
        if letter is None:
            return
        outcome = _send(post, transport, letter)
        with writing() as session:
            state = settle(session, letter, outcome, now=post.now(), chance=post.chance())
        setattr(tally, state, getattr(tally, state) + 1)


def _send(post: Post, transport: Transport, leased: Leased) -> Outcome:
    """Write and hand over one letter. A letter that cannot be written waits for its mend."""
    try:
        letter = write(leased.kind, leased.ref)
        if letter is None:
            return Outcome(Fate.NOT_OWED, "No longer owed")
        kept_back = _kept_back(letter)
        if kept_back:
            return Outcome(Fate.NOT_OWED, f"Suppressed: {kept_back}")
        message = compose(letter, post.sender, message_id=leased.message_id, now=post.now(), encoding=transport.encoding)
        name = f"{leased.id:06d}-{leased.kind}"
        outcome = transport.deliver(message, envelope=post.return_path(leased.id), to=letter.to, name=name)
        if outcome.no_mailbox:
            _never_again(letter, now=post.now())
        return outcome
    except Exception as error:
        # Its words may hold an address, which no log line may: of this fault only the kind is told.
        current_app.logger.error("letter %s (%s) cannot be written: %s", leased.id, leased.kind, type(error).__name__)  # noqa: TRY400
        return Outcome(Fate.LATER, f"It could not be written: {type(error).__name__}")


def _kept_back(letter: Letter) -> str | None:
    try:
        return why_kept_back(db.session(), letter, mailbox_key(current_app))
    finally:
        db.session.rollback()


def _never_again(letter: Letter, *, now: datetime) -> None:
    with suppress_error(NotAnAddress):
        key = mailbox_key(current_app)(letter.to)
        with writing() as session:
            suppress(session, key, "bounce", now=now)


def write(kind: str, ref: int) -> Letter | None:
    """The letter as it would be sent now; None if it is no longer owed."""
    render = letters(current_app)[kind]
    try:
        return render(db.session(), ref)
    finally:
        db.session.rollback()  # no read transaction may outlast this: it would hold up SQLite's checkpoints
