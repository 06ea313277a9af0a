"""`flask ad`: from an advertiser's file to a campaign, how it stands, and its end. Reports are in cli_report."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

import click
from flask import current_app
from sqlalchemy import select

from webapp import clock, console
from webapp.ads import cli_report, finding, importing
from webapp.ads.describing import FaultyAd
from webapp.ads.models import AdCampaign, Creative
from webapp.ads.previewing import GOOD_FOR, make_preview
from webapp.clock import stamp
from webapp.database import db, writing
from webapp.dates import long_moment
from webapp.site import absolute, keyring, settings


@click.group()
def ad() -> None:
    """Advertisers' campaigns: import, list, show, preview, pause, resume, report."""


ad.add_command(cli_report.report)


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what acts refuse into one clear line and exit code 1."""
    try:
        yield
    except (finding.NoSuchCampaign, importing.Settled) as error:
        raise console.refuse(str(error)) from error


@ad.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Check everything and say what would be stored, but store nothing.")
@console.json_option
def import_(file: Path, dry_run: bool, as_json: bool) -> None:
    """Store the campaign that FILE describes, its pictures made anew; safe to repeat.

    What has the same slug is renewed: counts stay, what was paused stays so, and ads that are no longer in FILE are shown no
    more. Pictures must lie in the folder of FILE, or below it. Nothing is stored before everything was found in order.

    Example: flask ad import docs/ad.example.toml
    """
    known = set(db.session.scalars(select(AdCampaign.slug)))
    try:
        draft = importing.prepare(file, now=clock.now(), sections=_sections(), known=known)
    except FaultyAd as error:
        if as_json:
            console.say("", {"faults": [asdict(fault) for fault in error.faults]}, as_json=True)
        raise console.refuse(f"{file} cannot become a campaign:", *(str(fault) for fault in error.faults)) from error
    slug = draft.description.slug
    if dry_run:
        console.say(f"Nothing is wrong with {file}. Nothing was stored.", {"slug": slug, "stored": False}, as_json=as_json)
        return
    try:
        importing.write_pictures(draft, settings().media)
    except OSError as error:
        where = error.filename or settings().media
        raise console.refuse(f"{where}: {error.strerror}. Nothing was stored. Mend that and import again.") from error
    with refusals(), writing() as session:
        done = importing.store(session, draft, now=clock.now())
    campaign = finding.find(db.session(), slug)
    words = [_in_words(campaign), f"{'Stored' if done.new else 'Renewed'} {slug}."]
    words += [f"No longer shown: {', '.join(done.dropped)}."] if done.dropped else []
    words += [f"It is paused: flask ad resume {slug}"] if campaign.state == "paused" else []
    words += [f"Look at it: flask ad preview {slug}"]
    facts = _facts(campaign) | {"stored": True, "new": done.new, "added": done.added, "dropped": done.dropped}
    console.say("\n".join(words), facts, as_json=as_json)


def _sections() -> list[str]:
    """The paper's sections; the news room tells them."""
    return cast(Callable[[], list[str]], current_app.extensions["sections"])()


@ad.command("list")
@console.json_option
def list_(as_json: bool) -> None:
    """List all campaigns, the newest first, with what each has got.

    Example: flask ad list
    """
    sums = finding.totals(db.session())
    campaigns = db.session.scalars(select(AdCampaign).order_by(AdCampaign.starts_at.desc(), AdCampaign.slug)).all()
    rows = []
    for one in campaigns:
        _, viewable, clicks = sums.get(one.id, (0, 0, 0))
        got = clicks if one.goal == "clicks" else viewable
        ordered = f"{one.budget:,} {one.goal}" if one.budget else "house"
        rows.append([one.slug, one.advertiser, finding.phase(one, clock.now()), _when(one, one.ends_at), f"{got:,}", ordered])
    facts = [_facts(one, sums) for one in campaigns]
    words = console.table(["slug", "advertiser", "state", "until", "got", "ordered"], rows) if rows else "There is no campaign yet."
    console.say(words, facts, as_json=as_json)


