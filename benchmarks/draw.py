"""The draw against bare loops: sealing, ranking and verifying a log of many entries, and the memory each takes.

    python -m benchmarks.draw --entries 1000000 --rounds 3

Every contestant is a process of its own, so that its peak memory is its own, and the contestants take turns. Times are seconds of
CPU, those of processes beside included: on a shared machine they say more than the clock does.

"Hashing the leaves" is the least that can be meant by it: a loop that reads each stored leaf and takes its SHA-256. No tree above
it, no comparing, no tickets. A log that was drawn is verified by drawing again, so its row has a ticket for each leaf in the
reference, too; the row below it has the leaves alone, and holds the clock against the clock, since tickets are computed beside.
"""

import argparse
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from sqlite3 import connect
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

from benchmarks.table import Row, print_table, rounds_row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

NAME, ORIGIN = "bench", "bench.example/draws/bench/log"
OPENS = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
SECRET, RULES = bytes(32), b"Rules.\n"
LOT = 10_000  # entries in a transaction
BATCH = 8192  # rows the bare loops read at a time
MEMORY = 200  # MB, whatever the number of entries
FEW, MILLION = 1000, 1_000_000


def measure(quick: bool, *, entries: int | None = None, rounds: int = 3, folder: Path | None = None) -> list[Row]:
    """All rows for a log of `entries`. `folder`: where the databases are made (and removed with it); else a temporary one."""
    entries, rounds = entries or (100_000 if quick else 1_000_000), 2 if quick else rounds
    with TemporaryDirectory(dir=folder) as made:
        few, many = Path(made) / "few", Path(made) / "many"
        for instance, number in ((few, FEW), (many, entries)):
            _run("fill", instance, number)
        rows = [_sealing(few, many, entries, 1 if quick else rounds)]
        _run("close", many)
        turns = _turns(many, rounds, "rank", "bare_tickets")
        rows += [_beside(f"rank {entries:,} entries", turns, ["bare_tickets"], goal=2.0), _memory(turns)]
        turns = _turns(many, rounds, "verify", "bare_leaves")
        rows += [_beside(f"verify {entries:,} entries, sealed", turns, ["bare_leaves"], goal=3.0), _memory(turns)]
        _run("finish", many)
        turns, drawn = _turns(many, rounds, "verify", "bare_leaves", "bare_tickets"), f"verify {entries:,} entries, drawn"
        rows += [_beside(drawn, turns, ["bare_leaves", "bare_tickets"], goal=3.0), _memory(turns)]
        goal = 3.0 if entries >= MILLION else None  # tickets are computed beside where there are many only
        rows.append(_beside(f"{drawn}, by the clock", turns, ["bare_leaves"], goal=goal, time="clock"))
        turns = _turns(many, 1 if quick else rounds, "bundle")
        rows += [_beside(f"bundle {entries:,} entries", turns, [], goal=None), _memory(turns)]
    return rows


def _sealing(few: Path, many: Path, entries: int, rounds: int) -> Row:
    """Work that grows with log n shows as a ratio near 1."""
    done = [(_run("seal", many)["cpu"] * 1000, _run("seal", few)["cpu"] * 1000) for _ in range(rounds)]
    return rounds_row(f"seal {entries:,} entries, beside {FEW:,}", [a for a, _ in done], [b for _, b in done], goal=2.0, unit="ms")


Turns = list[dict[str, dict[str, float]]]
"""Of each round, what each contestant took."""


def _turns(instance: Path, rounds: int, *contestants: str) -> Turns:
    """Ours is the first."""
    return [{name: _run(name, instance) for name in contestants} for _ in range(rounds)]


def _beside(what: str, turns: Turns, bare: list[str], *, goal: float | None, time: str = "cpu") -> Row:
    """Ours beside the `bare` loops, one after the other, that do the least it needs."""
    reference = [sum(turn[loop][time] for loop in bare) for turn in turns] if bare else None
    return rounds_row(what, [next(iter(turn.values()))[time] for turn in turns], reference, goal=goal)


def _memory(turns: Turns) -> Row:
    return rounds_row("  its peak memory", [next(iter(turn.values()))["rss"] for turn in turns], None, goal=MEMORY, unit="MB")


def _run(contestant: str, instance: Path, *arguments: int) -> dict[str, float]:
    """What it took, in a process of its own that begins with everything imported."""
    processes = get_context("forkserver")
    processes.set_forkserver_preload(
        ["webapp", *(f"webapp.draw.{name}" for name in ("appending", "bundling", "drawing", "sealing", "verifying"))]
    )
    with ProcessPoolExecutor(1, mp_context=processes) as one:
        return one.submit(CONTESTANTS[contestant], instance, *arguments).result()


def _timed(work: Callable[[], object]) -> dict[str, float]:
    cpu, clock = process_time(), perf_counter()
    work()
    clock, cpu = perf_counter() - clock, process_time() - cpu
    beside = getrusage(RUSAGE_CHILDREN)  # of those that have ended
    unit = 2**20 if sys.platform == "darwin" else 2**10
    rss = max(getrusage(RUSAGE_SELF).ru_maxrss, beside.ru_maxrss) / unit
    return {"cpu": cpu + beside.ru_utime + beside.ru_stime, "clock": clock, "rss": rss}


