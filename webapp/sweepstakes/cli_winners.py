"""`flask sweepstakes winners`: who holds the prizes, for the admin, for machines, and as a list to file."""

import click
from sqlalchemy import select

from webapp import clock, console, csvs
from webapp.clock import stamp
from webapp.database import db, writing
from webapp.draw import LogStatus, Winner
from webapp.site import keyring
from webapp.sweepstakes import commanding, telling
from webapp.sweepstakes.claiming import read_claim
from webapp.sweepstakes.finding import find_opened, note
from webapp.sweepstakes.models import Campaign, Entrant
from webapp.sweepstakes.sealed import EMAIL, NAME
from webapp.sweepstakes.wording import counted

COLUMNS = ("rank", "entry", "name", "email", "state", "offered_at", "answer_by", "public_name", "claimed")
CONTACT = ("address", "city", "region", "postcode", "payout", "given_at", "changed_at")
AUDITED = "That you looked at these claims is in the audit trail."


@click.command()
@click.argument("slug")
@click.option("--contact", is_flag=True, help="With the claims: postal address and payout. The audit trail notes it.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV for spreadsheets.")
@console.json_option
def winners(slug: str, contact: bool, as_csv: bool, as_json: bool) -> None:
    """Who holds the prizes of SLUG now: entry number, name, e-mail address, and until when the prize can be claimed.

    Example: flask sweepstakes winners win-100 --contact
    """
    if as_csv and as_json:
        raise click.UsageError("Ask for --csv or for --json.")
    with commanding.refusals():
        campaign, log = commanding.opened(slug)
        if log.result is None:
            raise console.refuse(f"{slug} has no result yet: the draw comes first.")
        found = [_winner(campaign, winner, contact=contact) for winner in log.winners]
        if contact:
            _leave_a_trace(slug, [winner.index for winner in log.winners])
    if as_csv:
        click.echo(_csv(slug, found, contact=contact), nl=False)
        return
    answer = {"slug": slug, "operator_trusted": log.operator_trusted, "winners": found, "not_awarded": log.not_awarded}
    console.say(telling.trusted(_words(log, found, contact=contact), operator=log.operator_trusted), answer, as_json=as_json)


def _leave_a_trace(slug: str, entries: list[int]) -> None:
    """Before anything is shown: what is not noted is not seen."""
    with writing() as session:
        note(session, find_opened(session, slug), "contact", {"entries": entries}, actor=commanding.actor(), now=clock.now())


def _winner(campaign: Campaign, winner: Winner, *, contact: bool) -> dict[str, object]:
    entrant = (
        db.session().scalars(select(Entrant).where(Entrant.campaign_id == campaign.id, Entrant.entry_index == winner.index)).one_or_none()
    )
    claim = read_claim(db.session(), entrant.id, keys=keyring()) if entrant else None

    def opened(column: str, sealed: bytes | None) -> str:
        return keyring().unseal(column, sealed) if sealed else "(erased)"

    facts: dict[str, object] = {
        "rank": winner.rank,
        "entry": winner.index,
        "name": opened(NAME, entrant.name if entrant else None),
        "email": opened(EMAIL, entrant.email if entrant else None),
        "state": winner.state,
        "offered_at": stamp(winner.offered_at),
        "answer_by": stamp(winner.answer_by),
        "public_name": claim.details.public_name if claim else None,
        "claimed": claim is not None,
    }
    if contact:
        given = claim and {**claim.details._asdict(), "given_at": stamp(claim.given_at), "changed_at": stamp(claim.changed_at)}
        facts["claim"] = {name: given[name] for name in CONTACT} if given else None
    return facts


def _words(log: LogStatus, found: list[dict[str, object]], *, contact: bool) -> str:
    rows = [
        [str(fact[name]) for name in ("rank", "entry", "name", "email", "state", "answer_by")] + ["yes" if fact["claimed"] else "no"]
        for fact in found
    ]
    words = console.table(["rank", "entry", "name", "e-mail", "state", "has until", "claimed"], rows) if rows else "Nobody holds a prize."
    if log.not_awarded:
        words += f"\n{counted(log.not_awarded, 'prize')} not awarded: no alternate is left."
    if contact:
        words += "".join(
            f"\n\nRank {fact['rank']}, entry {fact['entry']}:\n{_claim_words(fact['claim'], fact['public_name'])}" for fact in found
        )
        words += f"\n\n{AUDITED}"
    return words


def _claim_words(claim: object, public_name: object) -> str:
    if not isinstance(claim, dict):
        return "  nothing claimed yet"
    address = "\n".join(f"  {line}" for line in claim["address"].splitlines())
    town = f"{claim['city']}, {claim['region']} {claim['postcode']}"
    public = f"\n  to be published, once awarded, as: {public_name}" if public_name else ""
    return f"{address}\n  {town}\n  payout: {claim['payout']}; given {claim['given_at']}{public}"


def _csv(slug: str, found: list[dict[str, object]], *, contact: bool) -> str:
    rows = [[slug, *(_cell(fact[name]) for name in COLUMNS), *(_claim_cells(fact["claim"]) if contact else ())] for fact in found]
    return csvs.table(["campaign", *COLUMNS, *(CONTACT if contact else ())], rows)


def _claim_cells(claim: object) -> list[object]:
    return [claim[name] if isinstance(claim, dict) else None for name in CONTACT]


def _cell(value: object) -> object:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
