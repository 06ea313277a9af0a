"""How long work says how far it is."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Progress(Protocol):
    """`console.progress`: a bar for `total` things, told how many are done."""

    def __call__(self, label: str, total: int, /) -> AbstractContextManager[Callable[[int], None]]: ...


@contextmanager
def no_progress(_label: str, _total: int, /) -> Iterator[Callable[[int], None]]:
    yield lambda _done: None
