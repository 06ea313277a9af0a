"""`flask sweepstakes close | draw | verify`; `winners` is in cli_winners."""

from pathlib import Path

import click
from sqlalchemy import func, select

from webapp import clock, console
from webapp.database import db, writing
from webapp.draw import AlreadyDrawn, AlreadySealed, Invalid, LogStatus, LogVoid, NotAllowed, NotDue, rank
from webapp.draw import verify as verify_log
from webapp.site import keyring
from webapp.sweepstakes import commanding, telling
from webapp.sweepstakes.agreeing import changed_by_hand
from webapp.sweepstakes.cli_winners import winners
from webapp.sweepstakes.closing import close as close_campaign
from webapp.sweepstakes.creating import BEACON_SECRET
from webapp.sweepstakes.drawing import draw as draw_campaign
from webapp.sweepstakes.drawing import find_beacon, refuse_undrawable
from webapp.sweepstakes.finding import find_opened
from webapp.sweepstakes.models import Campaign, Entrant
from webapp.sweepstakes.wording import counted, when

MOST_OF_A_BEACON = 64 * 1024


@click.command()
@click.argument("slug")
@click.option("--now", "early", is_flag=True, help="Before its time; operator-trusted campaigns only.")
@console.yes_option
@console.json_option
def close(slug: str, early: bool, yes: bool, as_json: bool) -> None:
    """Close SLUG for good: seal the list of its entries. After it no entry can be added or removed.

    Example: flask sweepstakes close win-100 --now --yes
    """
    with commanding.refusals():
        _, log = commanding.opened(slug)
        if log.void:
            raise LogVoid(log.void.reason)
        if log.sealed is None:
            console.ask(f"Seal {slug} with {counted(log.eligible, 'eligible entry', 'eligible entries')}{_pending(slug)}?", yes=yes)
        key = commanding.log_key(log)
        try:
            with writing() as session:
                close_campaign(session, slug, key=key, early=early, actor=commanding.actor(), now=clock.now())
            said = "Sealed."
        except AlreadySealed as error:
            said = f"{error} Nothing was changed."
        except NotDue as error:
            hint = f" It is operator-trusted: `flask sweepstakes close {slug} --now` seals it at once." if log.operator_trusted else ""
            raise console.refuse(f"{error}{hint}") from error
        campaign, log = commanding.opened(slug)
    console.say(
        _sealed_words(campaign, log, said),
        {"slug": slug, "operator_trusted": log.operator_trusted} | (telling.seal_facts(log) or {}),
        as_json=as_json,
    )


def _pending(slug: str) -> str:
    waiting = select(func.count()).select_from(Entrant).join(Campaign).where(Campaign.slug == slug, Entrant.state == "pending")
    number = db.session().scalar(waiting)
    return f"; {counted(number, 'registration')} not confirmed will not count" if number else ""


def _sealed_words(campaign: Campaign, log: LogStatus, said: str) -> str:
    assert log.sealed is not None  # noqa: S101 - it was sealed just now, or before
    lines = telling.in_lines(
        [
            ("Entries", f"{log.sealed.entries:,}, {log.sealed.eligible:,} eligible"),
            ("Size", f"{log.sealed.size:,}"),
            ("Root", log.sealed.root.hex()),
            ("Draw", "from now on" if log.sealed.draws_at <= log.sealed.at else when(log.sealed.draws_at, campaign.timezone)),
        ]
    )
    late = f"\nLate seal: the draw moved to {when(log.sealed.draws_at, campaign.timezone)}." if log.sealed.late else ""
    then = f"\n\nThen: flask sweepstakes draw {campaign.slug}" if log.sealed.eligible and log.result is None else ""
    return telling.trusted(f"{said}\n{lines}{late}{then}", operator=log.operator_trusted)


DRAWN = "Drawn."
DRAWN_BEFORE = "Drawn before; this is the first result, and nothing was changed."


@click.command()
@click.argument("slug")
@click.option(
    "--beacon",
    "given",
    metavar="HEX|FILE",
    help="drand's signature in hex, or a file with it or with a relay's JSON. Left out, it is fetched.",
)
@console.json_option
def draw(slug: str, given: str | None, as_json: bool) -> None:
    """Draw the winners of SLUG. Only the first time: later it prints the same result.

    drand's signature is fetched from its relays and verified; without a network, give it with --beacon.

    Example: flask sweepstakes draw win-100
    """
    with commanding.refusals():
        campaign, log = commanding.opened(slug)
        said = DRAWN_BEFORE if log.result else _draw(campaign, log, given, quiet=as_json)
        campaign, log = commanding.opened(slug)
    facts = {"slug": slug, "operator_trusted": log.operator_trusted, "first": said == DRAWN} | (telling.result_facts(log) or {})
    console.say(_result_words(log, said), facts, as_json=as_json)


