"""Counts on a running server: `kill -9` loses at most the last second of them, and no page waits for them."""

import sqlite3
import time
import urllib.request
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.serving import LOST, Site, installed_site, kill_group, wait_until, web
from webapp import clock

pytestmark = pytest.mark.slow

OWN = """
slug = "own"
advertiser = "The paper"
title = "The paper's own"
timezone = "UTC"
priority = "house"
starts_at = {:%Y-%m-%dT%H:%M:%S}
ends_at = {:%Y-%m-%dT%H:%M:%S}
[[creatives]]
slug = "words"
headline = "Read more"
target = "https://paper.example/"
"""


def ask(here: Site) -> None:
    request = urllib.request.Request(here.url + "/ads/decide?slots=rail", headers={"User-Agent": "Mozilla/5.0 Firefox/140.0"})
    with urllib.request.urlopen(request, timeout=LOST) as answer:
        assert b"Read more" in answer.read()


def served(here: Site) -> int:
    with closing(sqlite3.connect(here.instance / "daily-draw.sqlite3")) as database:
        (found,) = database.execute("SELECT coalesce(sum(served), 0) FROM ads_count").fetchone()
    return int(found)


def test_kill_9_loses_at_most_the_last_second(tmp_path: Path) -> None:
    here = installed_site(tmp_path / "instance")
    file, now = tmp_path / "ad.toml", clock.now()
    file.write_text(OWN.format(now - timedelta(hours=1), now + timedelta(days=1)))
    here.flask("ad", "import", str(file))
    before, told, late = served(here), 0, []
    for _ in range(2):
        process = web(here)
        try:
            for _ in range(20):  # fewer a minute than a flood
                ask(here)
            told += 20
            began = time.monotonic()
            wait_until(lambda told=told: served(here) - before >= told, "the count of a second ago")  # type: ignore[misc]
            late.append(time.monotonic() - began)
            for _ in range(5):
                ask(here)
        finally:
            kill_group(process)
        counted = served(here) - before
        assert told <= counted <= told + 5
        told = counted
    assert min(late) < 2, "more than the second that may be lost"
