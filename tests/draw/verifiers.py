"""Both verifiers over many cases: the file in one process, the page's script in one page of real Chromium; and a site for them."""

import base64
import contextlib
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.draw.maker import SCRIPT, Draw, bundle, zipped

FOLDER = Path(__file__).parent
BOTH_SAY_IT_THEIR_WAY = "7. The beacon's signature was NOT CHECKED"


@dataclass(frozen=True)
class Case:
    """A bundle (zip) or None for a receipt alone, and what the reader brings."""

    zip: bytes | None
    receipt: bytes | None = None
    email: str = ""
    vkey: str | None = None
    older: list[bytes] = field(default_factory=list)
    witnesses: list[str] = field(default_factory=list)
    letter: bytes | None = None

    @classmethod
    def of(cls, draw: Draw, **mine: Any) -> "Case":
        return cls(zipped(bundle(draw)), **mine)

    def encoded(self) -> dict[str, Any]:
        def encode(value: Any) -> Any:
            if isinstance(value, list):
                return [encode(item) for item in value]
            return base64.b64encode(value).decode() if isinstance(value, bytes) else value

        return {name: encode(value) for name, value in asdict(self).items()}


@dataclass(frozen=True)
class Outcome:
    said: list[str]
    ending: str

    @property
    def comparable(self) -> tuple[list[str], str]:
        """All that both must say alike: everything but how they lack BLS."""
        return [BOTH_SAY_IT_THEIR_WAY if line.startswith(BOTH_SAY_IT_THEIR_WAY) else line for line in self.said], self.ending


def by_file(cases: Iterable[Case]) -> list[Outcome]:
    """open_draw.py, on the standard library alone (-S leaves all packages out)."""
    given = json.dumps([case.encoded() for case in cases])
    command = [sys.executable, "-I", "-S", "-B", str(FOLDER / "verify_many.py"), str(SCRIPT.parent)]
    done = subprocess.run(command, input=given, capture_output=True, text=True, encoding="utf-8", timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return [Outcome(**outcome) for outcome in json.loads(done.stdout)]


RUN = """async (cases) => {
  const bytes = (text) => text === null ? null : Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const outcomes = [];
  for (const one of cases) {
    const mine = { ...one, receipt: bytes(one.receipt), letter: bytes(one.letter), older: one.older.map(bytes) };
    outcomes.push(await OpenDraw.run(bytes(one.zip), mine));
  }
  return outcomes;
}"""


def script_page(browser: Any, folder: Path) -> Any:
    """A page from disk that holds the script and nothing else."""
    shutil.copy(SCRIPT.parent / "verify.js", folder)
    (folder / "page.html").write_text('<!doctype html><meta charset=utf-8><title>Script</title><script src="verify.js"></script>')
    page = browser.new_page()
    page.goto(f"file://{folder}/page.html")
    return page


def by_script(page: Any, cases: Iterable[Case]) -> list[Outcome]:
    """verify.js in the page."""
    return [Outcome(**outcome) for outcome in page.evaluate(RUN, [case.encoded() for case in cases])]


def agree(page: Any, cases: Iterable[Case]) -> list[Outcome]:
    """What both verifiers say of every case, after seeing that they say it alike, line by line.

    For draws from elsewhere: `Case.of(Draw(leaves, rules, vkey, checkpoint, sealed), receipt=…, email=…)`.
    """
    cases = list(cases)
    with ThreadPoolExecutor(1) as beside:
        running = beside.submit(by_file, cases)
        scripts = by_script(page, cases)
        outcomes = running.result()
    for case, file, script in zip(cases, outcomes, scripts, strict=True):
        assert file.comparable == script.comparable, case
    return outcomes


class Tiles(BaseHTTPRequestHandler):
    """Any static server can serve a log: these are its files."""

    files: dict[str, bytes]

    def do_GET(self) -> None:
        data = self.files.get(self.path)
        self.send_response(404 if data is None else 200)
        self.end_headers()
        self.wfile.write(data or b"")

    def log_message(self, *args: object) -> None:
        pass


@contextlib.contextmanager
def site(files: dict[str, bytes], base: str = "/draws/win-100") -> Iterator[str]:
    handler = type("Site", (Tiles,), {"files": files})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{base}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
