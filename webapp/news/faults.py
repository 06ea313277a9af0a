"""What is wrong with files somebody wants to import: named so that the next try succeeds."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Fault:
    """One thing wrong: the file as the admin named it, the line from 1, the reason, and what to write instead."""

    file: str
    line: int
    reason: str
    mend: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}. {self.mend}"


class Faulty(Exception):
    """Files that cannot be imported; `faults` holds all that is wrong with all of them, in reading order."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(str(fault) for fault in self.faults))
