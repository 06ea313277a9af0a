"""What a sponsor should look at before opening: remarks, not faults, and no legal advice. Each has its source and its mend.

Laws stand in the tables on top; a figure that changes is changed there. A rule sees the plan and says what it finds, or nothing.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from webapp.sweepstakes.plans import REVIEW, Plan, reaches
from webapp.sweepstakes.wording import counted, lasting


@dataclass(frozen=True, kw_only=True)
class StateLaw:
    """A state that wants promotions registered whose prizes are worth more than `over` US cents together, `days_before` they begin.

    The list of winners of more than $25 is due `list_days` after the end.
    """

    state: str
    over: int
    days_before: int
    list_days: int
    source: str


STATE_LAWS = (
    StateLaw(state="Florida", over=5_000_00, days_before=7, list_days=60, source="Florida Statutes § 849.094"),
    # Sources differ between 7 and 30 days; the longer one is safe.
    StateLaw(state="New York", over=5_000_00, days_before=30, list_days=90, source="New York General Business Law § 369-e"),
)
RHODE_ISLAND_RETAIL_OVER = 500_00
# The year from which on a prize of so many US cents, all of one winner's year added, is reported; indexed from 2027 on.
REPORTED_FROM = {0: 600_00, 2026: 2_000_00}
INDEXED_FROM = 2027

SHORT_CLAIM = 7
SHORT_GRACE = timedelta(hours=12)
SHORT_WITNESS = timedelta(hours=12)
SHORT_PUNCTUAL = timedelta(hours=1)
GROWN_UP = 18


@dataclass(frozen=True)
class Remark:
    """`key`: of the campaign's file. `says` and `mend` are sentences; `source`: whose rule it is."""

    key: str
    says: str
    source: str
    mend: str

    def __str__(self) -> str:
        return f"- {self.key}: {self.says}\n  Source: {self.source}.\n  Mend: {self.mend}"


@dataclass(frozen=True)
class Rule:
    """`look` says what is to be seen in a plan, None if there is nothing."""

    key: str
    look: Callable[[Plan], str | None]
    source: str
    mend: str


def remarks(plan: Plan) -> list[Remark]:
    """What all rules say of `plan`, in their order."""
    looked = ((rule, rule.look(plan)) for rule in RULES)
    return [Remark(rule.key, says, rule.source, rule.mend) for rule, says in looked if says is not None]


def _over(plan: Plan, law: StateLaw) -> bool:
    return plan.dollars and plan.total > law.over and reaches(plan, law.state)


def _register(law: StateLaw) -> Rule:
    def look(plan: Plan) -> str | None:
        if not _over(plan, law):
            return None
        last = plan.wall(plan.opens_at) - timedelta(days=law.days_before)
        passed = ", which has passed: opens_at is too early for it" if last <= plan.now else ""
        return (
            f"all prizes together are worth {plan.money(plan.total)}, more than {plan.money(law.over)}. {law.state} wants it registered, "
            f"with a trust account or bond for the prizes, {law.days_before} days before entry opens: by {plan.when(last)}{passed}."
        )

    return Rule("value", look, law.source, f"Register and arrange the bond in time, or except {law.state} in [eligibility] regions.")


def _list_of_winners(law: StateLaw) -> Rule:
    def look(plan: Plan) -> str | None:
        if not _over(plan, law):
            return None
        due = plan.wall(plan.draws_at) + timedelta(days=law.list_days)
        return (
            f"{law.state} wants the list of winners of more than $25 within {law.list_days} days: count on {plan.when(due)} at the latest."
        )

    return Rule("draws_at", look, law.source, "Note the day; `flask sweepstakes winners` prints the list.")


def _rhode_island(plan: Plan) -> str | None:
    if not (plan.retail and plan.dollars and plan.total > RHODE_ISLAND_RETAIL_OVER and reaches(plan, "Rhode Island")):
        return None
    return (
        f"the sponsor is a retail establishment and all prizes are worth {plan.money(plan.total)}, more than "
        f"{plan.money(RHODE_ISLAND_RETAIL_OVER)}. Rhode Island wants it registered, and winners of more than $25 kept on file for 6 months."
    )


def _taxes(plan: Plan) -> str | None:
    year = plan.wall(plan.draws_at).year
    threshold = REPORTED_FROM[max(since for since in REPORTED_FROM if since <= year)]
    if not (plan.dollars and plan.prize_minor >= threshold and reaches(plan)):
        return None
    indexed = f" (the figure of 2026; look up that of {year}, it is indexed)" if year >= INDEXED_FROM else ""
    return (
        f"one prize is worth {plan.money(plan.prize_minor)}. From {plan.money(threshold)}{indexed} on, all prizes that one winner got from "
        f"one sponsor in {year} added, it is reported on Form 1099-MISC."
    )


def _other_money(plan: Plan) -> str | None:
    if plan.dollars or not reaches(plan):
        return None
    return f"the limits of US states and of the IRS are in US dollars; this prize is in {plan.currency}, so they were not compared."


def _words(pattern: str, why: str) -> Callable[[Plan], str | None]:
    wanted = re.compile(pattern, re.IGNORECASE)

    def look(plan: Plan) -> str | None:
        found = wanted.search(plan.conditions)
        return f"“{found.group(0)}” {why}" if found else None

    return look


def _short_claim(plan: Plan) -> str | None:
    if plan.claim_days >= SHORT_CLAIM:
        return None
    return f"{counted(plan.claim_days, 'day')} to answer is little: letters land among spam, and winners are on holiday."


def _no_alternates(plan: Plan) -> str | None:
    return None if plan.alternates else "a winner who does not answer leaves the prize to nobody."


