"""A campaign's figures as facts for machines and lines for a terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from itertools import groupby

from webapp.charts import sparkline
from webapp.clock import stamp
from webapp.console import table
from webapp.sweepstakes.counting import Day, Stats
from webapp.sweepstakes.telling import in_lines, trusted
from webapp.sweepstakes.wording import counted, in_words, lasting, when

# More days than this are told by the week.
MOST_DAYS = 92
ELSEWHERE = (
    "Posts that were refused, asked twice or had their mail delayed are kept nowhere; only /metrics counts them, for all campaigns "
    "together and since the last restart: daily_draw_limited_total, daily_draw_registrations_total, daily_draw_form_posts_total. "
    "Tags (name+anything@) show in `flask entrant review`, which opens addresses; this does not."
)


def by_week(days: Sequence[Day]) -> tuple[list[Day], bool]:
    """The days, or where they are many their weeks, each by its Monday; and whether they are weeks."""
    if len(days) <= MOST_DAYS:
        return list(days), False
    weeks = [(monday, list(some)) for monday, some in groupby(days, lambda one: one.day - timedelta(days=one.day.weekday()))]
    return [Day(monday, sum(one.registered for one in some), sum(one.confirmed for one in some)) for monday, some in weeks], True


def facts(found: Stats) -> dict[str, object]:
    """All figures; moments in UTC, `median_seconds` from form to confirmation."""
    seen, mail, outlook = found.seen, found.seal_mail, found.outlook
    return {
        "slug": seen.campaign.slug,
        "state": seen.phase,
        "operator_trusted": seen.operator_trusted,
        "at": stamp(found.at),
        "timezone": seen.campaign.timezone,
        "days": [{"day": one.day.isoformat(), "registered": one.registered, "confirmed": one.confirmed} for one in found.days],
        "entrants": found.entrants,
        "made_up": found.made_up,
        "asked": found.asked,
        "confirmed": found.confirmed,
        "confirmation_rate": found.confirmation_rate,
        "median_seconds": found.median,
        "removed": found.removed,
        "letters": found.letter_states,
        "letters_by_kind": found.letters,
        "limits": {"disposable": found.disposable, "busiest_network": found.busiest, "elsewhere": ELSEWHERE},
        "sealed_letters": {
            "owed": mail.owed,
            "sent": mail.sent,
            "dead": mail.dead,
            "mail_rate": mail.rate,
            "draws_at": stamp(mail.draws_at),
            "finishes_at": stamp(outlook.finishes_at) if outlook.finishes_at else None,
            "in_time": outlook.in_time,
            "says": outlook.says,
        },
        "eligible": found.eligible,
        "odds": seen.odds,
        "projected": found.projection.entries if found.projection else None,
        "projection": asdict(found.projection) | {"basis": found.projection.basis} if found.projection else None,
        "projected_odds": found.projected_odds,
    }


def words(found: Stats) -> str:
    """All figures for a person, with a line of blocks for the days."""
    seen = found.seen
    pairs = [
        ("Entries", entries(found)),
        *_days(found.days),
        ("Entrants", listed(found.entrants) or "nobody yet"),
        ("Confirm", confirming(found)),
        ("Letters", f"{listed(found.letter_states) or 'none'}"),
        *(("", f"{in_words(kind)}: {listed(states)}") for kind, states in found.letters.items()),
        ("Limits", limits(found)),
        *(("", line) for line in ELSEWHERE.replace(". ", ".\n").splitlines()),
        ("Seal", seal_line(found)),
        ("Odds", seen.odds or "no entry yet"),
    ]
    if found.projection:
        pairs.append(("", f"{found.projected_odds} at the close with {found.projection.entries:,} entries, if {found.projection.basis}"))
    title = f"{seen.campaign.slug}: {seen.campaign.title}, {seen.label.lower()}, {when(found.at, seen.campaign.timezone)}"
    return trusted(f"{title}\n\n{in_lines(pairs)}", operator=seen.operator_trusted)


def entries(found: Stats) -> str:
    """How many are in, and how many were taken out for which reason."""
    eligible = counted(found.eligible, "eligible entry", "eligible entries")
    removed = f"; removed: {listed(found.removed)}" if found.removed else ""
    return f"{eligible}{removed}" + (f"; {found.made_up:,} of all registrations are made up" if found.made_up else "")


def confirming(found: Stats) -> str:
    """Who of those that used the form confirmed, and how soon."""
    rate = "" if found.confirmation_rate is None else f" ({found.confirmation_rate:.0%})"
    soon = "" if found.median is None else f", half of them within {lasting(timedelta(seconds=found.median))}"
    return f"{found.confirmed:,} of {found.asked:,} who used the form{rate}{soon}"


def limits(found: Stats) -> str:
    """What the entrants' rows show of abuse."""
    return f"{found.disposable:,} from throw-away addresses, {found.busiest:,} from the busiest network (of those pending or confirmed)"


def seal_line(found: Stats) -> str:
    """Whether the letters about the seal are out before the draw; a warning if they are not."""
    return f"WARNING: {found.outlook.says}" if found.outlook.in_time is False else found.outlook.says


def listed(numbers: Mapping[str, int]) -> str:
    """`3 pending, 1 confirmed`; empty if all are nought."""
    return ", ".join(f"{number:,} {in_words(name)}" for name, number in numbers.items() if number)


def _days(days: Sequence[Day]) -> list[tuple[str, str]]:
    if not days:
        return []
    some, weeks = by_week(days)
    until = f"{days[0].day} to {days[-1].day}{', by the week' if weeks else ''}"
    cells = [[one.day.isoformat(), f"{one.registered:,}", f"{one.confirmed:,}"] for one in days[-7:]]
    return [
        ("Registered", f"{sparkline([one.registered for one in some])}  {until}"),
        ("Confirmed", f"{sparkline([one.confirmed for one in some])}  {until}"),
        *(("", line) for line in table(["day", "registered", "confirmed"], cells).splitlines()),
    ]
