"""What happened how often in this process: figures for metrics, each with a line in the log. Never anything about a person."""

import logging
import threading
from collections import Counter

Series = tuple[str, tuple[tuple[str, str], ...]]

_logger = logging.getLogger(__name__)
_lock = threading.Lock()
_counts: Counter[Series] = Counter()


def count(name: str, **labels: str) -> None:
    """Add one to the series `name` with these labels. Their values are words of ours, never what somebody typed."""
    series = (name, tuple(sorted(labels.items())))
    with _lock:
        _counts[series] += 1
    _logger.info("%s", " ".join([f"count={name}", *(f"{label}={value}" for label, value in series[1])]))


def counted() -> dict[Series, int]:
    """A copy of all series of this process: name and sorted labels, with how often."""
    with _lock:
        return dict(_counts)
