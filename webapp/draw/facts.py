"""What the draw room tells other rooms: frozen facts, no rows and no dictionaries of leaves.

`rank` counts from 1; `index` is the 0-based position of a leaf in its log; all times are zone-aware.

Named tuples, as each worker makes them all at its start: on Python 3.11 a frozen dataclass takes seven times as long, a millisecond.
What has an `index` or a `count` is none: tuples have methods of these names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Literal, NamedTuple

Kind = Literal["drand", "operator"]
Removal = Literal["withdraw", "exclude"]
State = Literal["drawn", "awarded", "paid"]


class OpenTerms(NamedTuple):
    """What leaf 0 fixes for good. `beacon`: `{"kind": "drand", "chain", "round"}` or `{"kind": "operator", "commitment"}`."""

    campaign: str
    origin: str
    rules_sha256: str
    opens_at: datetime
    closes_at: datetime
    seals_at: datetime
    draws_at: datetime
    winners: int
    alternates: int
    claim_days: int
    beacon: Mapping[str, str | int]


@dataclass(frozen=True, kw_only=True)
class Appended:
    """`count` leaves from index `first` on are in the log, which now has `size` leaves, `root` and a signed `checkpoint`."""

    first: int
    count: int
    size: int
    root: bytes
    checkpoint: str


class Sealed(NamedTuple):
    """The sealed tree: `size` S and `root` R. `draws_at`: from when on it may be drawn, moved if the seal came `late` (with `reason`).

    `round`: drand's round that decides, None for an operator's secret.
    """

    at: datetime
    size: int
    root: bytes
    entries: int
    eligible: int
    late: bool
    reason: str | None
    draws_at: datetime
    round: int | None
    checkpoint: str


class Beacon(NamedTuple):
    """What decides a draw: the 48-byte signature of drand's `round`, or the operator's 32-byte secret (`round` None)."""

    kind: Kind
    round: int | None
    value: bytes

    @property
    def randomness(self) -> bytes:
        """B of PROTOCOL §4: SHA-256 of the signature, or the secret itself."""
        return sha256(self.value).digest() if self.kind == "drand" else self.value


@dataclass(frozen=True)
class Ranked:
    rank: int
    index: int
    ticket: bytes


class Result(NamedTuple):
    """The draw: made `at`, from `beacon`; `ranking` holds winners and alternates in order."""

    at: datetime
    beacon: Beacon
    ranking: tuple[Ranked, ...]
    checkpoint: str


class Step(NamedTuple):
    """What happened to a rank after the draw; only a forfeit has a `reason`."""

    kind: Literal["forfeit", "award", "paid"]
    at: datetime
    rank: int
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class Winner:
    """A rank that holds a prize now. `offered_at`: when it became its turn; `answer_by`: from when on `no_answer` may forfeit it."""

    rank: int
    index: int
    state: State
    offered_at: datetime
    answer_by: datetime


class Voided(NamedTuple):
    at: datetime
    reason: str


class LogStatus(NamedTuple):
    """All that a log says now. `beacon`: the terms that `parse_beacon` takes, with the round moved by a late seal.

    `not_awarded`: prizes that nobody is left to take.
    """

    name: str
    origin: str
    vkey: str
    size: int
    entries: int
    removed: int
    checkpoint: str
    terms: OpenTerms
    beacon: Mapping[str, str | int]
    sealed: Sealed | None
    result: Result | None
    steps: tuple[Step, ...]
    void: Voided | None
    winners: tuple[Winner, ...]
    not_awarded: int

    @property
    def eligible(self) -> int:
        return self.entries - self.removed

    @property
    def operator_trusted(self) -> bool:
        """The label every page owes a draw that its operator could have steered (PROTOCOL §6)."""
        return self.terms.beacon["kind"] == "operator"


class Verified(NamedTuple):
    """Every row of the log was recomputed and agrees. `ranking` is the recomputed one, empty before the draw.

    The server's own rows cannot date the seal (PROTOCOL §5.6): `verdict` says so.
    """

    size: int
    root: bytes
    entries: int
    eligible: int
    sealed: bool
    late: bool
    operator_trusted: bool
    ranking: tuple[Ranked, ...]
    rules_checked: bool

    @property
    def verdict(self) -> str:
        """The same words as both verifiers', before the seal, too: there is nothing yet that anybody else could have dated."""
        return "verified, seal time unproven"