def _grace(plan: Plan) -> str | None:
    late = plan.confirm_until - plan.closes_at
    if late >= SHORT_GRACE:
        return None
    return (
        f"confirmations count for {counted(late // timedelta(hours=1), 'hour')} after the close; slow mail servers alone can take longer."
    )


def _review(plan: Plan) -> str | None:
    if plan.seals_at - plan.confirm_until >= REVIEW:
        return None
    return "exclusions end 48 hours before the seal, so the last entries cannot be reviewed any more."


def _witness(plan: Plan) -> str | None:
    if plan.draws_at - plan.seals_at >= SHORT_WITNESS:
        return None
    room = plan.draws_at - plan.seals_at - timedelta(hours=1)
    late = f" A seal in the last hour before the draw is late and moves it by a day: this one must be made within {lasting(room)}."
    return "the seal should be in every inbox before the draw: that is what proves when it was made. This leaves little time." + (
        late if room < SHORT_PUNCTUAL else ""
    )


def _utc(plan: Plan) -> str | None:
    if not (plan.timezone in {"UTC", "GMT", "Zulu", "UCT", "Universal"} or plan.timezone.startswith("Etc/")) or not reaches(plan):
        return None
    return f"nobody who may enter lives by {plan.timezone}; rules and pages show its clock."


def _midnight(plan: Plan) -> str | None:
    at = plan.wall(plan.closes_at)
    return f"{plan.when(plan.closes_at)}: midnight is read as the end of that day by some." if (at.hour, at.minute) == (0, 0) else None


def _clocks_change(plan: Plan) -> str | None:
    if plan.wall(plan.opens_at).utcoffset() == plan.wall(plan.closes_at).utcoffset():
        return None
    return f"the clocks of {plan.timezone} change between opening ({plan.when(plan.opens_at)}) and close ({plan.when(plan.closes_at)})."


def _minors(plan: Plan) -> str | None:
    return (
        None
        if plan.minimum_age >= GROWN_UP
        else f"people of {plan.minimum_age} cannot bind themselves to rules, and a prize needs a parent's word."
    )


def _at_once(plan: Plan) -> str | None:
    return "is in the past: entry begins the moment you open it." if plan.opens_at <= plan.now else None


def _operator(plan: Plan) -> str | None:
    if not plan.operator:
        return None
    return "an operator's secret proves little: who knows it can grind entries until a friend wins. Every page will say so."


_FTC = "FTC guides on endorsements, 16 CFR part 255"
_OURS = "our own experience, no law"
_PROTOCOL = "Open Draw v1"
RULES = (
    *(_register(law) for law in STATE_LAWS),
    *(_list_of_winners(law) for law in STATE_LAWS),
    Rule(
        "sponsor.retail",
        _rhode_island,
        "Rhode Island General Laws chapter 11-50; a bill of 2024 may have ended it",
        "Register there, or except Rhode Island in regions.",
    ),
    Rule(
        "value",
        _taxes,
        "Internal Revenue Code § 6041, as changed by Public Law 119-21 § 70433",
        "Ask the winner for Form W-9 before you pay, never on the site.",
    ),
    Rule(
        "currency",
        _other_money,
        "as for dollars",
        "Compare the value in dollars with $5,000 (Florida, New York) and the IRS's figure yourself.",
    ),
    Rule(
        "eligibility.conditions",
        _words(
            r"(?<!no )\b(buy|purchas|pay|order|subscri|deposit|donat)\w*|\b(?<!no )(entry )?fees?\b",
            "reads as a payment: prize, chance and payment together are a lottery.",
        ),
        "state lottery laws",
        "Strike it, unless it says that nothing need be bought.",
    ),
    Rule(
        "eligibility.conditions",
        _words(
            r"\b(click|watch|view|look at)\w*\b[^.]{0,60}\b(ads?|adverts?|advertisements?|banners?|videos?|sponsors?)\b",
            "gives something for looking at advertisements, which ad networks forbid.",
        ),
        "policies of advertising networks",
        "Strike it: entries and ads never meet here.",
    ),
    Rule(
        "eligibility.conditions",
        _words(
            r"\b(shar(e|es|ing)|retweet\w*|repost\w*|refer(s|rals?|ring)?|invit(e|es|ing)|tag (a|your) friends?|follow us)\b",
            "gives something for recommending us: each such post would have to say that it is paid.",
        ),
        _FTC,
        "Strike it, or ask for a mark such as #sweepstakes in every post.",
    ),
    Rule(
        "eligibility.conditions",
        _words(
            r"\b(bonus|extra|additional|more|another|second|double)\s+(entr(y|ies)|chances?|tickets?)\b",
            "promises more than the one entry per person that the rules and the draw know.",
        ),
        _PROTOCOL,
        "Strike it: every entry has the same odds.",
    ),
    Rule("claim_days", _short_claim, _OURS, "Write 14."),
    Rule("alternates", _no_alternates, _OURS, "Write 5."),
    Rule("late_hours", _grace, _OURS, "Write 48, or leave it out."),
    Rule("seals_at", _review, _PROTOCOL, "Write 72 hours after the last confirmation counts, or leave it out."),
    Rule("draws_at", _witness, _PROTOCOL, "Write 24 hours after the seal, or leave it out."),
    Rule("timezone", _utc, _OURS, 'Write the zone of most entrants, for example "America/New_York".'),
    Rule("closes_at", _midnight, _OURS, "Write 23:59 of the day before."),
    Rule("closes_at", _clocks_change, _OURS, "Nothing, if both are what you mean: each counts on the clock of its day."),
    Rule("eligibility.minimum_age", _minors, "state laws on contracts of minors", "Write 18."),
    Rule("opens_at", _at_once, _OURS, "Nothing, if that is what you mean."),
    Rule("beacon.kind", _operator, "Open Draw v1 § 6", 'Write "drand" for anything but a trial.'),
)
