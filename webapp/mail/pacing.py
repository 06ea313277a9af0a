"""Not too many letters at once: some mail servers refuse, or think ill of, a sender who hands over faster than agreed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(kw_only=True)
class Pace:
    """Keeps the letters of one sender apart. `per_minute`: 0 is no bound. `pause` waits so many seconds, or less if it is woken."""

    per_minute: int
    now: Callable[[], datetime]
    pause: Callable[[float], object]
    _ready: datetime | None = field(default=None, init=False)

    def wait(self) -> None:
        """Return when the next letter may go."""
        if not self.per_minute:
            return
        gap = timedelta(minutes=1) / self.per_minute
        if self._ready is not None and self.now() < self._ready:
            self.pause(min(self._ready - self.now(), gap).total_seconds())  # never longer, if the clock was set back
        self._ready = self.now() + gap
