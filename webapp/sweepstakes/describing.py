"""From a campaign's TOML file to a description that can be created, or to all of its faults at once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from webapp.sweepstakes.parsing import amount, currency, slug
from webapp.sweepstakes.wording import counted, when
from webapp.toml_tables import LONGEST_FILE, Fault, Table, Wrong, read_toml
from webapp.toml_values import choice, moment_in, text, truth, whole, zone

__all__ = ["LONGEST_FILE", "Description", "FaultyDescription", "describe"]

LATE_HOURS = 48
SEAL_AFTER = timedelta(hours=72)
DRAW_AFTER = timedelta(hours=24)
DRAW_AT_LEAST_AFTER = timedelta(hours=1)
MOST_PLACES = 500
YOUNGEST = 13  # COPPA: a child's address may not be kept without a parent's word


class FaultyDescription(Exception):
    """The file cannot become a campaign; `faults` says all that is wrong with it."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


@dataclass(frozen=True, kw_only=True)
class Description:
    """What a campaign's file says, checked. Moments are in UTC; `prize_minor` is in the currency's minor unit.

    `regions` completes "legal residents of …"; `conditions` are further sentences on eligibility; `law` completes "the law of …".
    `retail`: the sponsor is a retail establishment, to which more laws apply.
    """

    slug: str
    title: str
    prize: str
    prize_minor: int
    currency: str
    timezone: str
    opens_at: datetime
    closes_at: datetime
    confirm_until: datetime
    seals_at: datetime
    draws_at: datetime
    winners: int
    alternates: int
    claim_days: int
    sponsor: str
    sponsor_address: str
    law: str | None
    retail: bool
    minimum_age: int
    regions: str
    conditions: str | None
    beacon: str


@dataclass(frozen=True)
class _Times:
    opens_at: datetime
    closes_at: datetime
    confirm_until: datetime
    seals_at: datetime
    draws_at: datetime


def describe(source: bytes, *, now: datetime) -> Description:
    """The description in a TOML file's bytes. Raises FaultyDescription with every fault."""
    faults: list[Fault] = []
    try:
        table = Table(read_toml(source, example="docs/campaign.example.toml"), faults)
    except Wrong as wrong:
        raise FaultyDescription((Fault("file", wrong.problem, wrong.mend),)) from wrong
    address = table.read("slug", slug, '"win-100"')
    title = table.read("title", text(120), '"Win $100"')
    prize = table.read("prize", text(300), '"One hundred US dollars"')
    code = table.read("currency", currency, '"USD"')
    prize_minor = table.read("value", amount(code), '"100.00"')
    wall = table.read("timezone", zone, '"America/New_York"')
    times = _times(table, wall, now)
    winners = table.maybe("winners", whole(1, MOST_PLACES), 1)
    alternates = table.maybe("alternates", whole(0, MOST_PLACES), 5)
    if winners is not None and alternates is not None and winners + alternates > MOST_PLACES:
        table.fault("alternates", f"winners and alternates together are {winners + alternates}", f"Write at most {MOST_PLACES} in all.")
    claim_days = table.maybe("claim_days", whole(1, 365), 14)
    sponsor, sponsor_address, law, retail = _sponsor(table.table("sponsor", 'name = "The Daily Draw Publishing Co."'))
    minimum_age, regions, conditions = _eligibility(table.table("eligibility", "minimum_age = 18"))
    beacon_table = table.table("beacon", 'kind = "drand"')
    beacon = beacon_table.read("kind", choice("drand", "operator"), '"drand"')
    beacon_table.refuse_unknown()
    table.refuse_unknown()
    if faults:
        raise FaultyDescription(tuple(faults))
    # Every reader that returned None has noted a fault.
    assert address and title and prize and code and prize_minor and wall and times and winners and claim_days  # noqa: S101
    assert alternates is not None and sponsor and sponsor_address and minimum_age and regions and beacon  # noqa: S101
    return Description(
        slug=address,
        title=title,
        prize=prize,
        prize_minor=prize_minor,
        currency=code,
        timezone=wall.key,
        opens_at=times.opens_at,
        closes_at=times.closes_at,
        confirm_until=times.confirm_until,
        seals_at=times.seals_at,
        draws_at=times.draws_at,
        winners=winners,
        alternates=alternates,
        claim_days=claim_days,
        sponsor=sponsor,
        sponsor_address=sponsor_address,
        law=law,
        retail=bool(retail),
        minimum_age=minimum_age,
        regions=regions,
        conditions=conditions,
        beacon=beacon,
    )


def _sponsor(table: Table) -> tuple[str | None, str | None, str | None, bool | None]:
    name = table.read("name", text(200), '"The Daily Draw Publishing Co."')
    address = table.read("address", text(500, lines=True), '"1 Main Street\\nSpringfield, NY 10001"')
    law = table.maybe("law", text(120), None)
    retail = table.maybe("retail", truth, False)
    table.refuse_unknown()
    return name, address, law, retail


def _eligibility(table: Table) -> tuple[int | None, str | None, str | None]:
    minimum_age = table.read("minimum_age", whole(YOUNGEST, 99), "18")
    regions = table.read("regions", text(500), '"the fifty United States and the District of Columbia"')
    conditions = table.maybe("conditions", text(1000), None)
    table.refuse_unknown()
    return minimum_age, regions, conditions


def _times(table: Table, wall: ZoneInfo | None, now: datetime) -> _Times | None:
    """The five times, by default as far apart as the design says; None with faults noted."""
    parse = moment_in(wall or ZoneInfo("UTC"))  # a missing zone is a fault already; the times are still looked at
    opens_at = table.read("opens_at", parse, "2026-11-27T09:00:00")
    closes_at = table.read("closes_at", parse, "2026-12-20T23:59:00")
    late_hours = table.maybe("late_hours", whole(0, 24 * 30), LATE_HOURS)
    seals_given = table.maybe("seals_at", parse, None)
    draws_given = table.maybe("draws_at", parse, None)
    if opens_at is None or closes_at is None or late_hours is None or wall is None:
        return None
    confirm_until = closes_at + timedelta(hours=late_hours)
    seals_at = seals_given or confirm_until + SEAL_AFTER
    draws_at = draws_given or seals_at + DRAW_AFTER
    if closes_at <= opens_at:
        table.fault("closes_at", "is not after opens_at", "Write a later time.")
    if closes_at <= now:
        table.fault("closes_at", "is in the past", "Write a time to come.")
    if seals_at < confirm_until:
        table.fault(
            "seals_at",
            f"is before the last confirmation counts ({counted(late_hours, 'hour')} after closes_at)",
            f"Write {when(confirm_until, wall.key)} or later, or fewer late_hours.",
        )
    if draws_at < seals_at + DRAW_AT_LEAST_AFTER:
        table.fault("draws_at", "is less than an hour after seals_at", f"Write {when(seals_at + DRAW_AT_LEAST_AFTER, wall.key)} or later.")
    return _Times(opens_at, closes_at, confirm_until, seals_at, draws_at)
