"""`flask entrant review`: what to look at before the list is sealed."""

from typing import Any

import click

from webapp import clock, console
from webapp.clock import stamp
from webapp.database import db
from webapp.site import keyring
from webapp.sweepstakes.commanding import refusals
from webapp.sweepstakes.finding import find
from webapp.sweepstakes.models import Campaign
from webapp.sweepstakes.plans import REVIEW
from webapp.sweepstakes.retention import NETWORK
from webapp.sweepstakes.reviewing import Cluster, number_in
from webapp.sweepstakes.reviewing import review as review_entrants
from webapp.sweepstakes.wording import counted, when

TITLES = {
    "minute": "Registered in the same minute (UTC)",
    "network": "From the same network (kept for {days} days)",
    "domain": "With the same mail domain (large providers left out)",
    "name": "Under names that look alike",
    "address": "With addresses that differ in digits, dots or tags only",
    "tag": "With a +tag at a provider that may or may not ignore it (any number)",
    "disposable": "At providers of throw-away addresses (any number)",
    "script": "At domains that pass for others by letters of another alphabet (any number)",
}
SHOWN_ENTRIES = 6


@click.command()
@click.argument("campaign")
@click.option("--at-least", type=click.IntRange(2), default=5, show_default=True, help="How many make a cluster.")
@click.option("--top", type=click.IntRange(1), default=10, show_default=True, help="How many clusters of a kind; --json has all.")
@console.json_option
def review(campaign: str, at_least: int, top: int, as_json: bool) -> None:
    """Show entries of CAMPAIGN that one hand may have made. They are for you to judge: nothing is excluded by it.

    Example: flask entrant review win-100 --at-least 3
    """
    with refusals():
        contest = find(db.session(), campaign)
        total = number_in(db.session(), campaign)
        with console.progress("Reading", total, quiet=as_json) as progress:
            found = review_entrants(db.session(), campaign, keys=keyring(), at_least=at_least, progress=progress)
    tables = [_table(kind, [cluster for cluster in found if cluster.kind == kind], top) for kind in TITLES]
    none = [] if found else [f"No cluster of {at_least} or more."]
    words = [f"{campaign}: {counted(total, 'entrant')} pending or confirmed.", *(table for table in tables if table), *none, _end(contest)]
    facts = {"campaign": campaign, "entrants": total, "at_least": at_least, "clusters": [_facts(cluster) for cluster in found]}
    console.say("\n\n".join(words), facts, as_json=as_json)


def _table(kind: str, found: list[Cluster], top: int) -> str:
    if not found:
        return ""
    rows = [
        [cluster.key, f"{cluster.number:,}", f"{len(cluster.entries):,}", stamp(cluster.first), stamp(cluster.last), _some(cluster.entries)]
        for cluster in found[:top]
    ]
    more = f"\n… and {len(found) - top:,} more: --top {len(found)}" if len(found) > top else ""
    title = TITLES[kind].format(days=NETWORK.days)
    return f"{title}\n{console.table(['what', 'number', 'confirmed', 'first', 'last', 'entries'], rows)}{more}"


def _some(entries: tuple[int, ...]) -> str:
    more = ["…"] if len(entries) > SHOWN_ENTRIES else []
    return " ".join([*(str(entry) for entry in entries[:SHOWN_ENTRIES]), *more])


def _facts(cluster: Cluster) -> dict[str, Any]:
    return vars(cluster) | {"entries": list(cluster.entries), "first": stamp(cluster.first), "last": stamp(cluster.last)}


def _end(campaign: Campaign) -> str:
    last = campaign.seals_at - REVIEW
    if campaign.state != "open" or clock.now() >= last:
        return "Nothing can be excluded any more." if campaign.state != "draft" else "It is not open yet."
    return (
        f"Nothing was excluded. People share offices, schools and names: look closely. Exclusions end {when(last, campaign.timezone)}; "
        "each needs a reason code, which becomes public."
    )