def bare_tickets(instance: Path) -> dict[str, float]:
    """What ranking cannot do without: read each entry's leaf hash, hash once for its ticket. No HMAC, no order, no removals."""
    return _timed(lambda: _bare(instance, "hash", b"key" * 10 + b"ab"))


def bare_leaves(instance: Path) -> dict[str, float]:
    """What verifying cannot do without: read each leaf, hash it. No tree, no comparing, no tickets."""
    return _timed(lambda: _bare(instance, "data", b"\x00"))


def _bare(instance: Path, column: str, prefix: bytes) -> None:
    (path,) = (path for path in instance.glob("*.sqlite3") if "limits" not in path.name)
    database = connect(path)
    (size,) = database.execute("SELECT size FROM draw_log WHERE id = 1").fetchone()
    query = f'SELECT {column} FROM draw_leaf WHERE log_id = 1 AND "index" >= ? AND "index" < ? ORDER BY "index"'
    for start in range(0, size, BATCH):
        for (value,) in database.execute(query, (start, start + BATCH)).fetchall():
            sha256(prefix + value).digest()


def fill(instance: Path, entries: int) -> dict[str, float]:
    """A log with that many entries, by the room's own bulk path."""
    from webapp import draw
    from webapp.database import writing
    from webapp.ops.installing import install
    from webapp.site import settings

    def work() -> None:
        terms = draw.OpenTerms(
            campaign=NAME,
            origin=ORIGIN,
            rules_sha256=sha256(RULES).hexdigest(),
            opens_at=OPENS,
            closes_at=OPENS + DAY,
            seals_at=OPENS + 2 * DAY,
            draws_at=OPENS + 3 * DAY,
            winners=10,
            alternates=90,
            claim_days=14,
            beacon={"kind": "operator", "commitment": draw.operator_commitment(SECRET)},
        )
        with writing() as session:
            draw.open_log(session, _key(), terms, now=OPENS)
        for start in range(0, entries, LOT):
            lot = [sha256(b"%d" % number).digest() for number in range(start, min(start + LOT, entries))]
            with writing() as session:
                draw.append_entries(session, _key(), lot)
        with writing() as session:  # some are withdrawn, as in life
            for index in range(1, min(entries, 10_000), 10):
                draw.remove_entry(session, _key(), "withdraw", index, "entrant_request")

    with _app(instance):
        install(settings())
        return _timed(work)


def seal(instance: Path) -> dict[str, float]:
    """Seal and take it back, many times: one is too short to measure."""
    from webapp import draw

    times = 50

    def work() -> None:
        for _ in range(times):
            draw.seal(session, _key(), now=OPENS + 2 * DAY)
            session.rollback()

    with _app(instance) as session:
        return {name: value / (1 if name == "rss" else times) for name, value in _timed(work).items()}


def close(instance: Path) -> dict[str, float]:
    from webapp import draw
    from webapp.database import writing

    def work() -> None:
        with writing() as session:
            draw.seal(session, _key(), now=OPENS + 2 * DAY)

    with _app(instance):
        return _timed(work)


def rank(instance: Path) -> dict[str, float]:
    from webapp import draw

    with _app(instance) as session:
        return _timed(lambda: draw.rank(session, NAME, _beacon(), now=OPENS + 3 * DAY))


def finish(instance: Path) -> dict[str, float]:
    from webapp import draw
    from webapp.database import writing

    def work() -> None:
        with writing() as session:
            draw.draw(session, _key(), _beacon(), now=OPENS + 3 * DAY)

    with _app(instance):
        return _timed(work)


def verify(instance: Path) -> dict[str, float]:
    from webapp import draw

    with _app(instance) as session:
        return _timed(lambda: draw.verify(session, NAME, rules=RULES, vkey=_key().vkey))


def bundle(instance: Path) -> dict[str, float]:
    from webapp import draw

    with _app(instance) as session:
        return _timed(lambda: sum(map(len, draw.bundle(session, NAME, rules=RULES))))


@contextmanager
def _app(instance: Path) -> "Iterator[Session]":
    from webapp import create_app
    from webapp.database import db

    app = create_app({"INSTANCE_PATH": str(instance)})
    with app.app_context():
        yield db.session()
        db.session.remove()
        db.engine.dispose()


def _key() -> Any:
    from webapp.draw import LogKey

    return LogKey(NAME, ORIGIN, sha256(b"bench").digest())


def _beacon() -> Any:
    from webapp.draw import Beacon

    return Beacon(kind="operator", round=None, value=SECRET)


CONTESTANTS: dict[str, Callable[..., dict[str, float]]] = {
    made.__name__: made for made in (bare_tickets, bare_leaves, fill, seal, close, rank, finish, verify, bundle)
}


def main() -> int:
    parser = argparse.ArgumentParser(
        description="The draw room beside bare loops. Exit code 1 when a goal is missed by more than the noise."
    )
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where to make the databases: some 180 bytes an entry")
    given = parser.parse_args()
    rows = measure(quick=False, entries=given.entries, rounds=given.rounds, folder=given.folder)
    print_table(rows)
    return 0 if all(row.ok for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
