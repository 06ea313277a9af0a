"""A campaign's figures as one HTML page: its style and its charts stand in it, and nothing in it names anybody."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

from flask import render_template
from markupsafe import Markup

from webapp import charts
from webapp.charts import Figure, Series, of_day
from webapp.dates import MONTHS, local_date
from webapp.sweepstakes import telling_stats
from webapp.sweepstakes.counting import LETTER_STATES, Day, Stats
from webapp.sweepstakes.telling import OPERATOR_TRUSTED
from webapp.sweepstakes.telling_stats import by_week
from webapp.sweepstakes.wording import in_words, lasting


def page(found: Stats, *, publisher: str) -> str:
    """The whole document, UTF-8. `publisher`: the name of the site."""
    days, weeks = by_week(found.days)
    return render_template(
        "sweepstakes/report.html",
        found=found,
        seen=found.seen,
        campaign=found.seen.campaign,
        publisher=publisher,
        style=Markup(charts.STYLE),  # noqa: S704 - our own
        days=days,
        weeks=weeks,
        figures=[_entries(days, weeks=weeks), _sums(found)] if days else [],
        median=lasting(timedelta(seconds=found.median)) if found.median is not None else "–",
        telling=telling_stats,
        operator_trusted=OPERATOR_TRUSTED,
        letter_states=LETTER_STATES,
        in_words=in_words,
    )


def _entries(days: Sequence[Day], *, weeks: bool) -> Figure:
    registered = Series(name="registered", values=[one.registered for one in days], hollow=True)
    confirmed = Series(name="confirmed", values=[one.confirmed for one in days])
    most = max(days, key=lambda one: one.registered)
    desc = (
        f"{_long(days[0].day)} to {_long(days[-1].day)}: {sum(one.registered for one in days):,} registered, "
        f"{sum(one.confirmed for one in days):,} confirmed; most registered on {_long(most.day)}, {most.registered:,}. A table has all."
    )
    heading = f"Entries by {'week' if weeks else 'day'}"
    chart = charts.bars([registered, confirmed], [of_day(one.day) for one in days], id="entries", title=heading, desc=desc)
    return Figure(heading, charts.key([registered, confirmed], kind="bar"), chart)


def _sums(found: Stats) -> Figure:
    """What was confirmed up to each day, and where it goes by the projection, if there is one."""
    campaign, projection = found.seen.campaign, found.projection
    zone = ZoneInfo(campaign.timezone)
    sums = list(accumulate(one.confirmed for one in found.days))
    days = [one.day for one in found.days]
    confirmed = Series(name="confirmed, all days together", values=sums)
    desc = f"{sums[-1]:,} confirmed by {_long(days[-1])}."
    series = [confirmed]
    if projection:
        today, close = local_date(found.at, zone), local_date(campaign.closes_at, zone)
        quiet = [days[-1] + timedelta(days=n) for n in range(1, (today - days[-1]).days + 1)]
        ahead = [max(today, days[-1]) + timedelta(days=n) for n in range(1, (close - max(today, days[-1])).days + 1)]
        rest = projection.entries - found.eligible
        reached = [sums[-1] + rest * (n + 1) / len(ahead) for n in range(len(ahead))]
        confirmed = Series(name=confirmed.name, values=[*sums, *(sums[-1] for _ in quiet), *(None for _ in ahead)])
        nothing = [None] * (len(days) + len(quiet) - 1)
        dotted = Series(name="as projected to the close", values=[*nothing, sums[-1], *reached], hollow=True)
        days, series = [*days, *quiet, *ahead], [confirmed, dotted]
        desc += f" {sums[-1] + rest:,} by {_long(close)}, if {projection.basis}."
    chart = charts.lines(series, [of_day(day) for day in days], id="sums", title="Confirmed so far", desc=desc)
    return Figure("Confirmed so far", charts.key(series, kind="line"), chart)


def _long(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"
