"""Accept-Encoding of every shape gets bytes that it accepts."""

import gzip

import brotli
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from werkzeug.http import parse_accept_header

from webapp.content_coding import BROTLI, GZIP, IDENTITY, _choose_once, choose, encode, is_compressible
from webapp.page_copies import MOST_KEPT, Copies, Copy

NAMES = st.sampled_from(["br", "gzip", "x-gzip", "identity", "*", "deflate", "zstd", "BR", "GZip", "x", ""])
QUALITIES = st.sampled_from(
    ["", ";q=0", ";q=0.0", ";q=0.001", ";q=0.5", ";q=1", ";q=1.0", "; q=0.8", ";Q=0.7", ";q=2", ";q=-1", ";q=x", ";q="]
)
HEADERS = st.lists(st.tuples(NAMES, QUALITIES).map("".join), max_size=8).map(", ".join)


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        (None, IDENTITY),
        ("", IDENTITY),
        ("gzip, deflate, br, zstd", BROTLI),
        ("gzip, deflate", GZIP),
        ("x-gzip", GZIP),
        ("br;q=0, gzip", GZIP),
        ("br;q=0.5, gzip;q=0.9", GZIP),
        ("*", BROTLI),
        ("*;q=0", IDENTITY),
        ("br;q=0, *", GZIP),
        ("identity;q=0", IDENTITY),
        ("identity;q=0, gzip", GZIP),
        ("identity, gzip;q=0.5", IDENTITY),
        ("identity;q=0.5, gzip;q=0.5", GZIP),
        ("gzip;q=0", IDENTITY),
        ("GZIP", GZIP),
        ("deflate", IDENTITY),
        ("x" * 10_000, IDENTITY),
        ("gzip" + ",x" * 5_000, GZIP),
        ("\x00\xff;;;=,,q=1", IDENTITY),
    ],
)
def test_the_coding_is_the_one_that_the_client_likes_best(header: str | None, coding: str) -> None:
    assert choose(header) == coding


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault
@given(HEADERS | st.text(max_size=60))
@example("br;q=0,br")
def test_whatever_is_sent_the_coding_is_one_that_werkzeug_finds_acceptable(header: str) -> None:
    accepted = parse_accept_header(header)
    coding = choose(header)
    assert coding in {BROTLI, GZIP, IDENTITY}
    if coding != IDENTITY:
        quality = max(accepted.quality(name) for name in ({coding, "x-gzip"} if coding == GZIP else {coding}))
        assert quality > 0
        assert quality >= accepted.quality(BROTLI if coding == GZIP else GZIP)
        assert quality >= next((q for name, q in accepted if str(name).lower() == IDENTITY), 0)
    elif not accepted.quality(IDENTITY):  # then nothing else that we have is acceptable either, or it is not mentioned
        assert max(accepted.quality(BROTLI), accepted.quality(GZIP)) == 0


def test_a_copy_remembers_few_headers_and_none_that_is_long() -> None:
    copy = Copy("/", b"x" * 2000, [("Content-Type", "text/html")], "no-cache", None, None, 0, 0, fixed=True)
    copies = Copies(10**6)
    for sent in [None, "gzip" + ",x" * 500, *(f"gzip, x{number}" for number in range(100))]:
        (body,) = copies.variant(copy, sent).whole.body
        assert (gzip.decompress(body) if sent else body) == copy.body
    assert len(copy.asked) == MOST_KEPT
    assert max(len(sent or "") for sent in copy.asked) < 20


def test_made_up_headers_fill_no_memory() -> None:
    for n in range(3000):
        choose(f"x{n}")
        choose(f"y{n}" * 100)
    assert _choose_once.cache_info().currsize <= 512


@settings(deadline=None, max_examples=30)
@given(st.binary(max_size=5000), st.booleans())
def test_every_coding_gives_back_the_same_bytes(body: bytes, thorough: bool) -> None:
    assert brotli.decompress(encode(body, BROTLI, thorough=thorough)) == body
    assert gzip.decompress(encode(body, GZIP, thorough=thorough)) == body
    assert encode(body, GZIP) == encode(body, GZIP)
    assert encode(body, IDENTITY) is body


@pytest.mark.parametrize(
    ("kind", "smaller"),
    [
        ("text/html; charset=utf-8", True),
        ("application/rss+xml; charset=utf-8", True),
        ("application/feed+json", True),
        ("application/manifest+json", True),
        ("image/svg+xml", True),
        ("text/javascript", True),
        ("image/png", False),
        ("image/x-icon", False),
        ("application/zip", False),
        ("", False),
    ],
)
def test_only_what_gets_smaller_is_compressed(kind: str, smaller: bool) -> None:
    assert is_compressible(kind) is smaller
