"""Sliding windows, counted: what a limit is, what its counter says, and what follows for a request. No storage, no clock.

The count of the last `seconds` is estimated as the `limits` package does it: the current window's count, plus the previous
one's, faded by how much of the current window has passed. It is never off by more than an uneven previous window.
"""

import math
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple


class Effect(Enum):
    """What a full limit does. REFUSE: no. STEP_UP: ask twice. DELAY: let the mail wait; this one goes on counting."""

    REFUSE = "refuse"
    STEP_UP = "step up"
    DELAY = "delay"


class Counter(NamedTuple):
    """One limit on one thing: `amount` in `seconds`. `key` is unreadable; `cause` names what is counted."""

    key: str
    amount: int
    seconds: int
    effect: Effect
    cause: str


class Window(NamedTuple):
    """What a counter stands at: hits in the current window, of which `left` seconds remain, and in the previous one,
    of which the last `fading` seconds still count."""

    seconds: int
    current: int = 0
    left: float = 0.0
    previous: int = 0
    fading: float = 0.0

    @property
    def used(self) -> int:
        """Hits in the last `seconds`."""
        return math.floor(self.previous * self.fading / self.seconds) + self.current

    def has_room(self, amount: int) -> bool:
        return self.used < amount

    def wait(self, amount: int) -> int:
        """Whole seconds, at least 1, after which there is room for one more if nobody else comes."""
        if self.current < amount:  # enough of the previous window must fade
            wait = self.fading - (amount - self.current) * self.seconds / self.previous if self.previous else 0.0
        else:  # the current window must end, and then fade until one fits in
            wait = self.left + self.seconds - amount * self.seconds / self.current
        return max(0, math.floor(wait)) + 1

    def backlog(self, amount: int) -> int:
        """Seconds a further one must wait so that `amount` go out in `seconds`, one after the other."""
        return math.ceil(max(0, self.used + 1 - amount) * self.seconds / amount)


class Verdict(Enum):
    """ALLOWED. STEP_UP: allowed from a form that we made for this very request. REFUSED: not now (429)."""

    ALLOWED = "allowed"
    STEP_UP = "step up"
    REFUSED = "refused"


class Outcome(NamedTuple):
    """What the limits say to a request.

    `retry_after`: seconds, for Retry-After; above 0 only if REFUSED. `cause`: "network", "address" or "domain", of whatever is full.
    `mail_delay`: seconds that a mail caused by this request should wait, so that all mails together keep to their limit.
    """

    verdict: Verdict = Verdict.ALLOWED
    retry_after: int = 0
    cause: str | None = None
    mail_delay: int = 0


def to_count(counters: Sequence[Counter], windows: Sequence[Window]) -> list[bool]:
    """Which counters the request is added to: none if it is refused, else all with room, and mail that waits in any case."""
    pairs = list(zip(counters, windows, strict=True))
    if _far_from_full(pairs):
        return [True] * len(pairs)
    if any(counter.effect is Effect.REFUSE and not window.has_room(counter.amount) for counter, window in pairs):
        return [False] * len(pairs)
    return [counter.effect is Effect.DELAY or window.has_room(counter.amount) for counter, window in pairs]


def judge(counters: Sequence[Counter], windows: Sequence[Window]) -> Outcome:
    """What windows, as they stood before the request, mean for it."""
    pairs = list(zip(counters, windows, strict=True))
    if _far_from_full(pairs):
        return Outcome()
    full = [pair for pair in pairs if not pair[1].has_room(pair[0].amount)]
    refused = [(window.wait(counter.amount), counter.cause) for counter, window in full if counter.effect is Effect.REFUSE]
    if refused:
        longest, cause = max(refused)
        return Outcome(Verdict.REFUSED, retry_after=longest, cause=cause)
    delay = max((window.backlog(counter.amount) for counter, window in full if counter.effect is Effect.DELAY), default=0)
    for counter, _ in full:
        if counter.effect is Effect.STEP_UP:
            return Outcome(Verdict.STEP_UP, cause=counter.cause, mail_delay=delay)
    return Outcome(mail_delay=delay)


def _far_from_full(pairs: Sequence[tuple[Counter, Window]]) -> bool:
    """That each had room even if nothing of its previous window had faded: as it nearly always is, and quickly told."""
    return all(window.current + window.previous < counter.amount for counter, window in pairs)
