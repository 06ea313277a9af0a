"""Reads a TOML file key by key and collects everything that is wrong with it, so that one run shows all faults."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from typing import TypeVar

T = TypeVar("T")
LONGEST_FILE = 64 * 1024


class Wrong(Exception):
    """A value that cannot be used: what is wrong with it, and the mend."""

    def __init__(self, problem: str, mend: str) -> None:
        super().__init__(f"{problem}. {mend}")
        self.problem = problem
        self.mend = mend


@dataclass(frozen=True)
class Fault:
    """A key that cannot be used: its name, what is wrong, and the mend."""

    key: str
    problem: str
    mend: str

    def __str__(self) -> str:
        return f"{self.key}: {self.problem}. {self.mend}"


class Table:
    """A TOML table being read; what is wrong is noted in `faults`, which all tables of a file share."""

    def __init__(self, values: Mapping[str, object], faults: list[Fault], name: str = "") -> None:
        self.values = values
        self.faults = faults
        self.name = name
        self.known: list[str] = []

    def fault(self, key: str, problem: str, mend: str) -> None:
        self.faults.append(Fault(f"{self.name}.{key}" if self.name else key, problem, mend))

    def read(self, key: str, parse: Callable[[object], T], example: str) -> T | None:
        """What `parse` makes of the value. None, with a fault noted, if it is missing or `parse` raises Wrong."""
        value = self.maybe(key, parse, None)
        if key not in self.values:
            under = f" under [{self.name}]" if self.name else ""
            self.fault(key, "is missing", f"Write{under} for example {key} = {example}")
        return value

    def maybe(self, key: str, parse: Callable[[object], T], default: T | None) -> T | None:
        """As `read`, but a missing key is `default` and no fault."""
        self.known.append(key)
        if key not in self.values:
            return default
        try:
            return parse(self.values[key])
        except Wrong as wrong:
            self.fault(key, wrong.problem, wrong.mend)
            return None

    def table(self, key: str, example: str) -> "Table":
        """The table under `key`. If it is missing that is one fault, and its keys are no further ones."""
        self.known.append(key)
        value = self.values.get(key)
        if isinstance(value, dict):
            return Table(value, self.faults, key)
        problem = "is not a table" if key in self.values else "is missing"
        self.fault(key, problem, f"Write a line [{key}] and under it for example {example}")
        return Table({}, [], key)

    def refuse_unknown(self) -> None:
        """Note every key that nobody asked for: a typing error must not pass as a default."""
        for key in self.values:
            if key not in self.known:
                near = get_close_matches(key, self.known, 1)
                self.fault(key, "is not a key we know", f"Did you mean {near[0]}?" if near else f"Known are: {', '.join(self.known)}.")


def read_toml(source: bytes, *, example: str) -> dict[str, object]:
    """The values in a file's bytes, decimals as Decimal. Raises Wrong with the one fault that keeps it from being read.

    `example` names a file to start from.
    """
    if len(source) > LONGEST_FILE:
        raise Wrong("is larger than 64 kB", "Name a campaign's TOML file.")
    try:
        return tomllib.loads(source.decode("utf-8-sig"), parse_float=Decimal)
    except UnicodeDecodeError as error:
        line = source[: error.start].count(b"\n") + 1
        raise Wrong(f"is not UTF-8 (line {line})", "Save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        last = len(source.splitlines())
        raise Wrong(
            f"is not TOML: {error}".replace("at end of document", f"at the end, line {last}"),
            "Mend that line; text stands in quotation marks.",
        ) from error
    except (RecursionError, ValueError) as error:  # brackets in hundreds, numbers of thousands of digits
        raise Wrong("is not TOML that a person wrote", f"Start from {example}.") from error
