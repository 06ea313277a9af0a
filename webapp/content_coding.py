"""Content codings (RFC 9110 §8.4, §12.5.3): which one a client gets, and the bytes in it."""

from functools import lru_cache

import brotli
from werkzeug.http import parse_accept_header

IDENTITY, GZIP, BROTLI = "identity", "gzip", "br"
# As ever as long as a header a browser sends; whatever is longer is parsed each time, and fills no memory.
LONGEST_KEPT = 200
# Brotli's level 11 takes 25 to 60 ms a page for a tenth of its bytes: right for files that stay, too slow for pages that change.
QUICK, THOROUGH = 5, 11


def choose(header: str | None) -> str:
    """The coding for a client that sent this Accept-Encoding: the one it likes best, Brotli before gzip among equals.

    Without the header, or with nothing in it that we have, the bytes as they are, even if it says that it will not take them:
    RFC 9110 §12.5.3 asks for that.
    """
    if not header:
        return IDENTITY
    return _choose_once(header) if len(header) <= LONGEST_KEPT else _choose(header)


def _choose(header: str) -> str:
    wanted = {str(name).lower(): quality for name, quality in reversed(parse_accept_header(header))}
    wanted.setdefault(GZIP, wanted.get("x-gzip", wanted.get("*", 0)))  # §8.4.1.3: x-gzip is gzip
    wanted.setdefault(BROTLI, wanted.get("*", 0))
    # Not named, it is acceptable (§12.5.3), and liked least.
    plain = wanted.get(IDENTITY, 0)
    best = max((BROTLI, GZIP), key=lambda name: wanted[name])
    return best if wanted[best] > 0 and wanted[best] >= plain else IDENTITY


_choose_once = lru_cache(maxsize=512)(_choose)


def is_compressible(content_type: str) -> bool:
    """Whether bytes of this type get smaller: text, and what is text by another name."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind.startswith("text/") or kind.endswith(("json", "xml", "javascript"))


def encode(body: bytes, coding: str, *, thorough: bool = False) -> bytes:
    """`body` in `coding`; `thorough` for what is encoded once and sent for long."""
    if coding == BROTLI:
        return bytes(brotli.compress(body, quality=THOROUGH if thorough else QUICK))
    if coding != GZIP:
        return body
    import gzip

    return gzip.compress(body, 9, mtime=0)  # mtime=0: the same body always makes the same bytes
