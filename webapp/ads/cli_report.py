"""`flask ad report`: what a campaign got, for a person, a spreadsheet, a program, or the advertiser's inbox."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from flask import render_template
from markupsafe import Markup

from webapp import charts, clock, console, csvs
from webapp.ads import drawing, finding, reporting
from webapp.ads.reporting import Figures, Report
from webapp.clock import stamp
from webapp.database import db
from webapp.dates import long_date, long_moment
from webapp.site import settings

COLUMNS = ("day", "ad", "slot", "section", "not counted because", "served", "viewable", "clicks")


@click.command()
@click.argument("slug", metavar="CAMPAIGN")
@click.option("--csv", "as_csv", is_flag=True, help="Print a table for spreadsheets: by day, ad, slot and section.")
@click.option(
    "--html", "page", type=click.Path(path_type=Path, dir_okay=False), help="Write a page with charts, one file, to send to the advertiser."
)
@console.json_option
def report(slug: str, as_csv: bool, page: Path | None, as_json: bool) -> None:
    """Say what CAMPAIGN got: served, viewable, clicks, against its plan, by day, slot and section, and what was not counted.

    Viewable is an ad of which half was in view for a second. Pages write their counts each half second.

    Example: flask ad report coffee-winter --html coffee-winter.html
    """
    if as_csv + as_json + (page is not None) > 1:
        raise click.UsageError("Give only one of --csv, --html and --json.")
    try:
        found = reporting.report(db.session(), finding.find(db.session(), slug), now=clock.now())
    except finding.NoSuchCampaign as error:
        raise console.refuse(str(error)) from error
    if as_csv:
        click.echo(csvs.table(COLUMNS, _lines(found)), nl=False)
    elif page is not None:
        _write(page, in_html(found))
    else:
        console.say(in_words(found), facts(found), as_json=as_json)


def _lines(found: Report) -> list[tuple[object, ...]]:
    return [
        (row.day.isoformat(), row.ad, row.slot, row.section, row.reason, row.figures.served, row.figures.viewable, row.figures.clicks)
        for row in found.rows
    ]


def _write(page: Path, content: str) -> None:
    try:
        page.write_text(content, encoding="utf-8")
    except OSError as error:
        raise console.refuse(f"{page} cannot be written: {error.strerror}. Name a file in a folder of yours.") from error
    click.echo(f"Wrote {page}.", err=True)


def in_html(found: Report) -> str:
    """The report as one file: no script, nothing loaded."""
    zone = ZoneInfo(found.campaign.timezone)

    def date(moment: datetime) -> str:
        return long_date(moment, zone)

    return render_template(
        "ads/report.html",
        report=found,
        campaign=found.campaign,
        style=Markup(charts.STYLE),  # noqa: S704 - our own
        figures=drawing.figures(found),
        counted=drawing.counted(found),
        reasons=reporting.REASONS,
        percent=percent,
        date=date,
        at=long_moment(found.at, zone),
        publisher=settings().site_name,
    )


def percent(share: float | None, places: int = 1) -> str:
    """`61.3 %`; a dash for a share of nothing."""
    return "–" if share is None else f"{100 * share:.{places}f} %"


def in_words(found: Report) -> str:
    """The report for a terminal."""
    campaign, zone = found.campaign, ZoneInfo(found.campaign.timezone)
    counted = drawing.counted(found)
    lines = [
        f"{campaign.title}, for {campaign.advertiser}: {found.phase}",
        f"{long_moment(campaign.starts_at, zone)} to {long_moment(campaign.ends_at, zone)}; as of {long_moment(found.at, zone)}",
    ]
    if campaign.budget:
        lines.append(
            f"Delivered {found.delivered:,} of {campaign.budget:,} {counted}; the plan has {found.plan:,.0f} by now ({percent(found.pace)})"
        )
    lines.append(" | ".join(f"{name} {number}" for name, number in zip(_HEADINGS[1:], _cells(found.total), strict=True)))
    if found.days:
        spark = charts.sparkline([day.figures.towards(campaign.goal) for day in found.days][-90:])
        lines.append(f"{spark}  {counted} by day, to {found.days[-1].day.isoformat()}")
    by_day = {day.day.isoformat(): day.figures for day in found.days}
    for name, parts in (("day", by_day), ("slot", found.slots), ("section", found.sections), ("ad", found.ads)):
        if parts:
            rows = [[key or "(front page)", *_cells(figures)] for key, figures in parts.items()]
            lines += ["", console.table([name, *_HEADINGS[1:]], rows)]
    if found.filtered:
        rows = [[event, f"{number:,}", reporting.REASONS.get(reason, reason)] for event, reason, number in found.filtered]
        lines += ["", console.table(["not counted", "number", "why"], rows)]
    return "\n".join(lines)


_HEADINGS = ("", "served", "viewable", "viewability", "clicks", "CTR")


def _cells(figures: Figures) -> list[str]:
    return [
        f"{figures.served:,}", f"{figures.viewable:,}", percent(figures.viewability), f"{figures.clicks:,}", percent(figures.ctr, 2)
    ]  # fmt: skip


def facts(found: Report) -> dict[str, object]:
    """The report for programs."""
    campaign = found.campaign
    return {
        "campaign": campaign.slug,
        "advertiser": campaign.advertiser,
        "title": campaign.title,
        "state": found.phase,
        "at": stamp(found.at),
        "goal": campaign.goal,
        "budget": campaign.budget,
        "planned": round(found.plan, 1),
        "delivered": found.delivered,
        "pace": found.pace,
        **_numbers(found.total),
        "days": [
            {"day": day.day.isoformat(), **_numbers(day.figures), "planned": round(day.plan, 1), "delivered": day.delivered}
            for day in found.days
        ],
        "slots": {key: _numbers(figures) for key, figures in found.slots.items()},
        "sections": {key: _numbers(figures) for key, figures in found.sections.items()},
        "ads": {key: _numbers(figures) for key, figures in found.ads.items()},
        "filtered": [{"event": event, "reason": reason, "number": number} for event, reason, number in found.filtered],
    }


def _numbers(figures: Figures) -> dict[str, object]:
    return {
        "served": figures.served,
        "viewable": figures.viewable,
        "viewability": figures.viewability,
        "clicks": figures.clicks,
        "ctr": figures.ctr,
    }
