"""The course of a log: which leaf may follow which (PROTOCOL §1, §3, §4). The acts ask it before they append, `verify` asks it again.

It knows neither hashes nor rows. Leaves come parsed; that a removal names an earlier entry is for its caller to see.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from webapp.clock import from_stamp, stamp
from webapp.draw import refusals
from webapp.draw.beacons import operator_commitment, round_at
from webapp.draw.facts import OpenTerms, State, Step, Voided, Winner
from webapp.draw.leaves import Data

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_MOST_DAYS = 7
_TIMES = ("opens_at", "closes_at", "seals_at", "draws_at")
_PLAIN = ("campaign", "origin", "rules_sha256", "winners", "alternates", "claim_days", "beacon")


@dataclass
class Course:
    """What has happened so far. `entries` and `removed` count; `seal` and `draw` are their leaves."""

    entries: int = 0
    removed: int = 0
    opened: OpenTerms | None = None
    seal: Data | None = None
    draw: Data | None = None
    steps: list[Step] = field(default_factory=list)
    void: Voided | None = None
    last_at: datetime | None = None

    def follow(self, leaf: Data) -> None:
        """Take `leaf` as the next one. Raises a NotAllowed, and changes nothing, if it may not be."""
        self.refuse_void()
        if (self.opened is None) != (leaf["type"] == "open"):
            raise refusals.OutOfPlace("An open leaf comes first, and once.")
        at = from_stamp(leaf["at"]) if "at" in leaf else None
        if at and self.last_at and at < self.last_at:
            raise refusals.ClockBehind(self.last_at)
        match leaf["type"]:
            case "open":
                self.opened = _terms(leaf)
            case "entry" | "withdraw" | "exclude":
                self._take_entry_or_removal(leaf)
            case "seal":
                self._take_seal(leaf)
            case "draw":
                self._take_draw(leaf)
            case "void":
                self._take_void(leaf)
            case _:
                self._take_step(leaf)
        self.last_at = at or self.last_at

    def refuse_void(self) -> None:
        """Raises LogVoid if the log has ended."""
        if self.void:
            raise refusals.LogVoid(self.void.reason)

    @property
    def terms(self) -> OpenTerms:
        if self.opened is None:
            raise refusals.OutOfPlace("The log has no open leaf.")
        return self.opened

    @property
    def eligible(self) -> int:
        return self.entries - self.removed

    @property
    def beacon(self) -> Mapping[str, str | int]:
        """The terms of the beacon that decides, its round moved by a late seal."""
        moved = (self.seal or {}).get("round")
        return {**self.terms.beacon, "round": moved} if moved else self.terms.beacon

    @property
    def draw_due(self) -> datetime:
        """From when on the sealed log may be drawn: moved by a late seal, and at once if an operator's was sealed early."""
        if self.seal is None:
            raise refusals.NotSealed
        at = from_stamp(self.seal["at"])
        if at < self.terms.seals_at:
            return at
        return from_stamp(self.seal["draws_at"]) if "draws_at" in self.seal else self.terms.draws_at

    def seal_members(self, at: datetime, late_reason: str) -> Data:
        """The members of a seal at `at`. Raises TooLate."""
        members: Data = {"at": stamp(at), "entries": self.entries, "eligible": self.eligible}
        draws_at = moved_draw(self.terms.draws_at, at)
        if draws_at:
            members |= {"draws_at": stamp(draws_at), "reason": late_reason}
            if self.terms.beacon["kind"] == "drand":
                members["round"] = round_at(draws_at)
        return members

    def winners(self) -> list[Winner]:
        """Who holds a prize: the ranks up to winners + forfeits that are not forfeited themselves (PROTOCOL §4)."""
        if self.draw is None:
            return []
        forfeits = [step for step in self.steps if step.kind == "forfeit"]
        offers = [from_stamp(self.draw["at"])] * self.terms.winners + [step.at for step in forfeits]
        lost = {step.rank for step in forfeits}
        claim = timedelta(days=self.terms.claim_days)
        return [
            Winner(rank=item["rank"], index=item["index"], state=self._state(item["rank"]), offered_at=offer, answer_by=offer + claim)
            for item, offer in zip(self.draw["ranking"], offers, strict=False)
            if item["rank"] not in lost
        ]

    def _state(self, rank: int) -> State:
        kinds = {step.kind for step in self.steps if step.rank == rank}
        return "paid" if "paid" in kinds else "awarded" if "award" in kinds else "drawn"

    def _take_entry_or_removal(self, leaf: Data) -> None:
        if self.seal:
            raise refusals.LogSealed
        if leaf["type"] == "entry":
            self.entries += 1
        else:
            self.removed += 1

    def _take_seal(self, leaf: Data) -> None:
        if self.seal:
            raise refusals.OutOfPlace("A log is sealed once.")
        at = from_stamp(leaf["at"])
        if at < self.terms.seals_at and self.terms.beacon["kind"] != "operator":
            raise refusals.NotDue("The seal", self.terms.seals_at)
        expected = self.seal_members(at, leaf.get("reason", ""))
        for name in sorted(expected.keys() | leaf.keys() - {"type"}):
            if leaf.get(name) != expected.get(name):
                raise refusals.OutOfPlace(f"The seal's {name} is {leaf.get(name)}, not {expected.get(name)}.")
        self.seal = leaf

    def _take_draw(self, leaf: Data) -> None:
        if self.draw:
            raise refusals.OutOfPlace("A log is drawn once.")
        if from_stamp(leaf["at"]) < self.draw_due:
            raise refusals.NotDue("The draw", self.draw_due)
        if not self.eligible:
            raise refusals.NobodyEligible
        beacon = leaf["beacon"]
        if (beacon["kind"], beacon.get("round")) != (self.beacon["kind"], self.beacon.get("round")):
            raise refusals.BadBeacon("The draw was made by another beacon than the campaign named.")
        if beacon["kind"] == "operator" and operator_commitment(bytes.fromhex(beacon["secret"])) != self.beacon["commitment"]:
            raise refusals.BadBeacon("The secret is not the one that the campaign committed to.")
        if len(leaf["ranking"]) != min(self.eligible, self.terms.winners + self.terms.alternates):
            raise refusals.OutOfPlace("The ranking is too long or too short.")
        self.draw = leaf

    def _take_void(self, leaf: Data) -> None:
        if self.draw:
            raise refusals.OutOfPlace("A campaign is voided before the draw or never.")
        self.void = Voided(at=from_stamp(leaf["at"]), reason=leaf["reason"])

    def _take_step(self, leaf: Data) -> None:
        step = Step(kind=leaf["type"], at=from_stamp(leaf["at"]), rank=leaf["rank"], reason=leaf.get("reason"))
        winner = self._winner(step.rank)
        if winner.state == "paid":
            raise refusals.AlreadyPaid(step.rank)
        if step.kind == "award" and winner.state == "awarded":
            raise refusals.AlreadyAwarded(step.rank)
        if step.kind == "paid" and winner.state == "drawn":
            raise refusals.NotAwarded(step.rank)
        if step.reason == "no_answer" and step.at < winner.answer_by:
            raise refusals.TooEarly(step.rank, winner.answer_by)
        self.steps.append(step)

    def _winner(self, rank: int) -> Winner:
        if self.draw is None:
            raise refusals.NotDrawn
        for winner in self.winners():
            if winner.rank == rank:
                return winner
        if any(step.rank == rank and step.kind == "forfeit" for step in self.steps):
            raise refusals.AlreadyForfeited(rank)
        raise refusals.NotAWinner(rank)


def moved_draw(draws_at: datetime, sealed_at: datetime) -> datetime | None:
    """When a late seal moves the draw to (PROTOCOL §3): whole days, one hour ahead of the seal; None if it is in time. Raises TooLate."""
    late_by = sealed_at + _HOUR - draws_at
    if late_by <= timedelta():
        return None
    days = -(-late_by // _DAY)
    if days > _MOST_DAYS:
        raise refusals.TooLate(draws_at)
    return draws_at + days * _DAY


def _terms(leaf: Data) -> OpenTerms:
    members: dict[str, Any] = {name: from_stamp(leaf[name]) if name in _TIMES else leaf[name] for name in (*_TIMES, *_PLAIN)}
    return OpenTerms(**members)


def open_members(terms: OpenTerms) -> Data:
    """The members of leaf 0 for `terms`."""
    times = {name: stamp(getattr(terms, name)) for name in _TIMES}
    return {**times, **{name: getattr(terms, name) for name in _PLAIN}, "beacon": dict(terms.beacon)}
