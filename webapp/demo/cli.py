"""`flask demo`."""

import click

from webapp import console


@click.command()
@click.option("--entrants", type=click.IntRange(0, 10_000_000), default=0, metavar="N", help="Have N made-up entrants.")
@console.json_option
def demo(entrants: int, as_json: bool) -> None:
    """Fill the site with a sample edition, house ads, a campaign and N made-up entrants; safe to repeat.

    Refuses on a public site, and beside a real campaign.

    Example: flask demo --entrants 1000
    """
    from webapp.demo.filling import CAMPAIGN, NotHere, fill
    from webapp.demo.people import enter

    try:
        summary = fill(quiet=as_json)
        entered = enter(CAMPAIGN, entrants, quiet=as_json)
    except NotHere as error:
        raise console.refuse(str(error)) from error
    facts = {"articles": summary.articles, "ads": summary.ads, "campaign": CAMPAIGN, "opened": summary.opened, "entered": entered}
    words = [f"Sample edition: {summary.articles} articles, {summary.ads} house ads.", _campaign(summary.opened)]
    if entrants:
        words.append(f"Made-up entrants: {entrants:,}, of whom {entered:,} were entered now.")
    console.say("\n".join(words), facts, as_json=as_json)


def _campaign(opened: bool) -> str:
    from webapp.demo.filling import CAMPAIGN

    return f"Campaign {CAMPAIGN}: {'open now' if opened else 'was there already'} (operator-trusted, for trying things out)."
