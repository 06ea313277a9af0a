"""`flask sweepstakes forfeit | award | paid | void`: each one a line in the public log, none to be taken back."""

from collections.abc import Callable

import click

from webapp import clock, console
from webapp.database import writing
from webapp.draw import Appended
from webapp.sweepstakes import commanding, settling, telling
from webapp.sweepstakes.describing import MOST_PLACES
from webapp.sweepstakes.finding import SLUG
from webapp.sweepstakes.wording import in_words

slug_argument = click.argument("slug")
rank_argument = click.argument("rank", type=click.IntRange(1, MOST_PLACES))


@click.command()
@slug_argument
@rank_argument
@click.option("--reason", required=True, type=click.Choice(settling.FORFEITS), help="A code; it becomes public.")
@console.yes_option
@console.json_option
def forfeit(slug: str, rank: int, reason: str, yes: bool, as_json: bool) -> None:
    """Take the prize from RANK; it goes to the lowest rank that has none.

    Example: flask sweepstakes forfeit win-100 1 --reason no_answer
    """
    question = f"Take the prize of {slug} from rank {rank} ({in_words(reason)})?"
    _step(slug, question, yes, as_json, lambda **by: settling.forfeit(rank=rank, reason=reason, **by))


@click.command()
@slug_argument
@rank_argument
@console.yes_option
@console.json_option
def award(slug: str, rank: int, yes: bool, as_json: bool) -> None:
    """Say publicly that RANK was found to meet the rules and gets the prize.

    Example: flask sweepstakes award win-100 1
    """
    _step(slug, f"Award the prize of {slug} to rank {rank}?", yes, as_json, lambda **by: settling.award(rank=rank, **by))


@click.command()
@slug_argument
@rank_argument
@console.yes_option
@console.json_option
def paid(slug: str, rank: int, yes: bool, as_json: bool) -> None:
    """Say publicly that RANK has received the prize.

    Example: flask sweepstakes paid win-100 1
    """
    _step(slug, f"Say that rank {rank} of {slug} has its prize?", yes, as_json, lambda **by: settling.paid(rank=rank, **by))


def _code(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not SLUG.fullmatch(value):
        raise click.BadParameter(
            "a code of a–z, 0–9, _ and -, never free text: it becomes public. For example nobody_eligible, beacon_missing."
        )
    return value


@click.command()
@slug_argument
@click.option(
    "--reason", required=True, callback=_code, help="A code such as nobody_eligible, beacon_missing, key_lost; it becomes public."
)
@console.yes_option
@console.json_option
def void(slug: str, reason: str, yes: bool, as_json: bool) -> None:
    """End SLUG without a draw, for good. Possible before the draw only.

    Example: flask sweepstakes void win-100 --reason nobody_eligible
    """
    _step(
        slug,
        f"Void {slug} ({in_words(reason)})? It can then never be drawn.",
        yes,
        as_json,
        lambda **by: settling.void(reason=reason, **by),
    )


def _step(slug: str, question: str, yes: bool, as_json: bool, act: Callable[..., Appended]) -> None:
    """Ask, act, commit, show what became of the campaign."""
    with commanding.refusals():
        _, log = commanding.opened(slug)
        console.ask(question, yes=yes)
        key, actor = commanding.log_key(log), commanding.actor()
        with writing() as session:
            act(session=session, slug=slug, key=key, actor=actor, now=clock.now())
        seen = commanding.look(slug)
    rows = [[str(place.rank), f"{place.entry:,}", place.standing] for place in seen.places]
    result = f"\n\n{console.table(['rank', 'entry', 'status'], rows)}" if rows else ""
    state = f"{slug} is {seen.label.lower()}{f': {seen.void_reason}' if seen.void_reason else ''}."
    console.say(telling.trusted(f"Done. {state}{result}", operator=seen.operator_trusted), telling.facts(seen), as_json=as_json)


COMMANDS = (forfeit, award, paid, void)
