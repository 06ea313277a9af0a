"""Finished pages in memory: each in every content coding that was asked for, none beyond a budget of bytes."""

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from webapp.content_coding import IDENTITY, LONGEST_KEPT, choose, encode, is_compressible
from webapp.content_version import State
from webapp.counting import Series
from webapp.tracing import counted_as

Headers = list[tuple[str, str]]
Key = tuple[str, tuple[str | None, ...]]

# Made anew for every coding, or with the answer.
_OWN = {"content-length", "etag", "last-modified", "date", "cache-control", "vary"}
_SHARED_FOR = re.compile(r"(s-maxage|stale-while-revalidate)=(\d+)")
# What a copy takes beside its bytes.
OVERHEAD = 4096
# Browsers send few different headers; each takes some 400 bytes at most.
MOST_KEPT = 8


# What no state is.
NEVER: State = (-1, -1)


class Answer(NamedTuple):
    """What a client is told, until `Copy.cut_from`, and what it is counted as when it comes from memory."""

    status: str
    headers: Headers
    body: tuple[bytes, ...]
    counted: tuple[Series, ...]


class Variant(NamedTuple):
    """A copy in one coding: `unchanged` for a client that has it, told by its `etag`, `whole` for all others."""

    etag: str
    whole: Answer
    unchanged: Answer


@dataclass(eq=False)
class Copy:
    """A finished page. `route`: the rule it was made by. Good from `made` until `until` (seconds of the clock), as long as
    the content is at `version` and the logs have `leaves` (None: it shows nothing of them); one that is `fixed` is always good.

    `good_at`: the state at which it was found to be good. `asked`: the variant for an Accept-Encoding that was sent before.
    """

    route: str
    body: bytes
    given: Headers
    cache_control: str
    version: int | None
    leaves: int | None
    made: float
    until: float
    fixed: bool = False
    used: float = 0.0
    size: int = OVERHEAD
    held: bool = False
    variants: dict[str, Variant] = field(default_factory=dict)
    good_at: State = NEVER
    asked: dict[str | None, Variant] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kind = next((value for name, value in self.given if name.lower() == "content-type"), "")
        self.compressible = is_compressible(kind)
        # Over headers, too: where only they change, a 304 would keep the old ones alive.
        self.size += len(self.body)
        self._tag = sha256(repr(self.given).encode() + self.body).hexdigest()[:24]
        # A clock set back makes it younger than its making: not to be trusted, but for the moment that threads differ by.
        self.begins = self.made - 1
        # From this second on shared caches would keep it for longer than it is good for.
        self.cut_from = self.until - sum(int(seconds) for _, seconds in _SHARED_FOR.findall(self.cache_control))

    def is_good(self, state: State | None, now: float) -> bool:
        if self.fixed:
            self.good_at = state or NEVER
            return True
        if state is None or self.version != state[0] or (self.leaves is not None and self.leaves != state[1]):
            return False
        self.good_at = state
        return self.begins <= now < self.until

    def cut(self, headers: Headers, now: float) -> Headers:
        """`headers` of a variant after `cut_from`: shared caches keep it no longer than it is good for."""
        rest = max(0, int(self.until - now))

        def less(match: re.Match[str]) -> str:
            nonlocal rest
            seconds = min(int(match[2]), rest)
            rest -= seconds
            return f"{match[1]}={seconds}"

        return [*headers[:-1], ("Cache-Control", _SHARED_FOR.sub(less, self.cache_control))]

    def encoded(self, coding: str) -> Variant:
        """Made anew: see Copies.encode for made once."""
        body = encode(self.body, coding, thorough=self.fixed)
        if coding != IDENTITY and len(body) >= len(self.body):
            coding, body = IDENTITY, self.body
        # RFC 9110 §8.8.3.3: other bytes, another strong tag.
        etag = f'"{self._tag}"' if coding == IDENTITY else f'"{self._tag}-{coding}"'
        varying = [("Vary", "Accept-Encoding")] if self.compressible else []
        encoded = [("Content-Encoding", coding)] if coding != IDENTITY else []
        # Cache-Control last, where `cut` looks for it.
        unchanged = [("ETag", etag), *varying, ("Cache-Control", self.cache_control)]
        headers = [*self.given, *encoded, ("Content-Length", str(len(body))), *unchanged]
        return Variant(etag, self._answer("200 OK", headers, body), self._answer("304 NOT MODIFIED", unchanged))

    def _answer(self, status: str, headers: Headers, *body: bytes) -> Answer:
        return Answer(status, headers, body, counted_as(self.route, "GET", status, "hits"))


def can_be_kept(headers: Iterable[tuple[str, str]]) -> bool:
    """Whether an answer with these headers is the same for everybody."""
    for name, value in headers:
        if name.lower() == "set-cookie" or (name.lower() == "vary" and value.lower() != "accept-encoding"):
            return False
    return True


def kept_headers(headers: Iterable[tuple[str, str]]) -> Headers:
    return [(name, value) for name, value in headers if name.lower() not in _OWN]


class Copies:
    """All copies of this process, `limit` bytes at most; those not used for longest go first.

    Readers take no lock: one look into a dictionary. A copy is put there finished.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.bytes = 0
        self.evicted = 0
        self._changing = threading.Lock()
        self._copies: dict[Key, Copy] = {}
        self.get = self._copies.get
        # Which arguments of the query make a difference to a page, by path: as long as there is a copy of it.
        self._names: dict[str, tuple[str, ...]] = {}

    def __len__(self) -> int:
        return len(self._copies)

    def names(self, path: str) -> tuple[str, ...]:
        """The arguments that matter to the page at `path`, as far as is known."""
        return self._names.get(path, ())

    def variant(self, copy: Copy, accept_encoding: str | None) -> Variant:
        """`copy` in the coding for a client that sent this Accept-Encoding; see Copy.asked for those that were here before."""
        coding = choose(accept_encoding) if copy.compressible else IDENTITY
        variant = copy.variants.get(coding) or self._encode(copy, coding)
        if len(copy.asked) < MOST_KEPT and len(accept_encoding or "") <= LONGEST_KEPT:
            copy.asked[accept_encoding] = variant
        return variant

    def _encode(self, copy: Copy, coding: str) -> Variant:
        made = copy.encoded(coding)
        with self._changing:
            if coding not in copy.variants:
                copy.variants[coding] = made
                more = sum(len(part) for part in made.whole.body if part is not copy.body)
                copy.size += more
                self._grow(more if copy.held else 0)
        return made

    def put(self, key: Key, names: tuple[str, ...], copy: Copy) -> None:
        if copy.size > self.limit // 4:
            self.drop(key)
            return
        with self._changing:
            self._remove(key)
            self._copies[key] = copy
            self._names[key[0]] = names
            copy.held = True
            self._grow(copy.size)

    def drop(self, key: Key) -> None:
        if key not in self._copies:
            return
        with self._changing:
            self._remove(key)

    def _remove(self, key: Key) -> None:
        old = self._copies.pop(key, None)
        if old is not None:
            old.held = False
            self.bytes -= old.size

    def _grow(self, bytes: int) -> None:
        self.bytes += bytes
        if self.bytes <= self.limit:
            return
        # A tenth more than needed, so that this is rare.
        for key, _ in sorted(self._copies.items(), key=lambda item: item[1].used):
            if self.bytes <= self.limit * 9 // 10:
                break
            self._remove(key)
            self.evicted += 1
        alive = {path for path, _ in self._copies}
        self._names = {path: names for path, names in self._names.items() if path in alive}
