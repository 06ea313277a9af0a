"""Reading behind deploy/nginx.conf as it stands: an article from its cache, beside the same answer from a file of the same nginx."""

import os
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.load import Effort, press, settle
from benchmarks.ours import installed
from benchmarks.pages import ARTICLE
from benchmarks.servers import Server, cores, gunicorn
from benchmarks.table import Row, rounds_row
from tests import nginx as deployed

# The article's bytes as a file, opened for each reader, as nginx does by itself and as in `pages`: what is published shows at once.
# Then one that is kept open, as our file lets it keep copies: a new one would show after a minute. Both with the headers that the
# article has, as a publisher of files would have to set them; and without.
FILE, OPEN, BARE = "/the-same-as-a-file", "/the-same-kept-open", "/the-same-without-headers"
# nginx sets these itself.
_ITS_OWN = {"server", "date", "connection", "content-type", "content-length", "etag"}
HEADERS = {"Host": deployed.HOST, "Accept-Encoding": "br"}
# What an https site must have; nothing is sent.
PUBLIC = {"SITE_URL": f"https://{deployed.HOST}", "MAIL_URL": "smtp://127.0.0.1:9", "POSTAL_ADDRESS": "1 Main St", "PROXY_HOPS": "1"}


def measure(quick: bool) -> list[Row]:
    """Requests a second over TLS and kept connections, the paths of one nginx in turns."""
    effort = Effort(0.5, 4) if quick else Effort(0.5, 24)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        site = installed(folder)  # `demo` refuses on https, so before that is set
        with gunicorn("ours", "wsgi:app", {**site.environ, **PUBLIC, "LIMITS": "on"}) as ours, _front(folder, ours) as front:
            paths = (ARTICLE, FILE) if quick else (ARTICLE, FILE, OPEN, BARE)
            for path in paths:
                settle(front, path, HEADERS, seconds=0.6)  # handshakes
            turns = []
            for turn in range(effort.rounds):
                order = paths[:: 1 if turn % 2 == 0 else -1]
                rates = {path: press(front, path, seconds=effort.seconds, headers=HEADERS).per_second for path in order}
                turns.append([rates[path] for path in paths])
    mine, *files = zip(*turns, strict=True)
    name = "article behind deploy/nginx.conf: requests/s, beside its file"
    beside = ((name, 0.9), (f"{name} kept open for a minute", None), (f"{name} without our headers", None))
    return [rounds_row(what, mine, file, goal=goal, better="higher", unit="/s") for (what, goal), file in zip(beside, files, strict=False)]


def _quoted(value: str) -> str:
    """A header's value within single quotes of nginx's own language."""
    return value.replace("\\", "\\\\").replace("'", "\\'")


@contextmanager
def _front(folder: Path, ours: Server) -> Iterator[Server]:
    """nginx with our file, in which one more place is put in: the article's compressed bytes, served from disk."""
    place = folder / "nginx"
    place.mkdir()
    for one in (folder, place):
        one.chmod(0o755)
    request = urllib.request.Request(ours.url + ARTICLE, headers=HEADERS)
    with urllib.request.urlopen(request, timeout=10) as answer:
        (place / "page").write_bytes(answer.read())
        headers = "".join(
            f"add_header {name} '{_quoted(value)}'; " for name, value in answer.headers.items() if name.lower() not in _ITS_OWN
        )
    file = f"alias {place}/page; default_type text/html;"
    as_a_file = f"""
        location = {FILE} {{ {file} {headers} open_file_cache off; }}
        location = {OPEN} {{ {file} {headers} }}
        location = {BARE} {{ {file} add_header Content-Encoding br; open_file_cache off; }}
    """
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {int(core) for core in cores()[0].split(",")})  # nginx inherits it
    try:
        with deployed.front(place, int(ours.url.rpartition(":")[2]), more=as_a_file) as running:
            os.sched_setaffinity(0, before)
            yield Server("nginx before ours", f"https://127.0.0.1:{running.port}", running.process.pid)
    finally:
        os.sched_setaffinity(0, before)
