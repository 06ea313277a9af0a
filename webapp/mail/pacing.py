"""Not too many letters at once: some mail servers refuse, or think ill of, a sender who hands over faster than agreed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from webapp.limit_storage import Storage, StorageAway
from webapp.limit_windows import Counter, Effect, judge

MINUTE = 60


@dataclass(kw_only=True)
class Pace:
    """Keeps the letters of one sender apart, and those of all senders together under `per_minute` (0: no bound).

    `pause` waits so many seconds, or less if it is woken. `counted` is where all senders count; where it is away, each keeps
    to the pace by itself.
    """

    per_minute: int
    now: Callable[[], datetime]
    pause: Callable[[float], object]
    stop: Callable[[], bool]
    counted: Storage | None = None
    _ready: datetime | None = field(default=None, init=False)

    def wait(self) -> None:
        """Return when the next letter may go, or when told to stop."""
        if not self.per_minute:
            return
        gap = timedelta(minutes=1) / self.per_minute
        if self._ready is not None and self.now() < self._ready:
            self.pause(min(self._ready - self.now(), gap).total_seconds())  # never longer, if the clock was set back
        while not self.stop() and not self._has_room():
            self.pause(gap.total_seconds())
        self._ready = self.now() + gap

    def _has_room(self) -> bool:
        """Whether fewer than `per_minute` went in the last minute, whoever sent them; then one more is counted."""
        if self.counted is None:
            return True
        counters = [Counter("mail rate", self.per_minute, MINUTE, Effect.REFUSE, "rate")]
        try:
            return judge(counters, self.counted.hit(counters, self.now().timestamp())).cause is None
        except StorageAway:
            return True
