"""Reading: our pages beside the same bytes from the barest app there is, a plain Flask app, an ordinary one, and nginx."""

import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
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
  server { listen 127.0.0.1:PORT backlog=1024; root FOLDER; default_type text/html; location / { try_files /page =404; } }
}
"""


@dataclass(frozen=True)
class Answer:
    """What our site said: what the bare contestants say again."""

    status: str
    headers: Message
    body: bytes


@dataclass(frozen=True)
class Contestant:
    """A server, and what it is asked with: a tag is of the server that gave it."""

    server: Server
    headers: Mapping[str, str]


def measure(quick: bool) -> list[Row]:
    """Ratios of requests a second and of CPU, against the limits of the server itself and against what else a publisher could run."""
    effort = Effort(0.3, 5) if quick else Effort(2, 5)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        site = installed(folder)
        with gunicorn("ours", "wsgi:app", site.environ) as ours:
            rows = []
            for page, path in list(PATHS.items())[: 1 if quick else None]:
                for mode, headers in _modes(ours, path).items():
                    with _contestants(folder, ours, path, headers, all_of_them=_is_for_all(path, mode, quick)) as they:
                        rows += _rows(f"{page}, {mode}", _alternate(they, path, effort))
            rows.append(_memory(ours))
    return rows


def _modes(ours: Server, path: str) -> dict[str, Mapping[str, str]]:
    tag = _ask(ours, path, COMPRESSED).headers["ETag"]
    return {"plain": {}, "compressed": COMPRESSED, "not modified": {**COMPRESSED, "If-None-Match": tag}, "no keep-alive": CLOSED}


def _is_for_all(path: str, mode: str, quick: bool) -> bool:
    return path == ARTICLE and (mode == "compressed" or not quick)


@contextmanager
def _contestants(
    within: Path, ours: Server, path: str, headers: Mapping[str, str], *, all_of_them: bool
) -> Iterator[dict[str, Contestant]]:
    """Ours and bare WSGI, or all, by name; those that are given bytes answer the very ones that ours does."""
    folder = Path(tempfile.mkdtemp(dir=within))
    answer = _ask(ours, path, {name: value for name, value in headers.items() if name != "Connection"})
    with ExitStack() as stack:
        start = stack.enter_context
        they = {"ours": Contestant(ours, headers), "bare WSGI": Contestant(start(_bare(folder, answer, "wsgi")), headers)}
        if all_of_them:
            they["a bare Flask route"] = Contestant(start(_bare(folder, answer, "flask")), headers)
            they["an ordinary Flask page"] = Contestant(start(ordinary_data.pages(folder, gunicorn)), headers)
            they["nginx with the file"] = _with_its_own_tag(start(_nginx(folder, answer)), headers)
        yield they


def _with_its_own_tag(server: Server, headers: Mapping[str, str]) -> Contestant:
    if "If-None-Match" not in headers:
        return Contestant(server, headers)
    return Contestant(server, {**headers, "If-None-Match": _ask(server, "/", {}).headers["ETag"]})


def _alternate(they: dict[str, Contestant], path: str, effort: Effort) -> dict[str, list[Sample]]:
    """In every other round in the opposite order, so that a machine that gets slower or faster does nobody a favour."""
    for one in they.values():
        settle(one.server, path, one.headers)
    samples: dict[str, list[Sample]] = {name: [] for name in they}
    for turn in range(effort.rounds):
        for name in list(they)[:: 1 if turn % 2 == 0 else -1]:
            samples[name].append(press(they[name].server, path, seconds=effort.seconds, headers=they[name].headers))
    return samples


def _rows(what: str, samples: dict[str, list[Sample]]) -> list[Row]:
    mine, rows = samples.pop("ours"), []
    for name, theirs in samples.items():
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


def _ask(server: Server, path: str, headers: Mapping[str, str]) -> Answer:
    request = urllib.request.Request(server.url + path, headers=dict(headers))
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return Answer(f"{response.status} {response.reason}", response.headers, response.read())
    except urllib.error.HTTPError as error:  # 304 is one to urllib
        return Answer(f"{error.code} {error.reason}", error.headers, b"")


@contextmanager
def _bare(folder: Path, answer: Answer, app: str) -> Iterator[Server]:
    """Under the same gunicorn settings."""
    (folder / "body").write_bytes(answer.body)
    kept = [f"{name}: {value}" for name, value in answer.headers.items() if name.lower() not in NOT_COPIED]
    (folder / "headers").write_text("\n".join(kept))
    environ = {"BARE_BODY": str(folder / "body"), "BARE_HEADERS": str(folder / "headers"), "BARE_STATUS": answer.status}
    with gunicorn(f"bare {app}", f"benchmarks.bare:{app}", environ) as server:
        yield server


@contextmanager
def _nginx(folder: Path, answer: Answer) -> Iterator[Server]:
    place = folder / "nginx"
    place.mkdir()
    for one in (folder.parent, folder):
        one.chmod(0o755)
    (place / "page").write_bytes(answer.body or b"any")  # of a 304 nothing is sent
    with nginx("nginx, static file", STATIC, place) as server:
        yield server
