"""Reading: our pages beside the same bytes from the barest app there is, a plain Flask app, an ordinary one, and nginx."""

import re
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

from benchmarks import ordinary_data
from benchmarks.load import Effort, Sample, press, settle
from benchmarks.ours import installed
from benchmarks.servers import Server, gunicorn, nginx
from benchmarks.table import Row, rounds_row

ARTICLE = "/news/assad-flees-syria"
PATHS = {"article": ARTICLE, "front page": "/", "headlines": "/headlines", "feed": "/feed.xml"}
COMPRESSED = {"Accept-Encoding": "br, gzip"}
CLOSED = {**COMPRESSED, "Connection": "close"}
# Of requests a second, at least; of CPU for 1,000, at most.
GOALS = {"bare WSGI": (0.95, 1.1), "a bare Flask route": (1.0, None)}
# What gunicorn says by itself. All else is among the bytes to be said again, the id of a request too: one for all.
NOT_COPIED = {"date", "server", "connection", "transfer-encoding"}

STATIC = """
worker_processes 2; pid FOLDER/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 1000000;
  client_body_temp_path FOLDER/body; proxy_temp_path FOLDER/proxy;
  fastcgi_temp_path FOLDER/f; uwsgi_temp_path FOLDER/u; scgi_temp_path FOLDER/s;
  server { listen 127.0.0.1:PORT backlog=1024; root FOLDER; default_type text/html; location = / { return 204; } }
}
"""


@dataclass(frozen=True)
class Answer:
    """What our site said to a request, which the bare contestants say again at `/name`."""

    name: str
    path: str
    asked_with: Mapping[str, str]
    status: str
    headers: Message
    body: bytes


@dataclass(frozen=True)
class Contestant:
    """A server, what it is asked for, and with what: a tag is of the server that gave it."""

    server: Server
    path: str
    headers: Mapping[str, str]


def measure(quick: bool) -> list[Row]:
    """Ratios of requests a second and of CPU, against the limits of the server itself and against what else a publisher could run."""
    effort = Effort(0.3, 4) if quick else Effort(0.4, 24)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        site = installed(folder)
        with gunicorn("ours", "wsgi:app", site.environ) as ours:
            answers = [
                _answer(ours, f"{page}, {mode}", path, headers)
                for page, path in list(PATHS.items())[: 1 if quick else None]
                for mode, headers in _modes(ours, path).items()
            ]
            with _others(folder, answers) as others:
                rows, mine, bare = [], list[Sample](), list[Sample]()
                for answer in answers:
                    every = answer.path == ARTICLE and (answer.asked_with == COMPRESSED or not quick)
                    samples = _alternate(_contestants(ours, others, answer, every=every), effort)
                    rows += _rows(answer.name, samples)
                    mine, bare = mine + samples["ours"], bare + samples["bare WSGI"]
            rows += [*_rows("all of these", {"ours": mine, "bare WSGI": bare}), _memory(ours)]
    return rows


def _modes(ours: Server, path: str) -> dict[str, Mapping[str, str]]:
    tag = _ask(ours, path, COMPRESSED)[1]["ETag"]
    return {"plain": {}, "compressed": COMPRESSED, "not modified": {**COMPRESSED, "If-None-Match": tag}, "no keep-alive": CLOSED}


def _answer(ours: Server, name: str, path: str, headers: Mapping[str, str]) -> Answer:
    said = _ask(ours, path, {name: value for name, value in headers.items() if name != "Connection"})
    return Answer(name, path, headers, *said)


@contextmanager
def _others(folder: Path, answers: list[Answer]) -> Iterator[dict[str, Server]]:
    """All but ours, by name."""
    place = folder / "said"
    place.mkdir()
    for one in (folder, place):
        one.chmod(0o755)
    for number, answer in enumerate(answers):
        kept = [f"{name}: {value}" for name, value in answer.headers.items() if name.lower() not in NOT_COPIED]
        (place / f"{number}.head").write_text("\n".join([f"{_place(answer)} {answer.status}", *kept]))
        (place / f"{number}.body").write_bytes(answer.body)
        (place / _place(answer)).write_bytes(answer.body or b"any")  # of a 304 nginx sends nothing
    environ = {"BARE_ANSWERS": str(place)}
    with (
        gunicorn("bare WSGI", "benchmarks.bare:wsgi", environ) as bare,
        gunicorn("a bare Flask route", "benchmarks.bare:flask", environ) as flask,
        ordinary_data.pages(folder, gunicorn) as ordinary,
        nginx("nginx, static file", STATIC, place) as static,
    ):
        yield {"bare WSGI": bare, "a bare Flask route": flask, "an ordinary Flask page": ordinary, "nginx with the file": static}


def _place(answer: Answer) -> str:
    return re.sub("[^a-z]+", "-", answer.name)


def _contestants(ours: Server, others: dict[str, Server], answer: Answer, *, every: bool) -> dict[str, Contestant]:
    """Ours and bare WSGI, or all, by name."""
    own = dict(answer.asked_with)
    if "If-None-Match" in own:  # pages say what day it is, and a run may last beyond midnight
        own["If-None-Match"] = _ask(ours, answer.path, COMPRESSED)[1]["ETag"]
    they = {"ours": Contestant(ours, answer.path, own)}
    for name, server in others.items():
        path = answer.path if name == "an ordinary Flask page" else f"/{_place(answer)}"
        headers = dict(answer.asked_with)
        if name == "nginx with the file" and "If-None-Match" in headers:
            headers["If-None-Match"] = _ask(server, path, {})[1]["ETag"]
        if every or name == "bare WSGI":
            they[name] = Contestant(server, path, headers)
    return they


def _alternate(they: dict[str, Contestant], effort: Effort) -> dict[str, list[Sample]]:
    """In every other round in the opposite order, so that a machine that gets slower or faster does nobody a favour."""
    for one in they.values():
        settle(one.server, one.path, one.headers)
    samples: dict[str, list[Sample]] = {name: [] for name in they}
    for turn in range(effort.rounds):
        for name in list(they)[:: 1 if turn % 2 == 0 else -1]:
            one = they[name]
            samples[name].append(press(one.server, one.path, seconds=effort.seconds, headers=one.headers))
    return samples


def _rows(what: str, samples: dict[str, list[Sample]]) -> list[Row]:
    mine, rows = samples["ours"], []
    for name, theirs in list(samples.items())[1:]:
        fast, cheap = GOALS.get(name, (None, None))
        rates = f"{what}: requests/s, beside {name}"
        rows.append(rounds_row(rates, _rates(mine), _rates(theirs), goal=fast, better="higher", unit="/s"))
        rows.append(rounds_row(f"{what}: CPU per 1,000, beside {name}", _cpu(mine), _cpu(theirs), goal=cheap))
    return rows


def _rates(samples: list[Sample]) -> list[float]:
    return [sample.per_second for sample in samples]


def _cpu(samples: list[Sample]) -> list[float]:
    return [sample.cpu_per_1000 for sample in samples]


def _memory(ours: Server) -> Row:
    return rounds_row("memory of gunicorn and its two workers after this", [ours.memory_mib()], None, goal=None, unit="MiB")


def _ask(server: Server, path: str, headers: Mapping[str, str]) -> tuple[str, Message, bytes]:
    """Status line, headers and body."""
    request = urllib.request.Request(server.url + path, headers=dict(headers))
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return f"{response.status} {response.reason}", response.headers, response.read()
    except urllib.error.HTTPError as error:  # 304 is one to urllib
        return f"{error.code} {error.reason}", error.headers, b""
