"""What happened is counted once and to the last, though each answer only notes it."""

import os
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from flask.testing import FlaskClient
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

from webapp import tracing
from webapp.config import ROOT
from webapp.counting import note, series, settle, times

THREADS, EACH = 8, 3000


def test_an_answer_is_counted_soon_though_nobody_asks_for_the_figures(client: FlaskClient) -> None:
    def figure() -> float:
        labels = {"route": "/healthz", "method": "GET", "status": "200"}
        return REGISTRY.get_sample_value("daily_draw_requests_total", labels) or 0

    before = figure()
    client.get("/healthz")
    deadline = time.monotonic() + 20
    while figure() != before + 1:
        assert time.monotonic() < deadline, "what was noted is never counted"
        time.sleep(0.02)


def test_what_threads_note_while_others_count_is_counted_to_the_last() -> None:
    both = (series("test_crowd", by="its threads"), series("ads", event="a test", outcome="its threads"))
    begin = threading.Barrier(THREADS)

    def work(number: int) -> None:
        begin.wait(timeout=60)
        for _ in range(EACH):
            note(both)
            if number % 2:
                settle()

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))
    assert times("test_crowd", by="its threads") == THREADS * EACH
    assert times("ads", event="a test", outcome="its threads") == THREADS * EACH


def test_a_process_that_ends_leaves_nothing_uncounted(tmp_path: Path) -> None:
    program = "from webapp.counting import note, series\nfor _ in range(7):\n    note((series('page_cache', answer='hits'),))\n"
    environ = {"PATH": os.environ["PATH"], "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environ, check=True, timeout=60)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(tmp_path))  # type: ignore[no-untyped-call]
    assert registry.get_sample_value("daily_draw_page_cache_total", {"answer": "hits"}) == 7


def test_ids_are_unlike_whichever_thread_asks_and_beyond_what_two_digits_hold() -> None:
    def ask(_: int) -> list[str]:
        return [tracing._ids.next() for _ in range(10_000)]

    with ThreadPoolExecutor(THREADS) as pool:
        ids = [one for many in pool.map(ask, range(THREADS)) for one in many]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[0-9a-f]{16}", one) for one in ids)
