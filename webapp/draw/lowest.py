"""The lowest of any number of tickets (PROTOCOL §4), computed here or in a process beside.

Hashing what is small holds Python's interpreter lock: only a second process makes use of a second core. It runs this file as a
program, which therefore imports nothing of the app, and begins at once; it has no database, only the hashes that it is handed.
Since it has them, it also sees whether they all differ (distinct.py).
"""

import os
import subprocess
import sys
from array import array
from bisect import insort
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from hashlib import sha256
from runpy import run_path
from struct import Struct
from typing import BinaryIO, Protocol

MANY = 200_000  # from here on a process beside saves more than it costs to start
_LOT = Struct("<QQ")  # how many entries, how many removed; then their hashes, their indexes, and those removed
_TICKET = Struct("<Q32s")
_DIFFER, _ALIKE = b"d", b"a"
_FAILED = (
    "The process that computes the tickets has failed, or was killed (for want of memory?): nothing was found out about the log. "
    "Run the command again."
)


class Tickets(Protocol):
    """Finds the `count` lowest tickets under `key` of all entries taken so far."""

    key: bytes
    count: int

    def take(self, indexes: Sequence[int], hashes: Sequence[bytes], removed: Collection[int] = ()) -> None:
        """Draw a ticket for each leaf hash whose index is not `removed`; indexes ascend from call to call."""

    def found(self) -> list[tuple[int, bytes]]:
        """Index and ticket, lowest first. The last that is asked."""


@contextmanager
def lowest_tickets(key: bytes, count: int, entries: int) -> Iterator[Tickets]:
    """What suits so many entries."""
    if entries < MANY or (os.cpu_count() or 1) < 2:
        yield Lowest(key, count)
        return
    command = [sys.executable, "-I", "-S", __file__]
    # In a session of its own: Ctrl-C is for us to hear, and the end of its input ends it.
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as process:  # noqa: S603 - ourselves
        beside = Beside(process, key, count)
        try:
            yield beside
        finally:
            beside.stop()


class Lowest:
    """Tickets computed here; keeps no more than `count` of them.

    ticket = HKDF-Expand(PRK, info = leaf hash, L = 32), RFC 5869 §2.3: one block, T(1) = HMAC(PRK, info ‖ 0x01).
    The HMAC is written out (RFC 2104) to hash the padded key once and not for each of millions: twice as fast.
    """

    def __init__(self, key: bytes, count: int) -> None:
        self.key = key
        self.count = count
        self._lowest: list[tuple[bytes, int]] = []
        padded = key.ljust(64, b"\0")
        self._inner = sha256(bytes(byte ^ 0x36 for byte in padded))
        self._outer = sha256(bytes(byte ^ 0x5C for byte in padded))

    def take(self, indexes: Sequence[int], hashes: Sequence[bytes], removed: Collection[int] = ()) -> None:
        inner, outer, bound = self._inner.copy, self._outer.copy, self._bound()
        for index, leaf in zip(indexes, hashes, strict=True):
            first = inner()
            first.update(leaf + b"\x01")
            second = outer()
            second.update(first.digest())
            ticket = second.digest()
            if ticket < bound and index not in removed:
                insort(self._lowest, (ticket, index))
                del self._lowest[self.count :]
                bound = self._bound()

    def found(self) -> list[tuple[int, bytes]]:
        return [(index, ticket) for ticket, index in self._lowest]

    def _bound(self) -> bytes:
        """What a ticket must be below to be among the lowest."""
        if len(self._lowest) < self.count:
            return b"\xff" * 33  # above every ticket
        return self._lowest[-1][0] if self._lowest else b""


class Beside:
    """Tickets computed, and hashes told apart, by `process`, which runs `main`. Raises ChildProcessError if it comes to an untimely end."""

    def __init__(self, process: subprocess.Popen[bytes], key: bytes, count: int) -> None:
        assert process.stdin is not None and process.stdout is not None  # noqa: S101 - both are pipes
        self.key = key
        self.count = count
        self._process, self._to, self._from = process, process.stdin, process.stdout
        self._to.write(_TICKET.pack(count, key))

    def add(self, hashes: Collection[bytes]) -> None:
        """As that of Distinct: they come by `take`, whether removed or not."""

    def take(self, indexes: Sequence[int], hashes: Sequence[bytes], removed: Collection[int] = ()) -> None:
        lot = (_LOT.pack(len(hashes), len(removed)), *hashes, array("Q", indexes).tobytes(), array("Q", removed).tobytes())
        try:
            self._to.write(b"".join(lot))
        except BrokenPipeError as error:
            raise ChildProcessError(_FAILED) from error

    def all_differ(self) -> bool:
        """Whether all hashes taken so far do. After it nothing is taken."""
        return self._answer[:1] == _DIFFER

    def found(self) -> list[tuple[int, bytes]]:
        return list(_TICKET.iter_unpack(self._answer[1:]))

    @cached_property
    def _answer(self) -> bytes:
        with suppress(BrokenPipeError):  # then it has not ended well, either
            self._to.close()
        answer = self._from.read()
        if self._process.wait() != 0:
            raise ChildProcessError(_FAILED)
        return answer

    def stop(self) -> None:
        self._process.kill()
        with suppress(OSError):  # of what nobody reads any more
            self._to.close()


def main(given: BinaryIO, answer: BinaryIO) -> None:
    """The other side of Beside."""
    count, key = _TICKET.unpack(given.read(_TICKET.size))
    lowest = Lowest(key, count)
    with run_path(__file__.replace("lowest.py", "distinct.py"))["Distinct"]() as distinct:
        while head := given.read(_LOT.size):
            entries, removed = _LOT.unpack(head)
            hashes = Struct("32s" * entries).unpack(given.read(32 * entries))
            distinct.add(hashes)
            lowest.take(array("Q", given.read(8 * entries)), hashes, set(array("Q", given.read(8 * removed))))
        answer.write(_DIFFER if distinct.all_differ() else _ALIKE)
    answer.write(b"".join(_TICKET.pack(index, ticket) for index, ticket in lowest.found()))


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