@ad.command()
@click.argument("slug")
@console.json_option
def show(slug: str, as_json: bool) -> None:
    """Show the campaign SLUG: what was ordered, its ads, and what it has got.

    Example: flask ad show coffee-winter
    """
    with refusals():
        campaign = finding.find(db.session(), slug)
    sums = finding.totals(db.session())
    served, viewable, clicks = sums.get(campaign.id, (0, 0, 0))
    ads = [f"  {_ad_in_words(one)}" for one in finding.creatives(db.session(), campaign)]
    state = f"{finding.phase(campaign, clock.now()).capitalize()}. Served {served:,}, viewable {viewable:,}, clicks {clicks:,}."
    console.say("\n".join([_in_words(campaign), state, "Ads:", *ads]), _facts(campaign, sums), as_json=as_json)


@ad.command()
@click.argument("slug")
@console.json_option
def pause(slug: str, as_json: bool) -> None:
    """Show the campaign SLUG no more, until it is resumed; pages follow within a second or two.

    Example: flask ad pause coffee-winter
    """
    _set(slug, "paused", as_json=as_json)


@ad.command()
@click.argument("slug")
@console.json_option
def resume(slug: str, as_json: bool) -> None:
    """Show the campaign SLUG again. What it missed it makes up for until its end.

    Example: flask ad resume coffee-winter
    """
    _set(slug, "running", as_json=as_json)


def _set(slug: str, state: str, *, as_json: bool) -> None:
    with refusals(), writing() as session:
        changed = finding.set_state(session, slug, state)
    campaign = finding.find(db.session(), slug)
    now = finding.phase(campaign, clock.now())
    words = f"{slug} is {'' if changed else 'already '}{'paused' if state == 'paused' else 'not paused'}."
    if now == "planned":
        words += f" It begins {_when(campaign, campaign.starts_at)}."
    if now == "ended":
        words += f" It ended {_when(campaign, campaign.ends_at)}."
    console.say(words, _facts(campaign) | {"changed": changed}, as_json=as_json)


@ad.command()
@click.argument("slug")
@console.json_option
def preview(slug: str, as_json: bool) -> None:
    """Print a link that shows the ads of campaign SLUG in every slot they can stand in; nothing is counted there.

    The link is good for two weeks. Whoever has it sees the ads as they are stored then.

    Example: flask ad preview coffee-winter
    """
    with refusals():
        campaign = finding.find(db.session(), slug)
    link = absolute(f"/advertising/preview/{make_preview(keyring().secret, campaign.id, clock.now())}")
    console.say(link, {"slug": slug, "link": link, "days": GOOD_FOR}, as_json=as_json)


def _when(campaign: AdCampaign, moment: datetime) -> str:
    return long_moment(moment, ZoneInfo(campaign.timezone))


def _in_words(campaign: AdCampaign) -> str:
    cap = f", at most {campaign.daily_cap:,} a day" if campaign.daily_cap else ""
    counted = "clicks" if campaign.goal == "clicks" else "viewable impressions"
    ordered = f"{campaign.budget:,} {counted}{cap}, {campaign.pacing}" if campaign.budget else "House: fills what paid campaigns leave"
    return "\n".join(
        (
            f"{campaign.slug}: {campaign.title}, for {campaign.advertiser}",
            f"From {_when(campaign, campaign.starts_at)} to {_when(campaign, campaign.ends_at)}",
            f"{ordered}; weight {campaign.weight}, at most {campaign.per_view} on a page",
            f"In {', '.join(campaign.sections) or 'all sections'}",
        )
    )


def _ad_in_words(creative: Creative) -> str:
    what = f"“{creative.headline}”" if creative.headline else ", ".join(sorted(creative.pictures))
    return f"{creative.slug.partition('/')[2]}: {what} → {creative.target}{'' if creative.active else ' (no longer shown)'}"


def _facts(campaign: AdCampaign, sums: dict[int, tuple[int, int, int]] | None = None) -> dict[str, object]:
    served, viewable, clicks = (sums or finding.totals(db.session())).get(campaign.id, (0, 0, 0))
    names = ("slug", "advertiser", "title", "timezone", "goal", "budget", "daily_cap", "pacing", "weight", "priority", "per_view")
    shown = ("slug", "alt", "headline", "text", "target", "pictures", "active")
    return {name: getattr(campaign, name) for name in names} | {
        "sections": campaign.sections,
        "starts_at": stamp(campaign.starts_at),
        "ends_at": stamp(campaign.ends_at),
        "state": finding.phase(campaign, clock.now()),
        "served": served,
        "viewable": viewable,
        "clicks": clicks,
        "creatives": [{name: getattr(one, name) for name in shown} for one in finding.creatives(db.session(), campaign)],
    }
