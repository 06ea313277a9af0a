"""Finished pages served from memory, in front of Flask: made once for each version of the content, compressed once.

The one way in: a view calls `keep` (headers.public does), and its answer is kept here, given an ETag, and served to everybody
without asking the view again, until the content's version changes (content_version.py) or the clock brings something due
(`changes_at`). What no view gave is not kept: errors, pages of one person, addresses that somebody makes up. Arguments of the
query that the view did not name make no difference, so nobody gets past the copies by adding some. What all pages have in
common they take from `shared`.

The id of each answer is added around this, in tracing.Trace; what needs no decision never comes as far, see page_hits.py.
"""

import threading
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from flask import Flask, current_app, has_request_context, request

from webapp import clock, wsgi_tools
from webapp.config import Settings
from webapp.content_version import State, Watch, watch
from webapp.counting import level, times
from webapp.database import db
from webapp.due import Due, Dues, Span
from webapp.page_copies import Copies, Copy, Headers, Key, can_be_kept, kept_headers
from webapp.tracing import FROM, ROUTE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

WAYS = ("hits", "misses", "stale")
_WISH, _PARTS = "daily_draw.keep", "daily_draw.parts"
Part = TypeVar("Part")


@dataclass
class _Wish:
    """What a view said of its answer. `began`: when the request came, before the view asked clock or database."""

    began: datetime
    state: State | None
    asked: bool = False
    store: bool = False
    names: tuple[str, ...] = ()
    shows_entries: bool = False
    fixed: bool = False
    until: float = float("inf")
    route: str = "none"


class Figures(NamedTuple):
    """What this process's cache did and holds. `hits`: answers from memory, 304 among them; `misses`: pages made; `stale`:
    answers with a copy that was no longer good, because none could be made."""

    hits: int
    misses: int
    stale: int
    copies: int
    bytes: int
    limit: int
    evicted: int


def init_app(app: Flask, settings: Settings) -> None:
    cache = PageCache(app, settings)
    app.extensions["page_cache"] = cache
    app.wsgi_app = cache.answer  # type: ignore[method-assign]


def keep(*, arguments: tuple[str, ...] = (), store: bool = True, shows_entries: bool = False, fixed: bool = False) -> None:
    """In a view: the answer is the same for everybody who asks for this path with these `arguments` of the query.

    `shows_entries`: it shows how many entries a draw has, and is made anew when there is one more. `fixed`: it never changes at
    all. Without `store` it is answered in the same way (ETag, compressed) and forgotten.
    """
    wish = request.environ.get(_WISH)
    if not isinstance(wish, _Wish):  # another method than GET
        return
    wish.asked, wish.store, wish.names, wish.shows_entries, wish.fixed = True, store, arguments, shows_entries, fixed
    wish.route = request.url_rule.rule if request.url_rule else "none"
    if not fixed:
        wish.until = _span(wish).until.timestamp()


def shared(name: str, make: Callable[[], Part]) -> Part:
    """What `make` gives: the same on every page, so made once for each version of the content, until the clock brings something
    due. Where no version is known (a form was sent, there is no cache) it is made once for the request, in a command each time.
    Plain values alone: they outlive the database's session.
    """
    environ = request.environ if has_request_context() else {}
    wish = environ.get(_WISH)
    lasting = isinstance(wish, _Wish) and wish.state is not None
    parts = _span(cast(_Wish, wish)).parts if lasting else environ.setdefault(_PARTS, {})
    if name not in parts:
        parts[name] = make()
    return cast(Part, parts[name])


def _span(wish: _Wish) -> Span:
    return of(current_app).dues.span(db.session, wish.began, wish.state[0] if wish.state else None)


def changes_at(app: Flask, due: Due) -> None:
    """Have `due` asked, too, for the next moment at which a page changes by the clock alone."""
    of(app).dues.add(due)


def of(app: Flask) -> "PageCache":
    """The app's page cache."""
    return cast(PageCache, app.extensions["page_cache"])


