"""What a WSGI middleware needs to know of a request without making a Flask request of it."""

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from werkzeug.exceptions import SecurityError
from werkzeug.http import parse_etags
from werkzeug.sansio.utils import get_host

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

LONGEST_HOST = 255


def values(environ: "WSGIEnvironment", names: tuple[str, ...]) -> tuple[str | None, ...]:
    """What the query gives these arguments, read as Flask reads it: the first of each name. Empty if it gives none of them."""
    query = environ.get("QUERY_STRING", "")
    if not names or not query:
        return ()
    pairs = parse_qsl(query.encode("latin-1").decode(errors="replace"), keep_blank_values=True, errors="werkzeug.url_quote")
    given = dict(reversed(pairs))
    return tuple(given.get(name) for name in names) if given.keys() & names else ()


def is_known(etag: str, if_none_match: str) -> bool:
    """Whether If-None-Match names `etag`: weakly compared with each of a list; `*` is any (RFC 9110 §13.1.2)."""
    return etag == if_none_match or parse_etags(if_none_match).contains_weak(etag.strip('"'))


def is_trusted(environ: "WSGIEnvironment", trusted: Iterable[str] | None) -> bool:
    """Whether the Host is one of `trusted`, as Flask judges it by TRUSTED_HOSTS; None: any is."""
    if trusted is None:
        return True
    host = environ.get("HTTP_HOST", "")
    return len(host) <= LONGEST_HOST and _is_trusted(environ["wsgi.url_scheme"], host, tuple(trusted))


@lru_cache(maxsize=256)
def _is_trusted(scheme: str, host: str, trusted: tuple[str, ...]) -> bool:
    try:
        return bool(get_host(scheme, host, trusted_hosts=trusted))
    except SecurityError:
        return False


def whole(body: Iterable[bytes]) -> bytes:
    """All of `body`, which is closed."""
    try:
        return b"".join(body)
    finally:
        close(body)


def close(body: Iterable[bytes]) -> None:
    if hasattr(body, "close"):
        body.close()
