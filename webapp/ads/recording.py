"""Write what happened to ads into the counts of their day: each token once, what was filtered apart with its reason."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import delete
from sqlalchemy.orm import Session

from webapp.ads.models import AdCount, AdFiltered, UsedToken
from webapp.ads.ordering import split
from webapp.database import insert_into

_COLUMNS = {"served": "served", "viewable": "viewable", "click": "clicks"}


class Event(NamedTuple):
    """Something that happened: `kind` is served, viewable or click. With a `reason` it is filtered, not counted.

    With `until` it uses up its token: `nonce` counts once for each kind, and is remembered until then.
    """

    kind: str
    day: date
    creative: int
    slot: str = ""
    section: str = ""
    nonce: str = ""
    until: datetime | None = None
    reason: str | None = None


def record(session: Session, events: Sequence[Event], *, now: datetime) -> None:
    """Add `events` to the counts. What uses a token that was used before, by any process, is filtered as `replay`."""
    good = [event for event in events if event.reason is None]
    once = {(event.nonce, event.kind): event for event in good if event.until is not None}
    # In one order for all, so that two processes with the same tokens wait for each other and not in a circle.
    fresh = _use_up(session, [event for _, event in sorted(once.items(), key=lambda item: item[0])])
    counted = [event for event in good if event.until is None] + [event for key, event in once.items() if key in fresh]
    replays = sum((Counter(_filtered(event, "replay") for event in good if event.until is not None),), Counter())
    replays.subtract(Counter(_filtered(once[key], "replay") for key in fresh))
    kept, beyond = split(session, counted)
    _count(session, kept)
    replays += Counter(_filtered(event, "beyond") for event in beyond)
    _filter(session, replays + Counter(_filtered(event, event.reason) for event in events if event.reason))
    session.execute(delete(UsedToken).where(UsedToken.until < now))


def _use_up(session: Session, events: list[Event]) -> set[tuple[str, str]]:
    """The (nonce, kind) of those whose token nobody had used for that kind."""
    if not events:
        return set()
    rows = [{"nonce": event.nonce, "event": event.kind, "until": event.until} for event in events]
    statement = insert_into(session, UsedToken).on_conflict_do_nothing().returning(UsedToken.nonce, UsedToken.event)
    return {(row.nonce, row.event) for row in session.execute(statement, rows)}


def _count(session: Session, events: list[Event]) -> None:
    sums: dict[tuple[date, int, str, str], Counter[str]] = {}
    for event in events:
        sums.setdefault((event.day, event.creative, event.slot, event.section), Counter())[_COLUMNS[event.kind]] += 1
    rows = [
        {"day": day, "creative_id": creative, "slot": slot, "section": section, **{name: number[name] for name in _COLUMNS.values()}}
        for (day, creative, slot, section), number in sorted(sums.items())
    ]
    if rows:
        statement = insert_into(session, AdCount)
        more = {name: getattr(AdCount, name) + statement.excluded[name] for name in _COLUMNS.values()}
        session.execute(statement.on_conflict_do_update(index_elements=["day", "creative_id", "slot", "section"], set_=more), rows)


def _filtered(event: Event, reason: str | None) -> tuple[date, int, str, str]:
    return event.day, event.creative, event.kind, reason or ""


def _filter(session: Session, sums: Counter[tuple[date, int, str, str]]) -> None:
    rows = [
        {"day": day, "creative_id": creative, "event": kind, "reason": reason, "number": number}
        for (day, creative, kind, reason), number in sorted(sums.items())
        if number
    ]
    if rows:
        statement = insert_into(session, AdFiltered)
        more = {"number": AdFiltered.number + statement.excluded.number}
        session.execute(statement.on_conflict_do_update(index_elements=["day", "creative_id", "event", "reason"], set_=more), rows)
