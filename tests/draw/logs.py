"""Logs for tests: the one of the vectors, and small ones with an operator's secret."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from tests.draw.vectors import KEY, LEAVES, VECTORS
from webapp import draw
from webapp.clock import from_stamp
from webapp.database import db, writing
from webapp.draw import leaves

T = TypeVar("T")
OPENS = datetime(2026, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SEALS, DRAWS = OPENS + 9 * DAY, OPENS + 10 * DAY
SECRET = sha256(b"operator").digest()
OPERATOR = {"kind": "operator", "commitment": draw.operator_commitment(SECRET)}
SMALL = draw.LogKey("small", "news.example/draws/small/log", sha256(b"key").digest())
RULES = b"Rules.\n"
THE_BEACON = draw.Beacon(kind="operator", round=None, value=SECRET)


def terms(**changes: Any) -> draw.OpenTerms:
    """Terms of the log `small`."""
    members: dict[str, Any] = {
        "campaign": SMALL.name,
        "origin": SMALL.origin,
        "rules_sha256": sha256(RULES).hexdigest(),
        "opens_at": OPENS,
        "closes_at": OPENS + 7 * DAY,
        "seals_at": SEALS,
        "draws_at": DRAWS,
        "winners": 2,
        "alternates": 2,
        "claim_days": 14,
        "beacon": OPERATOR,
    }
    return draw.OpenTerms(**(members | changes))


def drand(draws_at: datetime = DRAWS) -> dict[str, str | int]:
    return {"kind": "drand", "chain": draw.QUICKNET.chain, "round": draw.round_at(draws_at)}


def commitments(count: int, start: int = 0) -> list[bytes]:
    return [sha256(b"entry %d" % number).digest() for number in range(start, start + count)]


def small_log(entries: int = 10, **changes: Any) -> None:
    """A log `small`, open, with `entries` entries at the indexes from 1 on."""
    with writing() as session:
        draw.open_log(session, SMALL, terms(**changes), now=OPENS)
        if entries:
            draw.append_entries(session, SMALL, commitments(entries))


def drawn_log(entries: int = 10, **changes: Any) -> draw.Result:
    """The same, sealed and drawn in time."""
    small_log(entries, **changes)
    act(draw.seal, now=SEALS)
    return act(draw.draw, THE_BEACON, now=DRAWS)


def act(do: Callable[..., T], *arguments: Any, **named: Any) -> T:
    """One act on the log `small`, committed."""
    with writing() as session:
        return do(session, SMALL, *arguments, **named)


def facts(name: str = SMALL.name) -> draw.LogStatus:
    db.session.rollback()
    found = draw.status(db.session(), name)
    assert found is not None
    return found


def replay_vectors(session: Session) -> None:
    """The draw of the vectors, made again by the acts."""
    for data in LEAVES:
        _replay(session, leaves.parse(data))


def _replay(session: Session, leaf: dict[str, Any]) -> None:
    now = from_stamp(leaf["at"]) if "at" in leaf else from_stamp("2023-08-16T00:00:00Z")
    match leaf["type"]:
        case "open":
            times = {name: from_stamp(leaf[name]) for name in ("opens_at", "closes_at", "seals_at", "draws_at")}
            rest = {name: leaf[name] for name in leaf if name not in {"type", "protocol", *times}}
            draw.open_log(session, KEY, draw.OpenTerms(**times, **rest), now=now)
        case "entry":
            draw.append_entries(session, KEY, [bytes.fromhex(leaf["commitment"])])
        case "withdraw" | "exclude":
            draw.remove_entry(session, KEY, leaf["type"], leaf["index"], leaf["reason"])
        case "seal":
            draw.seal(session, KEY, now=now)
        case "draw":
            status = draw.status(session, VECTORS["campaign"])
            assert status is not None
            draw.draw(session, KEY, draw.parse_beacon(status.beacon, leaf["beacon"]["signature"]), now=now)
        case "forfeit":
            draw.forfeit(session, KEY, leaf["rank"], leaf["reason"], now=now)
        case "award":
            draw.award(session, KEY, leaf["rank"], now=now)
