"""From an advertiser's TOML file to a campaign that can be stored, or to all of its faults at once."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from webapp.toml_tables import Fault, Table, Wrong, read_toml
from webapp.toml_values import choice, moment_in, shown, text, whole, zone

LONGEST_TARGET = 2000
MOST_CREATIVES = 50
MOST = 10**12
_CAMPAIGN = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_CREATIVE = re.compile(r"[a-z0-9][a-z0-9-]{0,21}")
_HOST = re.compile(r"(?!-)([a-z0-9-]{1,63}(?<!-)\.)+[a-z][a-z0-9-]{0,62}(?<!-)", re.IGNORECASE)
_EXAMPLE = '"https://coffee.example/winter"'


class FaultyAd(Exception):
    """The file cannot become a campaign; `faults` says all that is wrong with it."""

    def __init__(self, faults: Collection[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, kw_only=True)
class CreativeText:
    """A creative as its file says it: `pictures` are paths; beside a `headline` there is one or none."""

    slug: str
    alt: str
    target: str
    headline: str | None
    text: str | None
    pictures: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Description:
    """What a file says, its pictures not looked at yet; the words are those of AdCampaign. Moments are in UTC."""

    slug: str
    advertiser: str
    title: str
    timezone: str
    starts_at: datetime
    ends_at: datetime
    goal: str
    budget: int
    daily_cap: int | None
    pacing: str
    weight: int
    priority: str
    sections: tuple[str, ...]
    per_view: int
    creatives: tuple[CreativeText, ...]


def describe(
    source: bytes, faults: list[Fault], *, now: datetime, sections: Collection[str], known: Collection[str]
) -> tuple[Description | None, tuple[CreativeText, ...]]:
    """The description in a TOML file's bytes, None where a fault keeps it from being one, and its creatives as far as they can be read.

    All that is wrong is added to `faults`. `sections`: those that the paper has; `known`: slugs of stored campaigns, which may be over.
    """
    try:
        table = Table(read_toml(source, example="docs/ad.example.toml"), faults)
    except Wrong as wrong:
        faults.append(Fault("file", wrong.problem, wrong.mend))
        return None, ()
    slug = table.read("slug", _slug(_CAMPAIGN, 40), '"coffee-winter"')
    advertiser = table.read("advertiser", text(120), '"Harbor Coffee Roasters"')
    title = table.read("title", text(200), '"Winter roast"')
    wall = table.read("timezone", zone, '"America/New_York"')
    moment = moment_in(wall or zone("UTC"))  # a missing zone is a fault already; the times are still looked at
    starts_at = table.read("starts_at", moment, "2026-12-01T00:00:00")
    ends_at = table.read("ends_at", moment, "2026-12-24T00:00:00")
    if starts_at and ends_at and ends_at <= starts_at:
        table.fault("ends_at", "is not after starts_at", "Write a later time.")
    elif ends_at and ends_at <= now and slug not in known:
        table.fault("ends_at", "is in the past", "Write a time to come.")
    goal = table.maybe("goal", choice("viewable", "clicks"), "viewable")
    priority = table.maybe("priority", choice("paid", "house"), "paid")
    budget = _budget(table, priority)
    daily_cap = table.maybe("daily_cap", whole(1, MOST), None)
    if daily_cap and budget and daily_cap > budget:
        table.fault("daily_cap", f"is more than the whole budget of {budget:,}", "Write less, or leave it out.")
    pacing = table.maybe("pacing", choice("even", "asap"), "even")
    weight = table.maybe("weight", whole(1, 100), 1)
    per_view = table.maybe("per_view", whole(1, 4), 1)
    everywhere: tuple[str, ...] = ()
    chosen = table.maybe("sections", lambda value: _sections(value, sections), everywhere)
    creatives = _creatives(table)
    table.refuse_unknown()
    if not (slug and advertiser and title and wall and starts_at and ends_at and goal and priority and pacing and weight and per_view):
        return None, creatives
    found = Description(
        slug=slug,
        advertiser=advertiser,
        title=title,
        timezone=wall.key,
        starts_at=starts_at,
        ends_at=ends_at,
        goal=goal,
        budget=budget or 0,
        daily_cap=daily_cap,
        pacing=pacing,
        weight=weight,
        priority=priority,
        sections=chosen or (),
        per_view=per_view,
        creatives=creatives,
    )
    return found, creatives


def _budget(table: Table, priority: str | None) -> int | None:
    """Ordered are so many; a house campaign fills what paid ones leave, so nobody orders a number of it."""
    if priority != "house":
        return table.read("budget", whole(1, MOST), "20000")
    for key in ("budget", "daily_cap"):
        if key in table.values:
            table.fault(key, "is no part of a house campaign, which fills what paid ones leave", "Leave it out, or make it paid.")
    table.known.append("budget")
    return 0


def _slug(pattern: re.Pattern[str], longest: int) -> Callable[[object], str]:
    def parse(value: object) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise Wrong(f"{shown(value)} is not a short name", f'Write up to {longest} of a–z, 0–9 and -: "coffee-winter".')
        return value

    return parse


def _sections(value: object, known: Collection[str]) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Wrong(f"{shown(value)} is not a list of names", 'Write for example ["World", "Sport"].')
    missing = [one for one in value if one not in known]
    if missing:
        there = f"There are: {', '.join(sorted(known)[:20])}." if known else "There are none yet: import articles first."
        raise Wrong(f"no article stands in {', '.join(map(shown, missing))}", there)
    return tuple(dict.fromkeys(value))


def _creatives(table: Table) -> tuple[CreativeText, ...]:
    table.known.append("creatives")
    values = table.values.get("creatives")
    if not isinstance(values, list) or not values or not all(isinstance(one, dict) for one in values):
        table.fault("creatives", "are missing", "Write a line [[creatives]] for each ad and under it its slug, target and pictures.")
        return ()
    if len(values) > MOST_CREATIVES:
        table.fault("creatives", f"are {len(values)}", f"Write at most {MOST_CREATIVES}.")
        return ()
    found = [_creative(Table(one, table.faults, f"creatives[{number}]")) for number, one in enumerate(values, 1)]
    slugs = [one.slug for one in found if one]
    for twice in sorted({slug for slug in slugs if slugs.count(slug) > 1}):
        table.fault("creatives", f"two are called {twice!r}", "Give each its own slug.")
    return tuple(one for one in found if one)


def _creative(table: Table) -> CreativeText | None:
    slug = table.read("slug", _slug(_CREATIVE, 22), '"cup"')
    target = table.read("target", web_address, _EXAMPLE)
    headline = table.maybe("headline", text(60), None)
    words = table.maybe("text", text(140), None)
    in_words = "headline" in table.values or "text" in table.values
    if in_words and "headline" not in table.values:
        table.fault("headline", "is missing", 'Write the ad\'s first line, for example headline = "Winter roast is here"')
    alt = table.maybe("alt", text(300), "") if in_words else table.read("alt", text(300), '"A cup of coffee, and the words: winter roast"')
    pictures = _paths(table, one=in_words)
    table.refuse_unknown()
    if slug is None or target is None or alt is None or pictures is None:
        return None
    return CreativeText(slug=slug, alt=alt, target=target, headline=headline, text=words, pictures=pictures)


def _paths(table: Table, *, one: bool) -> tuple[str, ...] | None:
    table.known += ["picture"] if one else ["pictures"]
    if one:
        value = table.values.get("picture")
        if value is None or (isinstance(value, str) and value):
            return (value,) if value else ()
        table.fault("picture", f"{shown(value)} is not a file's name", 'Write for example picture = "pictures/cup.png".')
        return None
    files = table.values.get("pictures")
    if not isinstance(files, list) or not files or not all(isinstance(name, str) and name for name in files) or len(files) > 8:
        table.fault("pictures", "are missing or no list of files", 'Write for example pictures = ["cup-300x250.png", "cup-728x90.png"].')
        return None
    return tuple(files)


def web_address(value: object) -> str:
    """An https address of a public host, in plain ASCII, that goes into a Location header as it is."""
    if not isinstance(value, str) or not value.startswith("https://"):
        raise Wrong(f"{shown(value)} is not an https address", f"Write for example {_EXAMPLE}.")
    if len(value) > LONGEST_TARGET:
        raise Wrong(f"has {len(value):,} characters", f"Write at most {LONGEST_TARGET:,}.")
    if not value.isascii():
        raise Wrong(f"{shown(value)} is not plain ASCII", "Write the host beginning with xn--, other letters as %C3%A9.")
    if any(not 32 < ord(sign) < 127 or sign in '\\"<>^`{|}' for sign in value):
        raise Wrong(f"{shown(value)} holds spaces, control characters or signs that no address has", "Write them as %20 and the like.")
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise Wrong(f"{shown(value)} is not an address", f"Write for example {_EXAMPLE}.") from None
    if "@" in parts.netloc:
        raise Wrong(f"{shown(value)} holds a user's name before the host", "Write the host alone behind https://.")
    if port == 0 or not _HOST.fullmatch(parts.hostname or "") or len(parts.hostname or "") > 253:
        raise Wrong(f"{shown(value)} names no host that readers could reach", f"Write for example {_EXAMPLE}.")
    return value
