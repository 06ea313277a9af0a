"""The page /draws/verify in real Chromium: from the site and from a disk; and open_draw.py against a site over HTTP."""

import base64
import contextlib
import hmac
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from random import Random
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from tests.draw.maker import SCRIPT, SIGNATURES, Draw, Maker, bundle, canonical, open_draw, stamp, zipped
from tests.draw.verifiers import script_page, site
from webapp.draw import verify_views

STATIC = SCRIPT.parent


@pytest.fixture
def database_url() -> None:
    """Neither address reads the database: SQLite will do."""


@pytest.fixture
def wired(app: Flask) -> Flask:
    if "draw_verify" not in app.view_functions:
        verify_views.register(app)
    return app


@pytest.fixture
def saved(wired: Flask, client: FlaskClient, tmp_path: Path) -> Path:
    """The page as a browser saves it: one file, its script and style sheet beside it."""
    page = client.get("/draws/verify").get_data(as_text=True)
    page = re.sub(r'"/static/(?:[^"/]*/)*([^"/?]+)\?[^"]*"', r'"\1"', page)
    (tmp_path / "verify.html").write_text(page)
    for name in ("verify.js", "verify.css"):
        (tmp_path / name).write_bytes((STATIC / name).read_bytes())
    return tmp_path / "verify.html"


@pytest.fixture(scope="module")
def maker() -> Maker:
    maker = Maker(Random(3))
    for _ in range(30):
        maker.enter()
    maker.seal()
    maker.draw()
    return maker