class PageCache:
    """WSGI middleware around Flask; see above."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self.dues = Dues(settings.timezone)
        self._app: WSGIApplication = app.wsgi_app
        self._flask = app
        self.copies = Copies(settings.page_cache_bytes)
        self.watch: Watch | None = None
        self._locks: dict[Key, threading.Lock] = {}
        self._starting = threading.Lock()
        self._before = _answered()

    def answer(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        trusted = self._flask.config["TRUSTED_HOSTS"]
        is_page = environ["REQUEST_METHOD"] in {"GET", "HEAD"} and not environ.get("SCRIPT_NAME")
        if not is_page or (trusted is not None and not wsgi_tools.is_trusted(environ, trusted)):
            return self._app(environ, start_response)
        path = environ.get("PATH_INFO", "")
        key = path, wsgi_tools.values(environ, self.copies.names(path)) if environ.get("QUERY_STRING") else ()
        copy = self.copies.get(key)
        if copy is None:
            return self._make(environ, start_response, key)
        now = clock.seconds()
        if not copy.is_good(self._state(), now):
            return self._renew(environ, start_response, key)
        return self._answer(copy, environ, start_response, "hits", now)

    def holds(self, path: str) -> bool:
        """Whether there is a copy of the plain page at `path`, good or stale."""
        return self.copies.get((path, ())) is not None

    def figures(self) -> Figures:
        copies = self.copies
        hits, misses, stale = (now - before for now, before in zip(_answered(), self._before, strict=True))
        return Figures(hits, misses, stale, copies=len(copies), bytes=copies.bytes, limit=copies.limit, evicted=copies.evicted)

    def close(self) -> None:
        """End what watches the database."""
        if self.watch is not None:
            self.watch.close()

    def _state(self) -> State | None:
        if not self.copies.limit:
            return None
        if self.watch is None:
            with self._starting:
                self.watch = self.watch or watch(self._flask)
        return self.watch.read()

    def _renew(self, environ: "WSGIEnvironment", start_response: "StartResponse", key: Key) -> Iterable[bytes]:
        """A page whose copy is no longer good: one thread makes it, the others wait for it. With the database away: the stale one."""
        stale = self.copies.get(key)
        if stale is not None and self.watch is not None and self.watch.away:
            return self._answer(stale, environ, start_response, "stale", clock.seconds())
        with self._one_at_a_time(key):
            now, copy = clock.seconds(), self.copies.get(key)
            if copy is not None and copy.is_good(self._state(), now):
                return self._answer(copy, environ, start_response, "hits", now)
            return self._make(environ, start_response, key)

    @contextmanager
    def _one_at_a_time(self, key: Key) -> "Iterator[None]":
        with self._locks.setdefault(key, threading.Lock()):
            try:
                yield
            finally:
                self._locks.pop(key, None)

    def _make(self, environ: "WSGIEnvironment", start_response: "StartResponse", key: Key) -> Iterable[bytes]:
        wish = environ[_WISH] = _Wish(began=clock.now(), state=self._state())
        status, headers, error, body = self._ask(environ)
        if wish.asked and status.startswith("200") and can_be_kept(headers):
            copy = _copy(wish, headers, wsgi_tools.whole(body))
            # Without a state to hold it against nobody could say when it has changed.
            if wish.store and (wish.fixed or wish.state is not None):
                self.copies.put((key[0], wsgi_tools.values(environ, wish.names)), wish.names, copy)
                level("page_cache_bytes", self.copies.bytes)
            return self._answer(copy, environ, start_response, "misses", clock.seconds())
        stale = self.copies.get(key)
        if stale is not None and status.startswith("5"):
            wsgi_tools.close(body)
            return self._answer(stale, environ, start_response, "stale", clock.seconds())
        self.copies.drop(key)
        start_response(status, headers, error)
        if environ["REQUEST_METHOD"] != "HEAD":
            return body
        wsgi_tools.close(body)
        return []

    def _ask(self, environ: "WSGIEnvironment") -> tuple[str, Headers, Any, Iterable[bytes]]:
        """Flask's answer. HEAD is asked as GET, since its headers are those of the page's bytes."""
        answer: list[Any] = []

        def start(status: str, headers: Headers, error: Any = None) -> Callable[[bytes], object]:
            answer[:] = status, headers, error
            return _refuse_to_write

        method = environ["REQUEST_METHOD"]
        environ["REQUEST_METHOD"] = "GET"
        try:
            body = self._app(environ, start)
        finally:
            environ["REQUEST_METHOD"] = method
        return answer[0], answer[1], answer[2], body

    def _answer(self, copy: Copy, environ: "WSGIEnvironment", start_response: "StartResponse", how: str, now: float) -> Iterable[bytes]:
        environ[ROUTE], environ[FROM], copy.used = copy.route, how, now
        accepted = environ.get("HTTP_ACCEPT_ENCODING")
        variant = copy.asked.get(accepted) or self.copies.variant(copy, accepted)
        known = environ.get("HTTP_IF_NONE_MATCH")
        said = variant.unchanged if known is not None and wsgi_tools.is_known(variant.etag, known) else variant.whole
        start_response(said.status, said.headers if now < copy.cut_from else copy.cut(said.headers, now))
        return said.body if environ["REQUEST_METHOD"] != "HEAD" else ()


def _answered() -> tuple[int, ...]:
    """How often this process answered in each of the ways."""
    return tuple(times("page_cache", answer=how) for how in WAYS)


def _copy(wish: _Wish, headers: Headers, body: bytes) -> Copy:
    return Copy(
        route=wish.route,
        body=body,
        given=kept_headers(headers),
        cache_control=next((value for name, value in headers if name.lower() == "cache-control"), "no-store"),
        version=wish.state[0] if wish.state else None,
        leaves=wish.state[1] if wish.state and wish.shows_entries else None,
        made=wish.began.timestamp(),
        used=wish.began.timestamp(),
        until=wish.until,
        fixed=wish.fixed,
    )


def _refuse_to_write(_data: bytes) -> object:
    raise RuntimeError("write() is not offered: Flask answers with an iterable")