def _draw(campaign: Campaign, log: LogStatus, given: str | None, *, quiet: bool) -> str:
    slug, keys = campaign.slug, keyring()
    refuse_undrawable(log, clock.now())
    beacon = find_beacon(
        campaign, log, _beacon_text(given), unseal=lambda sealed: keys.unseal(BEACON_SECRET, sealed), fetch=commanding.fetched
    )
    key = commanding.log_key(log)
    try:
        with console.progress("Drawing", log.size, quiet=quiet) as progress:
            ranking = rank(db.session(), slug, beacon, now=clock.now(), progress=progress)
        with writing() as session:
            draw_campaign(session, slug, key=key, beacon=beacon, ranking=ranking, actor=commanding.actor(), now=clock.now())
    except AlreadyDrawn:  # by another command, between our look and our turn
        return DRAWN_BEFORE
    return DRAWN


def _beacon_text(given: str | None) -> str | None:
    """What --beacon holds or names."""
    if given is None:
        return None
    try:
        path = Path(given)
        if len(given) < 4096 and path.is_file():
            with path.open("rb") as file:
                return file.read(MOST_OF_A_BEACON).decode("utf-8", errors="replace")
    except (OSError, ValueError) as error:
        raise console.refuse(f"--beacon: the file cannot be read ({error}).") from error
    if "/" in given or given.endswith((".json", ".txt")):
        raise console.refuse(f"--beacon: there is no file {given}.")
    return given


def _result_words(log: LogStatus, said: str) -> str:
    assert log.result is not None and log.sealed is not None  # noqa: S101 - the caller has drawn
    winning = {winner.rank for winner in log.winners}
    rows = [
        [str(place.rank), f"{place.index:,}", place.ticket.hex(), "winner" if place.rank in winning else "alternate"]
        for place in log.result.ranking
    ]
    entries = ", ".join(f"{winner.index:,}" for winner in log.winners) or "none"
    late = " Late seal." if log.sealed.late else ""
    head = f"{said} From {counted(log.sealed.eligible, 'eligible entry', 'eligible entries')}.{late}\nWinning entry number: {entries}"
    return telling.trusted(f"{head}\n\n{console.table(['rank', 'entry', 'ticket', ''], rows)}", operator=log.operator_trusted)


@click.command()
@click.argument("slug")
@console.json_option
def verify(slug: str, as_json: bool) -> None:
    """Recompute the whole log of SLUG from its own rows: leaves, tree, signatures, seal, tickets, ranking; and what its campaign says.

    Example: flask sweepstakes verify win-100
    """
    with commanding.refusals():
        campaign = find_opened(db.session(), slug)
        rules, log = (campaign.rules or "").encode(), _log_if_readable(slug)
        vkey, size = (commanding.log_key(log).vkey, log.size) if log else (None, 0)
        try:
            with console.progress("Verifying", size, quiet=as_json) as progress:
                found = verify_log(db.session(), slug, rules=rules, vkey=vkey, progress=progress)
        except Invalid as error:
            raise console.refuse(f"invalid: {error}") from error
        except ChildProcessError as error:
            raise console.refuse(str(error)) from error
        if log and changed_by_hand(db.session(), campaign, log):
            db.session.rollback()  # or sealed, drawn, settled since they were read: they are held against each other as they are now
            if wrong := changed_by_hand(db.session(), *commanding.opened(slug)):
                raise console.refuse(f"invalid: {wrong}")
    facts = {
        "slug": slug,
        "operator_trusted": found.operator_trusted,
        "verdict": found.verdict,
        "size": found.size,
        "root": found.root.hex(),
        "entries": found.entries,
        "eligible": found.eligible,
        "late": found.late,
        "ranking": [place.index for place in found.ranking],
    }
    words = f"{found.verdict}{' (late seal)' if found.late else ''}: {counted(found.size, 'leaf', 'leaves')}, root {found.root.hex()}"
    console.say(telling.trusted(words, operator=found.operator_trusted), facts, as_json=as_json)


def _log_if_readable(slug: str) -> LogStatus | None:
    """None for one that is missing, or so damaged that only verifying can say where."""
    try:
        return commanding.opened(slug)[1]
    except NotAllowed:
        return None


COMMANDS = (close, draw, winners, verify)