@contextlib.contextmanager
def serving(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def file(name: str, data: bytes) -> dict[str, Any]:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


def verdict(page: Any) -> str:
    return told(page, "verified|invalid|[Cc]hoose|Type|does not serve")


def told(page: Any, pattern: str) -> str:
    """The announced line, once it matches. By a selector: the page's own CSP forbids evaluated functions."""
    page.wait_for_selector(f"#verdict:text-matches('{pattern}')")
    return str(page.text_content("#verdict"))


def test_the_page_and_the_file_are_public(wired: Flask, client: FlaskClient) -> None:
    page = client.get("/draws/verify")
    assert page.status_code == 200
    assert "s-maxage" in page.headers["Cache-Control"]
    answer = client.get("/draws/open_draw.py")
    assert answer.data == SCRIPT.read_bytes()
    assert answer.headers["Content-Type"] == "text/x-python; charset=utf-8"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Content-Disposition" not in answer.headers


def test_the_script_uses_nothing_that_a_page_on_a_disk_lacks() -> None:
    script = (STATIC / "verify.js").read_text()
    assert not re.search(r"^\s*(import|export)\b|\beval\b|new Worker|innerHTML|document\.write", script, re.MULTILINE)


@pytest.mark.browser
def test_from_a_disk_a_receipt_and_a_bundle(saved: Path, browser: Any, maker: Maker) -> None:
    page = browser.new_page()
    page.goto(f"file://{saved}")
    assert page.is_hidden("#from-site")
    me = maker.people[4]
    page.set_input_files("#receipt", files=[file("receipt.txt", maker.receipt(me, 32).encode())])
    page.fill("#email", me.email)
    page.set_input_files("#bundle", files=[file("bundle.zip", zipped(bundle(maker.made())))])
    page.click("text=Check my entry")
    assert verdict(page) == "verified, seal time unproven"
    own = page.text_content("#own")
    rank = next(rank for rank, (_, index) in enumerate(maker.ranks, 1) if index == me.index)
    assert own.startswith("Your entry number 5 (its place in the log); 30 eligible. Your ticket ")
    assert f"is rank {rank}." in own
    assert maker.ranks[0][0].hex() in own
    assert "8. All 30 tickets recomputed" in page.text_content("#said")
    assert "The beacon's signature was NOT CHECKED here" in page.text_content("#meaning")
    page.fill("#email", "other@example.com")
    page.click("text=Check my entry")
    told(page, "^invalid")
    assert "type the address exactly as your mail prints it" in page.text_content("#verdict")
    assert page.text_content("#own") == ""
    page.click("text=Check the whole draw")
    told(page, "^verified")
    assert page.get_attribute("#verdict", "aria-live") == "polite"
    page.close()


@pytest.mark.browser
def test_what_is_missing_is_asked_for(saved: Path, browser: Any, maker: Maker) -> None:
    page = browser.new_page()
    page.goto(f"file://{saved}")
    page.click("text=Check my entry")
    assert verdict(page) == "Choose your receipt first, or paste it."
    page.fill("#receipt-text", maker.receipt(maker.people[4]))
    page.click("text=Check my entry")
    told(page, "^Type")
    page.fill("#email", maker.people[4].email)
    page.click("text=Check my entry")
    told(page, "bundle.zip, or type the log")
    page.fill("#vkey", maker.log.vkey)
    page.click("text=Check my entry")
    told(page, "^verified, seal time unproven$")
    assert "under the root" in page.text_content("#own")
    page.close()


@pytest.mark.browser
def test_dropped_files_find_their_fields(saved: Path, browser: Any, maker: Maker) -> None:
    page = browser.new_page()
    page.goto(f"file://{saved}")
    page.evaluate(
        """([receipt, bundle]) => {
          const files = new DataTransfer();
          files.items.add(new File([receipt], "receipt.txt"));
          files.items.add(new File([Uint8Array.from(bundle)], "bundle.zip"));
          document.getElementById("email").dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
        }""",
        [maker.receipt(maker.people[4]), list(zipped(bundle(maker.made())))],
    )
    page.wait_for_selector("#bundle-name:text-matches('bundle.zip')")
    page.fill("#email", maker.people[4].email)
    page.click("text=Check my entry")
    assert verdict(page) == "verified, seal time unproven"
    page.close()


@pytest.mark.browser
def test_on_the_site_nothing_is_sent(wired: Flask, browser: Any, maker: Maker) -> None:
    with serving(wired) as url:
        page = browser.new_page()
        asked: list[tuple[str, str, str | None]] = []
        noise: list[str] = []
        page.on("request", lambda request: asked.append((request.method, request.url, request.post_data)))
        page.on("console", lambda message: noise.append(message.text))
        page.on("pageerror", lambda error: noise.append(str(error)))
        page.route("**/draws/win-100/bundle.zip", lambda route: route.fulfill(body=zipped(bundle(maker.made()))))
        page.goto(f"{url}/draws/verify")
        loaded = len(asked)
        page.fill("#receipt-text", maker.receipt(maker.people[4]))
        page.fill("#email", maker.people[4].email)
        page.click("text=Check my entry")
        assert verdict(page) == "verified, seal time unproven"
        assert [one for one in asked[loaded:] if "icon.svg" not in one[1]] == [("GET", f"{url}/draws/win-100/bundle.zip", None)]
        assert noise == []
        page.route("**/draws/win-200/bundle.zip", lambda route: route.fulfill(status=404))
        page.goto(f"{url}/draws/verify?campaign=win-200")
        page.click("text=Check the whole draw")
        assert "does not serve a bundle of the draw “win-200”" in verdict(page)
        page.close()


@pytest.mark.browser
@pytest.mark.parametrize("width", [320, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible(wired: Flask, browser: Any, maker: Maker, width: int, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with serving(wired) as url:
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.route("**/bundle.zip", lambda route: route.fulfill(body=zipped(bundle(maker.made()))))
        page.goto(f"{url}/draws/verify?campaign=win-100")
        page.click("summary")
        page.click("text=Check the whole draw")
        verdict(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = axe.run(page).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
        page.close()


def large(entries: int) -> Draw:
    """A drawn log of many entries; only here the verifier's own fast tree helps to make it."""
    maker = Maker(Random(5))
    maker.leaves += [canonical({"type": "entry", "commitment": sha256(b"%d" % n).hexdigest()}) for n in range(entries)]
    maker.append({"type": "seal", "at": stamp(maker.seals_at), "entries": entries, "eligible": entries})

    def signed() -> str:
        root = open_draw.roots(maker.hashes, [maker.size])[maker.size]
        return maker.log.note(f"{maker.origin}\n{maker.size}\n{base64.b64encode(root).decode()}\n")

    maker.sealed = signed()
    prk = hmac.digest(maker.root, sha256(bytes.fromhex(SIGNATURES[1000])).digest(), "sha256")
    hashes = zip(maker.hashes[1:-1], range(1, entries + 1), strict=True)
    ranks = sorted((hmac.digest(prk, hash + b"\1", "sha256"), index) for hash, index in hashes)
    ranking = [{"rank": n, "index": index, "ticket": ticket.hex()} for n, (ticket, index) in enumerate(ranks[:4], 1)]
    beacon = {"kind": "drand", "round": 1000, "signature": SIGNATURES[1000]}
    maker.append({"type": "draw", "at": stamp(maker.draws_at), "beacon": beacon, "ranking": ranking})
    return Draw(maker.leaves, maker.rules, maker.log.vkey, signed(), maker.sealed)


@pytest.mark.browser
@pytest.mark.slow
def test_a_hundred_thousand_entries_in_three_seconds(browser: Any, tmp_path: Path) -> None:
    page = script_page(browser, tmp_path)
    files = page.evaluate(
        "(text) => { window.zip = Uint8Array.from(atob(text), (c) => c.charCodeAt(0)); return zip.length; }", _large_zip()
    )
    assert files > 10**6
    # The page's own processor time: the wall clock also counts what else runs on the machine.
    meter = page.context.new_cdp_session(page)
    meter.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent() -> float:
        metrics = meter.send("Performance.getMetrics")["metrics"]
        return next(float(metric["value"]) for metric in metrics if metric["name"] == "TaskDuration")

    took = []
    while len(took) < 3 and (not took or took[-1] >= 3):  # who shares the processor shares its caches: the best of three
        before = spent()
        outcome = page.evaluate("OpenDraw.run(zip, {})")
        took.append(spent() - before)
        assert outcome["ending"] == "verified, seal time unproven", outcome
    assert min(took) < 3
    page.close()


def _large_zip() -> str:
    return base64.b64encode(zipped(bundle(large(100_000)))).decode()


# open_draw.py over HTTP


def served_files(maker: Maker) -> dict[str, bytes]:
    """What a site serves, as tlog-tiles names it."""
    base = f"/draws/{maker.campaign}"
    files = {f"{base}/rules.txt": maker.rules, f"{base}/log/checkpoint": maker.checkpoint().encode()}
    if maker.sealed:
        files[f"{base}/sealed"] = maker.sealed.encode()
    for start in range(0, maker.size, 256):
        leaves = maker.leaves[start : start + 256]
        width = "" if len(leaves) == 256 else f".p/{len(leaves)}"
        data = b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in leaves)
        files[f"{base}/log/tile/entries/{start // 256:03}{width}"] = data
    return files


def command(*arguments: object) -> tuple[int, str]:
    done = subprocess.run([sys.executable, "-I", SCRIPT, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("entries", [1, 253, 254, 255, 600])
def test_the_file_walks_a_site(entries: int) -> None:
    maker = Maker(Random(entries))
    for _ in range(entries):
        maker.enter()
    maker.seal()
    maker.draw()
    with site(served_files(maker)) as url:
        code, said = command(url)
    assert (code, said.splitlines()[-1]) == (0, "verified, seal time unproven")
    assert f"Winner: entry {maker.ranks[0][1]:,} (rank 1, drawn)." in said


def test_the_file_checks_a_receipt_against_a_site(maker: Maker, tmp_path: Path) -> None:
    (tmp_path / "receipt.txt").write_text(maker.receipt(maker.people[4]))
    with site(served_files(maker)) as url:
        code, said = command(tmp_path / "receipt.txt", "--email", maker.people[4].email, "--site", url + "/")
        assert (code, said.splitlines()[-1]) == (0, "verified, seal time unproven")
        code, said = command(tmp_path / "receipt.txt", "--email", "x@example.com", "--site", url)
        assert code == 1
        assert said.splitlines()[-1].startswith("invalid: this e-mail and the receipt's nonce are not those of entry 5")


def test_faults_of_a_site_have_their_sentences(maker: Maker) -> None:
    good = served_files(maker)
    tile = next(name for name in good if "/tile/" in name)
    bad_bundle = "invalid: entry bundle 0 of the log is missing, truncated, malformed or too long"
    for files, code, sentence in (
        ({**good, tile: good[tile][:-1]}, 1, bad_bundle),
        ({**good, tile: good[tile] + b"\0"}, 1, bad_bundle),
        ({**good, tile: good[tile] + b"\0\2{}"}, 1, bad_bundle),
        (
            {**good, tile: good[tile].replace(b"commit", b"commot", 1)},
            1,
            "invalid: the leaves do not hash to the root of the sealed checkpoint",
        ),
        ({name: good[name] for name in good if name != tile}, 1, bad_bundle),
        (
            {name: good[name] for name in good if "sealed" not in name},
            1,
            "invalid: the log holds a seal, but the sealed checkpoint is missing",
        ),
        ({name: good[name] for name in good if "rules" not in name}, 1, "invalid: the rules are not those that leaf 0 names, or missing"),
        ({**good, "/draws/win-100/log/checkpoint": b"<html>"}, 1, "invalid: the current checkpoint is truncated or malformed"),
        ({}, 2, "open_draw.py: no draw is served there"),
    ):
        with site(files) as url:
            found, said = command(url)
        assert found == code
        assert said.splitlines()[-1].startswith(sentence), said


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.0 500 Broken\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 500\r\n\r\nnews.example/draws/win-100/log\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.0 302 Elsewhere\r\nLocation: file:///etc/passwd\r\n\r\n",
        b"nonsense\r\n",
        b"",
    ],
)
def test_a_server_that_fails_is_not_called_a_fault_of_the_draw(answer: bytes) -> None:
    class Failing(BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(4096)
            self.request.sendall(answer)

    with ThreadingTCPServer(("127.0.0.1", 0), Failing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        code, said = command(f"http://127.0.0.1:{server.server_address[1]}/draws/win-100")
        server.shutdown()
        thread.join()
    assert code == 2
    assert said.startswith("open_draw.py: ")
    assert said.count("\n") == 1


def test_a_partial_bundle_that_is_gone_is_read_from_the_full_one(maker: Maker) -> None:
    files = served_files(maker)
    name = next(name for name in files if "/tile/" in name)
    full = name.split(".p/")[0]
    files[full] = files.pop(name) + (b"\0\2{}" * 223)
    with site(files) as url:
        assert command(url)[0] == 0
    files[full] += b"\0\2{}"
    with site(files) as url:
        assert command(url)[0] == 1


def test_addresses_of_tiles() -> None:
    assert [open_draw.tile_path(tile) for tile in (0, 1, 1234067, 1000)] == ["000", "001", "x001/x234/067", "x001/000"]


def test_ed25519_of_rfc_8032() -> None:
    """Section 7.1, tests 1 to 3; and a signature with s + L, which must be refused."""
    for public, message, signature in (
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    ):
        key, text, good = bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature)
        assert open_draw.ed25519_verifies(key, text, good)
        assert not open_draw.ed25519_verifies(key, text + b"!", good)
        assert not open_draw.ed25519_verifies(key, text, good[:-1])
        malleable = int.from_bytes(good[32:], "little") + open_draw.ORDER
        assert not open_draw.ed25519_verifies(key, text, good[:32] + malleable.to_bytes(32, "little"))


@pytest.mark.browser
def test_the_script_reproduces_the_vectors(browser: Any, tmp_path: Path) -> None:
    """The browser hashes, commits, ranks and proves as the vectors say."""
    vectors = json.loads((Path(__file__).parent / "vectors.json").read_text())
    page = script_page(browser, tmp_path)
    found = page.evaluate(
        """(v) => {
          const o = OpenDraw;
          const bytes = (text) => new TextEncoder().encode(text);
          const signature = o.unhex(JSON.parse(v.leaves[24]).beacon.signature);
          const b = o.sha256(signature);
          const prk = o.hmac(o.unhex(v.sealed_root))(b);
          const ticket = o.hmac(prk);
          const receipt = o.readReceipt(bytes(v.receipt.text));
          return {
            leaf_hashes: v.leaves.map((leaf, n) => (o.readLeaf(bytes(leaf), n), o.hex(o.leafHash(bytes(leaf))))),
            randomness: o.hex(b),
            prk: o.hex(prk),
            tickets: v.all_ranks.map(({ index }) => o.hex(ticket(Uint8Array.of(...o.unhex(v.leaf_hashes[index]), 1)))),
            entries: v.people.map((p) => new TextDecoder().decode(o.entryLeaf({ nonce: o.unhex(p.nonce) }, v.campaign, p.email))),
            proves: o.proves(receipt, bytes(v.leaves[receipt.index])),
          };
        }""",
        vectors,
    )
    assert found["leaf_hashes"] == vectors["leaf_hashes"]
    assert (found["randomness"], found["prk"]) == (vectors["randomness"], vectors["prk"])
    assert found["tickets"] == [rank["ticket"] for rank in vectors["all_ranks"]]
    assert found["entries"] == [vectors["leaves"][person["index"]] for person in vectors["people"]]
    assert found["proves"] is True
    page.close()
