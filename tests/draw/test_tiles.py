"""The log over HTTP, walked by a small client written from C2SP's tlog-tiles alone."""

from base64 import b64decode
from hashlib import sha256

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from tests.draw.logs import SEALS, SMALL, act, commitments, small_log
from tests.kernel.page_cache_tools import cache_of, catch_up
from webapp import draw
from webapp.database import db, writing
from webapp.draw.rows import Head
from webapp.draw.tiles import Tile, bundle, content, parse_path

PREFIX = "/draws/small/log"


def name(index: int) -> str:
    """ "zero-padded 3-digit path elements; all but the last begin with an x" """
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    parts = [digits[start : start + 3] for start in range(0, len(digits), 3)]
    return "/".join([*("x" + part for part in parts[:-1]), parts[-1]])


class Walker:
    """Fetches a log's checkpoint, every tile that its size demands and every entry, and trusts none of them."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        origin, size, root = client.get(f"{PREFIX}/checkpoint").text.split("\n")[:3]
        assert origin == SMALL.origin
        self.size, self.root = int(size), b64decode(root)

    def fetch(self, level: str, index: int, width: int) -> bytes:
        response = self.client.get(f"{PREFIX}/tile/{level}/{name(index)}" + ("" if width == 256 else f".p/{width}"))
        assert response.status_code == 200
        assert response.mimetype == "application/octet-stream"
        return response.data

    def walk(self) -> int:
        """The number of tiles; every hash was recomputed from the entries up to the checkpoint's root."""
        below = [self.hash_of(entry) for entry in self.entries()]
        peaks: list[bytes] = []
        tiles, level = 0, 0
        while below:
            full, rest = divmod(len(below), 256)
            for index in range(full + (rest > 0)):
                width = min(256, len(below) - 256 * index)
                assert self.fetch(str(level), index, width) == b"".join(below[256 * index : 256 * index + width])
                tiles += 1
            peaks[:0] = self.peaks(below[256 * full :])
            below = [self.join(below[256 * index : 256 * index + 256]) for index in range(full)]
            level += 1
        while len(peaks) > 1:
            peaks[-2:] = [sha256(b"\x01" + peaks[-2] + peaks[-1]).digest()]
        assert peaks == [self.root]
        return tiles

    def entries(self) -> list[bytes]:
        entries = []
        for index in range(-(-self.size // 256)):
            data = self.fetch("entries", index, min(256, self.size - 256 * index))
            while data:
                length = int.from_bytes(data[:2], "big")
                entries.append(data[2 : 2 + length])
                data = data[2 + length :]
        assert len(entries) == self.size
        return entries

    @staticmethod
    def hash_of(entry: bytes) -> bytes:
        return sha256(b"\x00" + entry).digest()

    @staticmethod
    def join(nodes: list[bytes]) -> bytes:
        while len(nodes) > 1:
            nodes = [sha256(b"\x01" + nodes[at] + nodes[at + 1]).digest() for at in range(0, len(nodes), 2)]
        return nodes[0]

    def peaks(self, nodes: list[bytes]) -> list[bytes]:
        """The complete subtrees of an incomplete tile, largest first."""
        found = []
        while nodes:
            width = 1 << len(nodes).bit_length() - 1
            found.append(self.join(nodes[:width]))
            nodes = nodes[width:]
        return found


@pytest.mark.parametrize(
    "expected",
    [{1: 1, 255: 1, 256: 2, 257: 3}, pytest.param({65_536: 256 + 1 + 1, 70_000: 274 + 2 + 1}, marks=pytest.mark.slow)],
    ids=["small", "large"],
)
def test_an_independent_client_walks_the_log_at_every_size(app: Flask, client: FlaskClient, expected: dict[int, int]) -> None:
    """`expected`: how many tiles a log of each size has."""
    small_log(entries=0)
    size = 1
    for wanted, tiles in expected.items():
        for start in range(size, wanted, 20_000):
            act(draw.append_entries, commitments(min(20_000, wanted - start), start=start))
        size = wanted
        walker = Walker(client)
        assert walker.size == wanted
        assert walker.walk() == tiles
    assert client.get(f"{PREFIX}/tile/0/000.p/255").status_code == 200  # of an earlier checkpoint
    assert draw.verify(db.session(), "small", vkey=SMALL.vkey).size == size


@pytest.mark.parametrize(
    "path",
    [
        "0/001",
        "0/000",
        "0/000.p/12",
        "0/000.p/0",
        "0/000.p/011",
        "0/000.p/256",
        "0/0.p/11",
        "0/x000/000.p/11",
        "00/000.p/11",
        "1/000.p/1",
        "64/000.p/1",
        "-1/000.p/1",
        "0/000.p",
        "0/",
        "",
        "entries/000.p/12",
        "entries/000",
        "data/000.p/11",
        "0/\u0660\u0660\u0660.p/11",
        "0/000.p/11%0A",
        "0/999999999999999999999.p/1",
    ],
)
def test_what_is_no_tile_yet_or_spelled_otherwise_is_not_there(app: Flask, client: FlaskClient, path: str) -> None:
    small_log(10)
    assert client.get(f"{PREFIX}/tile/0/000.p/11").status_code == 200
    assert client.get(f"{PREFIX}/tile/{path}").status_code == 404


def test_a_far_tile_of_a_small_log_is_not_there(app: Flask, client: FlaskClient) -> None:
    small_log(10)
    assert client.get(f"{PREFIX}/tile/0/{'x999/' * 30}999.p/1").status_code == 404
    assert client.get("/draws/other/log/checkpoint").status_code == 404
    assert client.get("/draws/other/log/tile/0/000").status_code == 404
    assert client.get("/draws/small/sealed").status_code == 404
    act(draw.seal, now=SEALS)
    assert client.get("/draws/small/sealed").status_code == 200


def test_the_log_may_be_read_from_any_site_and_tiles_kept_for_ever(app: Flask, client: FlaskClient) -> None:
    small_log(10)
    act(draw.seal, now=SEALS)
    checkpoint = client.get(f"{PREFIX}/checkpoint")
    tile = client.get(f"{PREFIX}/tile/entries/000.p/12")
    for response in (checkpoint, tile, client.get("/draws/small/sealed")):
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert checkpoint.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert checkpoint.headers["Cache-Control"] == "public, max-age=0, s-maxage=5"
    assert client.get(f"{PREFIX}/checkpoint", headers={"If-None-Match": checkpoint.headers["ETag"]}).status_code == 304
    assert tile.headers["Content-Type"] == "application/octet-stream"
    assert tile.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert client.post(f"{PREFIX}/checkpoint").status_code == 405


@pytest.mark.parametrize("environ", [{"PAGE_CACHE_MB": "8"}], ids=["cached"])
def test_the_checkpoint_is_answered_from_memory_until_the_log_has_a_leaf_more(app: Flask, client: FlaskClient) -> None:
    small_log(10)
    catch_up(app)
    checkpoint = client.get(f"{PREFIX}/checkpoint").text
    assert client.get(f"{PREFIX}/checkpoint").text == checkpoint
    assert cache_of(app).figures().hits == 1
    act(draw.append_entries, commitments(1, start=11))
    catch_up(app)
    assert Walker(client).size == 12


@given(st.sampled_from([None, 0, 1, 5]), st.integers(0, 10**12), st.integers(1, 256))
def test_every_tile_has_one_address(level: int | None, index: int, width: int) -> None:
    tile = Tile(level, index, width)
    assert parse_path(tile.path) == tile
    assert tile.path.startswith(f"{'entries' if level is None else level}/{name(index)}")


def test_the_addresses_are_those_of_the_specification() -> None:
    assert Tile(0, 1234067).path == "0/x001/x234/067"
    assert Tile(None, 0, 7).path == "entries/000.p/7"
    assert bundle([b"ab", b""]) == b"\x00\x02ab\x00\x00"


def test_an_empty_tree_has_no_tiles(app: Flask) -> None:
    nothing = Head(1, "small", "o", "v", 0, 0, 0, b"", "")
    with writing() as session:
        assert content(session, nothing, Tile(0, 0, 1)) is None
        assert content(session, nothing, Tile(None, 0, 1)) is None
