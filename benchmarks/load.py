"""The load: wrk on its own core, and what it and the server's clock say."""

import re
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from benchmarks.servers import Server, cores

_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass(frozen=True)
class Effort:
    """How long a round lasts, and how many rounds there are."""

    seconds: float
    rounds: int


@dataclass(frozen=True)
class Sample:
    """One round: requests a second, CPU seconds of the server per 1,000 requests, and times in milliseconds."""

    per_second: float
    cpu_per_1000: float
    p50: float
    p99: float
    failed: int


def press(
    server: Server, path: str, *, seconds: float, headers: Mapping[str, str] = {}, script: Path | None = None, clients: int = 32
) -> Sample:
    """`clients` connections ask `path` for `seconds`, one after the other each. RuntimeError if no answer was good."""
    most = f"-d{ceil(seconds) + 1}s"
    command = ["taskset", "-c", cores()[1], "wrk", "-t1", f"-c{clients}", most, "--latency", "--timeout", "20s"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    command += ["-s", str(script)] if script else []
    before = server.cpu_seconds()
    said = _run([*command, server.url + path], seconds)
    used = server.cpu_seconds() - before
    found = re.search(r"(\d+) requests in", said)
    failed = sum(int(number) for number in re.findall(r"Non-2xx or 3xx responses: (\d+)", said))
    failed += sum(int(number) for line in re.findall(r"Socket errors: (.*)", said) for number in re.findall(r"\d+", line))
    if not found or not (good := int(found[1]) - failed):
        raise RuntimeError(f"{server.name} answered nothing good for {path}: {said}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])  # type: ignore[index]
    return Sample(rate * good / int(found[1]), used / good * 1000, _percentile(said, 50), _percentile(said, 99), failed)


def _run(command: list[str], seconds: float) -> str:
    """What wrk says after so many seconds: it takes whole ones only, but says what it has when it is interrupted."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        while running.poll() is None and not _hears_interrupts(running.pid):
            time.sleep(0.005)
        try:
            return running.communicate(timeout=seconds)[0]
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGINT)
            return running.communicate(timeout=60)[0]


def _hears_interrupts(pid: int) -> bool:
    """Whether a handler for SIGINT is in place, which wrk sets last of all before it begins (proc(5), SigCgt)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return bool(int(next(line.split()[1] for line in lines if line.startswith("SigCgt:")), 16) >> signal.SIGINT - 1 & 1)


def settle(server: Server, path: str, headers: Mapping[str, str] = {}, *, seconds: float = 0.3) -> None:
    """Let it warm up: caches filled, workers started, branches learnt."""
    press(server, path, seconds=seconds, headers=headers)


def _percentile(said: str, which: int) -> float:
    found = re.search(rf"^\s+{which}%\s+([\d.]+)(us|ms|s|m)\s*$", said, re.MULTILINE)
    assert found, said
    return float(found[1]) * _UNITS[found[2]]
