"""Which ads stand in the slots of one page view: paid before house, none ahead of its plan, no advertiser twice."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import NamedTuple

from webapp.ads.pacing import Order, room

# What a slot can show: sizes of pictures in CSS pixels, the wide one first.
SLOTS: dict[str, tuple[str, ...]] = {
    "top": ("728x90", "320x100"),
    "article": ("300x250",),
    "rail": ("300x250",),
    "foot": ("728x90", "320x100"),
}


class Candidate(NamedTuple):
    """A creative that may be shown: its campaign's rules beside it. House ads have no order and are never ahead of plan."""

    creative: int
    campaign: int
    advertiser: str
    sizes: frozenset[str]
    is_text: bool
    weight: int = 1
    paid: bool = False
    order: Order | None = None
    sections: frozenset[str] = frozenset()
    per_view: int = 1


@dataclass
class _View:
    """What one page view has got so far."""

    creatives: set[int] = field(default_factory=set)
    campaigns: Counter[int] = field(default_factory=Counter)
    advertisers: set[str] = field(default_factory=set)


def decide(
    slots: Sequence[str],
    section: str,
    candidates: Iterable[Candidate],
    *,
    already: Iterable[int],
    now: datetime,
    chance: Random,
    room: int = 10_000,
) -> dict[str, Candidate]:
    """The ad for each of `slots` that has one. `already`: creatives that the same page view shows; `chance`: where draws come from;
    `room`: how many CSS pixels wide a picture may be.
    """
    known = list(candidates)
    view = _View()
    for one in known:
        if one.creative in set(already):
            _note(view, one)
    chosen: dict[str, Candidate] = {}
    for slot in dict.fromkeys(slots):
        fitting = [one for one in known if _fits(one, slot, section, view, room)]
        paid = [(one, need) for one in fitting if one.paid and (need := _need(one, now)) > 0]
        house = [(one, float(one.weight)) for one in fitting if not one.paid and _running(one, now)]
        pool = paid or house
        if not pool:
            continue
        pick = chance.choices([one for one, _ in pool], [weight for _, weight in pool])[0]
        chosen[slot] = pick
        _note(view, pick)
    return chosen


def _note(view: _View, one: Candidate) -> None:
    view.creatives.add(one.creative)
    view.campaigns[one.campaign] += 1
    view.advertisers.add(one.advertiser)


def _fits(one: Candidate, slot: str, section: str, view: _View, room: int) -> bool:
    shown = view.campaigns[one.campaign] if one.campaign else 0
    return (
        (one.is_text or any(size in one.sizes and int(size.partition("x")[0]) <= room for size in SLOTS[slot]))
        and (not one.sections or section in one.sections)
        and one.creative not in view.creatives
        and shown < one.per_view
        # The same advertiser again only as its campaign asks for it; the publisher's own ads may keep each other company.
        and (not one.paid or bool(shown) or one.advertiser not in view.advertisers)
    )


def _need(one: Candidate, now: datetime) -> float:
    """The weight of a paid ad in the draw: more, the further it is behind its plan; 0 when it is not."""
    assert one.order is not None  # noqa: S101 - what is paid was ordered
    behind = room(one.order, now)
    # For clicks an impression is only a chance of one: any room at all will do.
    enough = behind > 0 if one.order.goal == "clicks" else behind >= 1
    return one.weight * (1 + behind) if enough else 0.0


def _running(one: Candidate, now: datetime) -> bool:
    return one.order is None or one.order.starts_at <= now < one.order.ends_at
