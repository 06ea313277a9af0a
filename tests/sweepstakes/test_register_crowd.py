"""Many posts at one moment, through gunicorn with two workers: limits count each of them."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.ops.test_faults import open_campaign, register
from tests.serving import installed_site, kill_group, web
from webapp import clock

pytestmark = pytest.mark.slow


def test_of_fifty_posts_at_once_exactly_the_allowed_number_pass(tmp_path: Path) -> None:
    """Unless the machine itself stands still for so long that limits let people pass, and say so; not five times in a row."""
    for attempt in range(5):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        hour = clock.now().hour
        answers = crowd(folder)
        # Of a full hour a part is forgotten as soon as the next one begins.
        if "limits are off" not in (folder / "log").read_text() and hour == clock.now().hour:
            break
    assert answers == {303: 20, 429: 30}


def crowd(folder: Path) -> Counter[int]:
    """How fifty posts at once are answered where twenty are allowed; in the folder a log of what the server says."""
    here = installed_site(folder / "instance", LIMIT_IPV4_REFUSED="20 per hour", WEB_CONCURRENCY="2")
    open_campaign(here, folder)
    server, start = web(here, folder / "log"), threading.Barrier(50)

    def press(number: int) -> int:
        start.wait()
        return register(here, f"reader{number}@example.com")

    try:
        with ThreadPoolExecutor(50) as pool:
            return Counter(pool.map(press, range(50)))
    finally:
        kill_group(server)
