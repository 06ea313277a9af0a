"""Many posts at one moment, through gunicorn with two workers: limits count each of them."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.ops.test_faults import open_campaign, register
from tests.serving import installed_site, kill_group, web

pytestmark = pytest.mark.slow


def test_of_fifty_posts_at_once_exactly_the_allowed_number_pass(tmp_path: Path) -> None:
    here = installed_site(tmp_path / "instance", LIMIT_IPV4_REFUSED="20 per hour", WEB_CONCURRENCY="2")
    open_campaign(here, tmp_path)
    server, start = web(here), threading.Barrier(50)

    def press(number: int) -> int:
        start.wait()
        return register(here, f"reader{number}@example.com")

    try:
        with ThreadPoolExecutor(50) as pool:
            answers = Counter(pool.map(press, range(50)))
    finally:
        kill_group(server)
    assert answers == {303: 20, 429: 30}
