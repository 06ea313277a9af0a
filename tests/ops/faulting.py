"""What tests of faults share: a site with a campaign, and readers who ask and post as browsers do."""

import http.client
import json
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.serving import Site
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
    with closing(http.client.HTTPConnection(urlsplit(here.url).netloc, timeout=20)) as connection:
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

    A worker's first answers are not kept: it has only begun to watch the content's version.
    """
    for path in paths:
        warmed: Counter[str] = Counter()
        deadline = time.monotonic() + 20
        while len(warmed) < 2 or min(warmed.values()) < 6:
            answer = ask(here, path)
            assert answer.status == 200
            assert time.monotonic() < deadline, "one worker answers everything"
            warmed[answer.worker] += 1
