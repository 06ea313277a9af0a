"""Dates as readers see them: in SITE_TIMEZONE, in English words, the same on every machine (no locale, no strftime)."""

from datetime import date, datetime, tzinfo

from flask import Flask

from webapp import clock
from webapp.config import Settings

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def init_app(app: Flask, settings: Settings) -> None:
    """The template filters `day`, `date`, `short_date`, `time`, `moment` and `iso`, and the global `today()`."""
    zone = settings.timezone
    app.template_filter("day")(lambda moment: day(moment, zone))
    app.template_filter("date")(lambda moment: long_date(moment, zone))
    app.template_filter("short_date")(lambda moment: short_date(moment, zone))
    app.template_filter("time")(lambda moment: time(moment, zone))
    app.template_filter("moment")(lambda moment: long_moment(moment, zone))
    app.template_filter("iso")(lambda moment: iso(moment, zone))
    app.template_global("today")(clock.now)


def local_date(moment: datetime, zone: tzinfo) -> date:
    """The calendar day on which `moment` falls in `zone`."""
    return moment.astimezone(zone).date()


def day(moment: datetime, zone: tzinfo) -> str:
    """`Sunday 8 December 2024`"""
    return f"{DAYS[local_date(moment, zone).weekday()]} {long_date(moment, zone)}"


def long_date(moment: datetime, zone: tzinfo) -> str:
    """`8 December 2024`"""
    on = local_date(moment, zone)
    return f"{on.day} {MONTHS[on.month - 1]} {on.year}"


def short_date(moment: datetime, zone: tzinfo) -> str:
    """`8 Dec`; the year is added by whoever needs it."""
    on = local_date(moment, zone)
    return f"{on.day} {MONTHS[on.month - 1][:3]}"


def time(moment: datetime, zone: tzinfo) -> str:
    """`21:40`"""
    at = moment.astimezone(zone)
    return f"{at.hour:02}:{at.minute:02}"


def long_moment(moment: datetime, zone: tzinfo) -> str:
    """`8 December 2024, 21:40 UTC`: with the zone's name, or `UTC+03` where it has none but a number."""
    name = moment.astimezone(zone).tzname() or ""
    if name.startswith(("+", "-")):
        name = f"UTC{name}"
    return f"{long_date(moment, zone)}, {time(moment, zone)} {name}"


def iso(moment: datetime, zone: tzinfo) -> str:
    """For `<time datetime>`: to the second, with the zone's offset."""
    return moment.astimezone(zone).replace(microsecond=0).isoformat()
