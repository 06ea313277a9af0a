"""The parts of `make bench`, and in which order they run."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from benchmarks import behind_nginx, commands, draw, misses, news, ours, pages, register, startup, weight
from benchmarks.table import Row

PARTS: dict[str, Callable[[bool], list[Row]]] = {
    "pages": pages.measure,
    "misses": misses.measure,
    "nginx": behind_nginx.measure,
    "register": register.measure,
    "register-postgresql": register.measure_postgresql,
    "draw": draw.measure,
    "news": news.measure,
    "startup": startup.measure,
    "commands": commands.measure,
    "weight": weight.measure,
}
# Their figures are processor time, or have room to spare, so that in a short run they share the machine.
NEED_NO_SITE = ("draw", "news", "startup")
SHARE_IT = (*NEED_NO_SITE, "misses", "commands")


def in_turn(names: Iterable[str], *, quick: bool) -> Iterator[tuple[str, list[Row]]]:
    """Each part's rows as soon as they are there."""
    for name in names:
        yield name, PARTS[name](quick)


def together(names: Sequence[str]) -> Iterator[tuple[str, list[Row]]]:
    """The short run: first what can share the machine, two at a time; then the others, which have it for themselves."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        running = {name: pool.submit(_quickly, name) for name in NEED_NO_SITE if name in names}
        ours.made_once()
        running |= {name: pool.submit(_quickly, name, os.environ[ours.MADE]) for name in SHARE_IT if name in names and name not in running}
        for name, rows in running.items():
            yield name, rows.result()
    yield from in_turn((name for name in names if name not in SHARE_IT), quick=True)


def _quickly(name: str, made: str = "") -> list[Row]:
    """`made`: where the site is that others are copies of."""
    if made:
        os.environ[ours.MADE] = made
    return PARTS[name](True)
