"""Counters in Valkey or Redis, for papers on several machines: the scripts of the `limits` package, one round trip each way."""

from collections.abc import Sequence
from typing import Any

from limits.storage import RedisStorage
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError
from redis.retry import Retry

from webapp.limit_storage import PATIENCE, StorageAway
from webapp.limit_windows import Counter, Effect, Window, to_count

ANY_NUMBER = 2**52  # what a script may count up to for a limit that delays
Call = tuple[list[str], list[int]]


class ValkeyStorage:
    """Each counter is exact by itself. Its windows begin with their first hit, by the server's clock: `at` is not used."""

    def __init__(self, url: str, patience: float = PATIENCE) -> None:
        scripts: Any = RedisStorage(
            url,
            socket_timeout=patience,
            socket_connect_timeout=patience,
            # It would try again for seconds.
            retry=Retry(NoBackoff(), 0),  # type: ignore[arg-type]
        )
        self._client: Any = scripts.get_connection()
        self._read, self._acquire = scripts.lua_sliding_window, scripts.lua_acquire_sliding_window

    def hit(self, counters: Sequence[Counter], at: float) -> list[Window]:
        try:
            answers = self._run(self._read, [(_names(counter), [counter.seconds]) for counter in counters])
            windows = [_window(counter.seconds, *answer) for counter, answer in zip(counters, answers, strict=True)]
            chosen = [index for index, taken in enumerate(to_count(counters, windows)) if taken]
            taken = self._run(self._acquire, [_acquisition(counters[index]) for index in chosen]) if chosen else []
        except (RedisError, OSError) as error:
            raise StorageAway(str(error)) from error
        for index, acquired in zip(chosen, taken, strict=True):
            if not acquired:  # others filled it since we read it
                windows[index] = windows[index]._replace(current=counters[index].amount)
        return windows

    def _run(self, script: Any, calls: list[Call]) -> list[Any]:
        try:
            return self._transaction(script, calls)
        except NoScriptError:  # a server just started
            self._client.script_load(script.script)
            return self._transaction(script, calls)

    def _transaction(self, script: Any, calls: list[Call]) -> list[Any]:
        with self._client.pipeline(transaction=True) as pipe:
            for names, arguments in calls:
                pipe.evalsha(script.sha, len(names), *names, *arguments)
            return list(pipe.execute())


def _names(counter: Counter) -> list[str]:
    """The keys of the previous and the current window; the braces keep both on one node of a cluster."""
    return [f"limits:{{{counter.key}}}/-1", f"limits:{{{counter.key}}}"]


def _acquisition(counter: Counter) -> Call:
    amount = ANY_NUMBER if counter.effect is Effect.DELAY else counter.amount
    return _names(counter), [amount, counter.seconds, 1]


def _window(seconds: int, previous: bytes | None, fading: int, current: bytes | None, left: int) -> Window:
    """Out of the script's answer: counts, and milliseconds that their keys live on; the current one's lives for two windows."""
    return Window(
        seconds,
        current=int(current or 0),
        left=min(max(left / 1000 - seconds, 0.0), seconds),
        previous=int(previous or 0),
        fading=min(max(fading / 1000, 0.0), seconds),
    )
