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
# Their figures are processor time, so that a short run may have two of them share the machine.
BY_CPU = (("draw",), ("startup", "misses", "news"))


def in_turn(names: Iterable[str], *, quick: bool) -> Iterator[tuple[str, list[Row]]]:
    """Each part's rows as soon as they are there."""
    for name in names:
        yield name, PARTS[name](quick)


def together(names: Sequence[str]) -> Iterator[tuple[str, list[Row]]]:
    """The short run: first those by processor time, side by side; then the others, which have the machine for themselves."""
    ours.made_once()
    with ProcessPoolExecutor(len(BY_CPU), mp_context=get_context("spawn")) as pool:
        running = [pool.submit(_all_of, [name for name in lane if name in names]) for lane in BY_CPU]
        for done in running:
            yield from done.result()
    yield from in_turn((name for name in names if not any(name in lane for lane in BY_CPU)), quick=True)


def _all_of(names: list[str]) -> list[tuple[str, list[Row]]]:
    return list(in_turn(names, quick=True))
