"""The parts of `make bench`, and in which order they run."""

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
# Their figures are processor time, or have room to spare, so that a short run may have two of them share the machine.
NEEDS_NO_SITE = ("draw", "startup")
BESIDE_IT = ("misses", "news", "commands")


def in_turn(names: Iterable[str], *, quick: bool) -> Iterator[tuple[str, list[Row]]]:
    """Each part's rows as soon as they are there."""
    for name in names:
        yield name, PARTS[name](quick)


def together(names: Sequence[str]) -> Iterator[tuple[str, list[Row]]]:
    """The short run: first what can share the machine, side by side; then the others, which have it for themselves."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        running = [pool.submit(_all_of, [name for name in NEEDS_NO_SITE if name in names])]
        ours.made_once()
        running.append(pool.submit(_all_of, [name for name in BESIDE_IT if name in names]))
        for done in running:
            yield from done.result()
    yield from in_turn((name for name in names if name not in {*NEEDS_NO_SITE, *BESIDE_IT}), quick=True)


def _all_of(names: list[str]) -> list[tuple[str, list[Row]]]:
    return list(in_turn(names, quick=True))
