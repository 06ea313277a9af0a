"""What tests of faults share: a site with a campaign, and readers who ask and post as browsers do."""

import http.client
import json
import re
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.serving import LOST, Site, wait_until
from tests.sweepstakes.campaigns import open_now
from tests.sweepstakes.entering import typed

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}


@dataclass(frozen=True)
class Answer:
    """`seconds`: from the request to the last byte. `worker`: the part of the request's id that each process draws (tracing.py)."""

    status: int
    page: str
    seconds: float
    worker: str


def open_campaign(here: Site, folder: Path) -> None:
    """A campaign that takes entries now."""
    file = folder / "campaign.toml"
    file.write_text(open_now(), encoding="utf-8")
    here.flask("sweepstakes", "create", str(file))
    here.flask("sweepstakes", "open", "win-100", "--yes")


def ask(here: Site, path: str, body: str | None = None) -> Answer:
    """By a connection of its own, so that now one worker answers and now the other. OSError or HTTPException without an answer."""
    began = time.monotonic()
    with closing(http.client.HTTPConnection(urlsplit(here.url).netloc, timeout=LOST)) as connection:
        connection.request("POST" if body else "GET", path, body, FORM if body else {})
        answer = connection.getresponse()
        page = answer.read().decode()
    return Answer(answer.status, page, time.monotonic() - began, answer.headers["X-Request-ID"][:8])


def press(here: Site, email: str) -> Answer:
    """A registration, and what it is answered with."""
    return ask(here, "/register", urlencode(typed(email=email)))


def register(here: Site, email: str) -> int:
    return press(here, email).status


def is_filled(answer: Answer, email: str) -> bool:
    """Whether it is the page that says "not now", with all that was typed."""
    return answer.status == 503 and f'value="{email}"' in answer.page and 'value="Ada Reader"' in answer.page


def ready(here: Site) -> tuple[int, dict[str, Any]]:
    """What /readyz says."""
    answer = ask(here, "/readyz")
    return answer.status, dict(json.loads(answer.page))


def warm(here: Site, *paths: str) -> None:
    """Let both workers have these pages in memory, however unevenly the kernel hands connections out.

    A worker's first answers are not kept: it has only begun to watch the content's version, by a thread that takes its time. So
    until a round of which nothing had to be made.
    """
    for path in paths:

        def is_kept(path: str = path) -> bool:
            made = _made(here)
            _by_both(here, path)
            return made == _made(here)

        wait_until(is_kept, f"{path} in the memory of both workers")


def _by_both(here: Site, path: str) -> None:
    """Some at once: of requests one after the other an idle machine may let one worker answer all."""
    warmed: Counter[str] = Counter()
    with ThreadPoolExecutor(4) as pool:

        def is_warm() -> bool:
            answers = list(pool.map(lambda _: ask(here, path), range(8)))
            assert {answer.status for answer in answers} == {200}
            warmed.update(answer.worker for answer in answers)
            return len(warmed) == 2 and min(warmed.values()) >= 6

        wait_until(is_warm, "answers of both workers")


def _made(here: Site) -> int:
    """How many pages the workers have made."""
    found = re.search(r'^daily_draw_page_cache_total\{answer="misses"\} (\d+)', ask(here, "/metrics").page, re.MULTILINE)
    return int(found[1]) if found else 0


def slowest_but(few: int, answers: Iterable[Answer]) -> float:
    """Seconds of the slowest answer when some are left out: the machine itself may have stood still."""
    return sorted(answer.seconds for answer in answers)[-1 - few]
