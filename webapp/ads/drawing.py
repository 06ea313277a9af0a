"""The charts of a campaign's report."""

from webapp import charts
from webapp.ads.reporting import Report
from webapp.charts import Figure, Series, of_day


def figures(found: Report) -> list[Figure]:
    """What was delivered, against the plan (if there is one) and by day; nothing before the first day."""
    if not found.days:
        return []
    return [*([_against_plan(found)] if found.campaign.budget else []), _daily(found)]


def counted(found: Report) -> str:
    """What the campaign is for."""
    return "clicks" if found.campaign.goal == "clicks" else "viewable impressions"


def _against_plan(found: Report) -> Figure:
    """The sums up to the end of each day, from nothing."""
    delivered = Series(name="delivered", values=[0, *(day.delivered for day in found.days)])
    planned = Series(name="planned", values=[0, *(day.plan for day in found.days)], hollow=True)
    heading, series = "Delivered against plan", [planned, delivered]
    desc = f"{found.delivered:,} {counted(found)} by {of_day(found.days[-1].day)}; the plan has {found.plan:,.0f}."
    chart = charts.lines(series, ["", *(of_day(day.day) for day in found.days)], id="against-plan", title=heading, desc=desc)
    return Figure(heading, charts.key(series, kind="line"), chart)


def _daily(found: Report) -> Figure:
    days = Series(name=counted(found), values=[day.figures.towards(found.campaign.goal) for day in found.days])
    heading = f"{counted(found).capitalize()} by day"
    chart = charts.bars([days], [of_day(day.day) for day in found.days], id="by-day", title=heading, desc="A table has the numbers.")
    return Figure(heading, charts.key([days], kind="bar"), chart)
