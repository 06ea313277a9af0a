"""What happened how often: figures for /metrics, each with a line in the log. Never anything about a person."""

import atexit
import logging
import threading
from collections import Counter as Tally
from collections import deque
from itertools import repeat, starmap
from typing import TYPE_CHECKING

# prometheus_client comes with the first figure, not with the start.
if TYPE_CHECKING:
    from prometheus_client import Counter, Gauge

Series = tuple[str, tuple[tuple[str, str], ...]]

# How long what is noted waits to be counted, in seconds: what /metrics says of pages is so old at most.
SETTLED_AFTER = 0.5

PREFIX = "daily_draw_"
MEANINGS = {
    "form_posts": "Posts of forms, by form and verdict of the request check",
    "registrations": "Posts of the entry form, by what became of them",
    "confirmations": "Posts of the page behind the mailed link, by what became of them",
    "subscriptions": "Posts of the newsletter's form and of the page behind its mailed link, by what became of them",
    "limited": "Posts that a limit refused, asked twice or whose mail it delayed, by form and by what was counted",
    "ads": "What happened to ads: served, viewable, click, each counted or filtered with its reason",
    "page_cache": "Answers by the page cache: hits from memory, misses made anew, stale ones for want of better",
    "page_cache_bytes": "What the workers' page caches hold together",
    "requests": "Answered requests, by route, method and status",
}

_logger = logging.getLogger(__name__)
_lock = threading.Lock()
_counters: "dict[str, Counter]" = {}
_children: "dict[Series, Counter]" = {}
_levels: "dict[str, Gauge]" = {}


def count(name: str, **labels: str) -> None:
    """Add one to the series `name` with these labels, and say so in the log.

    Labels' values are words of ours, never what somebody typed: their number must stay small, and they are public to whoever
    reads /metrics.
    """
    tally(name, **labels)
    _logger.info("%s", name, extra={"fields": labels})


def tally(name: str, **labels: str) -> None:
    """As `count`, without a line in the log: for what has one already."""
    # Found by itself, a child takes prometheus_client longer than all the rest of an answer from memory.
    _child(series(name, **labels)).inc()


class _Notes:
    """What happened, to be counted soon: to count takes prometheus_client longer than all the rest of an answer from memory, to
    count many at once no longer than one."""

    def __init__(self) -> None:
        self._noted: deque[tuple[Series, ...]] = deque()
        self._is_timed = False
        self._settling = threading.Lock()

    def note(self, series: tuple[Series, ...]) -> None:
        """Count one in each of `series`, within SETTLED_AFTER: for what each answer of the site does."""
        self._noted.append(series)
        if not self._is_timed:
            self._is_timed = True
            timer = threading.Timer(SETTLED_AFTER, self._on_time)
            timer.daemon = True
            timer.start()

    def _on_time(self) -> None:
        # First: what is noted after this has a timer of its own, and what was noted before is counted below.
        self._is_timed = False
        self.settle()

    def settle(self) -> None:
        """Count now what was noted until now."""
        with self._settling:
            for together, often in Tally(starmap(self._noted.popleft, repeat((), len(self._noted)))).items():
                for series in together:
                    _child(series).inc(often)


_notes = _Notes()
note, settle = _notes.note, _notes.settle
atexit.register(settle)


def series(name: str, **labels: str) -> Series:
    """The series `name` with these labels, for `note`."""
    return name, tuple(labels.items())


def times(name: str, **labels: str) -> int:
    """How often this process counted in the series `name` with these labels."""
    settle()
    if series(name, **labels) not in _children:
        return 0
    from prometheus_client import REGISTRY

    return int(REGISTRY.get_sample_value(f"{PREFIX}{name}_total", labels) or 0)


def _child(series: Series) -> "Counter":
    if series not in _children:
        name, labels = series
        counter = _counters.get(name) or _make(name, tuple(label for label, _ in labels))
        _children.setdefault(series, counter.labels(**dict(labels)) if labels else counter)
    return _children[series]


def level(name: str, value: float) -> None:
    """Set this process's share of a figure that goes up and down; /metrics shows the sum over all workers alive."""
    from prometheus_client import Gauge

    with _lock:
        if name not in _levels:
            _levels[name] = Gauge(f"{PREFIX}{name}", MEANINGS[name], multiprocess_mode="livesum")
    _levels[name].set(value)


def _make(name: str, labels: tuple[str, ...]) -> "Counter":
    from prometheus_client import Counter

    with _lock:
        if name not in _counters:
            _counters[name] = Counter(f"{PREFIX}{name}", MEANINGS.get(name, name.replace("_", " ").capitalize()), labels)
        return _counters[name]


def counted() -> dict[Series, int]:
    """All series of this process: name and sorted labels, with how often."""
    from prometheus_client import REGISTRY

    settle()
    return {
        (metric.name.removeprefix(PREFIX), tuple(sorted(sample.labels.items()))): int(sample.value)
        for metric in REGISTRY.collect()
        if metric.name.startswith(PREFIX) and metric.type == "counter"
        for sample in metric.samples
        if sample.name.endswith("_total")
    }
