"""What the campaign commands print: facts for machines, lines for people. Every telling of an operator draw says so."""

from datetime import datetime

from webapp.clock import stamp
from webapp.draw import LogStatus
from webapp.sweepstakes.describing import Description
from webapp.sweepstakes.reading import CampaignView
from webapp.sweepstakes.remarks import Remark
from webapp.sweepstakes.wording import counted, money, when

OPERATOR_TRUSTED = "operator-trusted: the draw's randomness is this site's own secret. For trying the software only."


def in_lines(pairs: list[tuple[str, str]]) -> str:
    """Names and values in two columns."""
    width = max(len(name) for name, _ in pairs)
    return "\n".join(f"{name.ljust(width)}  {value}" for name, value in pairs)


def trusted(words: str, *, operator: bool) -> str:
    """`words`, and for an operator's draw the warning before them."""
    return f"{OPERATOR_TRUSTED}\n{words}" if operator else words


def facts(seen: CampaignView) -> dict[str, object]:
    """A campaign as JSON shows it; moments in UTC."""
    c, log = seen.campaign, seen.log
    known: dict[str, object] = {
        "slug": c.slug,
        "title": c.title,
        "state": seen.phase,
        "operator_trusted": seen.operator_trusted,
        "prize": c.prize,
        "value": seen.value,
        "value_minor": c.prize_minor,
        "currency": c.currency,
        "timezone": c.timezone,
        "opens_at": stamp(c.opens_at),
        "closes_at": stamp(c.closes_at),
        "confirm_until": stamp(c.confirm_until),
        "seals_at": stamp(c.seals_at),
        "draws_at": stamp(seen.draws_at),
        "winners": c.winners,
        "alternates": c.alternates,
        "claim_days": c.claim_days,
        "beacon": dict(log.beacon if log else c.beacon),
        "void_reason": c.void_reason,
    }
    return known | (_log_facts(log) | {"odds": seen.odds} if log else {})


def _log_facts(log: LogStatus) -> dict[str, object]:
    return {
        "entries": log.entries,
        "eligible": log.eligible,
        "origin": log.origin,
        "vkey": log.vkey,
        "rules_sha256": log.terms.rules_sha256,
        "sealed": seal_facts(log),
        "result": result_facts(log),
    }


def seal_facts(log: LogStatus) -> dict[str, object] | None:
    """The seal, None before it."""
    if log.sealed is None:
        return None
    return {
        "at": stamp(log.sealed.at),
        "size": log.sealed.size,
        "root": log.sealed.root.hex(),
        "entries": log.sealed.entries,
        "eligible": log.sealed.eligible,
        "late": log.sealed.late,
        "draws_at": stamp(log.sealed.draws_at),
        "checkpoint": log.sealed.checkpoint,
    }


def result_facts(log: LogStatus) -> dict[str, object] | None:
    """The result and who holds a prize now, None before the draw."""
    if log.result is None:
        return None
    return {
        "at": stamp(log.result.at),
        "beacon": {"kind": log.result.beacon.kind, "round": log.result.beacon.round, "value": log.result.beacon.value.hex()},
        "ranking": [{"rank": place.rank, "entry": place.index, "ticket": place.ticket.hex()} for place in log.result.ranking],
        "winners": [{"rank": winner.rank, "entry": winner.index, "state": winner.state} for winner in log.winners],
        "not_awarded": log.not_awarded,
    }


def described(said: Description) -> str:
    """What a campaign's file was understood to say."""

    def at(moment: datetime) -> str:
        return when(moment, said.timezone)

    lines = in_lines(
        [
            ("Campaign", f"{said.title} (/draws/{said.slug})"),
            ("Prize", f"{counted(said.winners, 'prize')}: {said.prize} ({money(said.prize_minor, said.currency)})"),
            ("Opens", at(said.opens_at)),
            ("Closes", at(said.closes_at)),
            ("Confirmations", f"count until {at(said.confirm_until)}"),
            ("Sealed", at(said.seals_at)),
            ("Drawn", at(said.draws_at)),
            ("Winners", f"{said.winners}, and {counted(said.alternates, 'alternate')}; {counted(said.claim_days, 'day')} to claim"),
            ("Who", f"legal residents of {said.regions}, {said.minimum_age} or older"),
            ("Randomness", said.beacon),
        ]
    )
    return trusted(lines, operator=said.beacon == "operator")


def remarked(found: list[Remark]) -> list[str]:
    """The remarks as one piece of text; no piece if there are none."""
    return ["\n".join(["To look at before you open it (this is no legal advice):", *(str(remark) for remark in found)])] if found else []


def remarks_facts(found: list[Remark]) -> dict[str, object]:
    """The remarks as JSON shows them."""
    return {"remarks": [vars(remark) for remark in found]}


def shown(seen: CampaignView) -> str:
    """A campaign as `show` prints it."""
    c, log = seen.campaign, seen.log
    pairs = [
        ("Campaign", f"{c.title} (/draws/{c.slug})"),
        ("State", seen.label + (f": {seen.void_reason}" if seen.void_reason else "")),
        ("Prize", f"{counted(c.winners, 'prize')}: {c.prize} ({seen.value})"),
        ("Opens", seen.when(c.opens_at)),
        ("Closes", seen.when(c.closes_at)),
        ("Confirmations", f"count until {seen.when(c.confirm_until)}"),
        (
            "Sealed",
            seen.when(log.sealed.at if log and log.sealed else c.seals_at) + (" (late)" if log and log.sealed and log.sealed.late else ""),
        ),
        ("Drawn", seen.when(log.result.at if log and log.result else seen.draws_at)),
        ("Winners", f"{c.winners}, and {counted(c.alternates, 'alternate')}; {counted(c.claim_days, 'day')} to claim"),
    ]
    if log:
        pairs += [
            ("Entries", f"{log.entries:,}, {log.eligible:,} eligible" + (f"; odds {seen.odds}" if seen.odds else "")),
            ("Log", log.origin),
            ("Public key", log.vkey),
        ]
    if log and log.sealed:
        pairs += [("Sealed root", f"{log.sealed.root.hex()} (size {log.sealed.size:,})")]
    return trusted(in_lines(pairs), operator=seen.operator_trusted)
