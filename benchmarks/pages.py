"""Reading: our pages beside the same bytes from the barest app there is, a plain Flask app, an ordinary one, and nginx."""

import shutil
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
NOT_COPIED = {"date", "server", "connection", "x-request-id", "transfer-encoding"}

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


def measure(quick: bool) -> list[Row]:
    """Ratios of requests a second and of CPU, against the limits of the server itself and against what else a publisher could run."""
    effort = Effort(0.6, 3) if quick else Effort(2, 5)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        site = installed(folder)
        with gunicorn("ours", "wsgi:app", site.environ) as ours:
            rows = []
            for page, path in list(PATHS.items())[: 1 if quick else None]:
                for mode, headers in _modes(ours, path).items():
                    with _bare(folder, ours, path, headers) as bare:
                        rows += _pair(f"{page}, {mode}", (ours, bare), path, headers, effort)
            rows += _beside_others(folder, ours, effort)
            rows.append(_memory(ours))
    return rows


def _modes(ours: Server, path: str) -> dict[str, Mapping[str, str]]:
    tag = _ask(ours, path, COMPRESSED).headers["ETag"]
    return {"plain": {}, "compressed": COMPRESSED, "not modified": {**COMPRESSED, "If-None-Match": tag}, "no keep-alive": CLOSED}


def _pair(what: str, pair: tuple[Server, Server], path: str, headers: Mapping[str, str], effort: Effort) -> list[Row]:
    mine, limit = _alternate(pair, path, headers, effort)
    return [
        rounds_row(f"{what}: requests/s, beside bare WSGI", _rates(mine), _rates(limit), goal=0.95, better="higher", unit="/s"),
        rounds_row(f"{what}: CPU per 1,000, beside bare WSGI", _cpu(mine), _cpu(limit), goal=1.1),
    ]


def _beside_others(folder: Path, ours: Server, effort: Effort) -> list[Row]:
    answer = _ask(ours, ARTICLE, COMPRESSED)
    with ExitStack() as stack:
        flask = stack.enter_context(_bare(folder, ours, ARTICLE, COMPRESSED, app="benchmarks.bare:flask"))
        ordinary = stack.enter_context(ordinary_data.pages(folder, gunicorn))
        static = stack.enter_context(_nginx(folder, answer))
        mine, plain, usual, file = _alternate((ours, flask, ordinary, static), ARTICLE, COMPRESSED, effort)
    return [
        rounds_row("article: requests/s, beside a bare Flask route", _rates(mine), _rates(plain), goal=1.0, better="higher", unit="/s"),
        rounds_row(
            "article: requests/s, beside an ordinary Flask page", _rates(mine), _rates(usual), goal=None, better="higher", unit="/s"
        ),
        rounds_row("article: CPU per 1,000, beside an ordinary Flask page", _cpu(mine), _cpu(usual), goal=None),
        rounds_row("article: requests/s, beside nginx with the file", _rates(mine), _rates(file), goal=None, better="higher", unit="/s"),
    ]


def _alternate(contestants: tuple[Server, ...], path: str, headers: Mapping[str, str], effort: Effort) -> list[list[Sample]]:
    for server in contestants:
        settle(server, path, headers)
    turns = [[press(server, path, seconds=effort.seconds, headers=headers) for server in contestants] for _ in range(effort.rounds)]
    return [list(samples) for samples in zip(*turns, strict=True)]


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
def _bare(folder: Path, ours: Server, path: str, headers: Mapping[str, str], app: str = "benchmarks.bare:wsgi") -> Iterator[Server]:
    """Under the same gunicorn settings, the very bytes that ours answers."""
    answer = _ask(ours, path, {name: value for name, value in headers.items() if name != "Connection"})
    (folder / "body").write_bytes(answer.body)
    kept = [f"{name}: {value}" for name, value in answer.headers.items() if name.lower() not in NOT_COPIED]
    (folder / "headers").write_text("\n".join(kept))
    environ = {"BARE_BODY": str(folder / "body"), "BARE_HEADERS": str(folder / "headers"), "BARE_STATUS": answer.status}
    with gunicorn(app, app, environ) as server:
        yield server


@contextmanager
def _nginx(folder: Path, answer: Answer) -> Iterator[Server]:
    place = folder / "nginx"
    place.mkdir(exist_ok=True)
    folder.chmod(0o755)
    (place / "page").write_bytes(answer.body)
    with nginx("nginx, static file", STATIC, place) as server:
        yield server
    shutil.rmtree(place)
