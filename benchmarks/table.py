"""What a benchmark says: one row for each thing measured, beside what it is held against and its goal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import comb
from statistics import median
from typing import Literal

Better = Literal["lower", "higher"]


@dataclass(frozen=True)
class Row:
    """`ours` beside `reference`, both in `unit` and medians over rounds; `ratio` = ours / reference, which `goal` bounds.

    Without a `reference`, `ratio` is `ours` itself and `goal` bounds that; without a `goal` the row only informs.
    `between`: the 99 % confidence interval of the median ratio; `noise`: half its width as a share of the ratio (0.05 is ±5 %).
    """

    what: str
    ours: float
    reference: float | None
    ratio: float
    goal: float | None
    better: Better = "lower"
    noise: float = 0.0
    unit: str = ""
    between: tuple[float, float] | None = None

    @property
    def ok(self) -> bool:
        """Whether the goal was met, or missed by no more than the noise."""
        if self.goal is None:
            return True
        low, high = self.between or (self.ratio * (1 - self.noise), self.ratio * (1 + self.noise))
        return low <= self.goal if self.better == "lower" else high >= self.goal


def rounds_row(
    what: str,
    ours: Sequence[float],
    reference: Sequence[float] | None,
    *,
    goal: float | None,
    better: Better = "lower",
    unit: str = "s",
) -> Row:
    """The row of alternating rounds: the n-th of `ours` was measured right beside the n-th of `reference`, so each pair has a ratio."""
    ratios = list(ours) if reference is None else [mine / other for mine, other in zip(ours, reference, strict=True)]
    middle = median(ratios)
    low, high = interval(ratios)
    noise = (high - low) / 2 / middle if middle else 0.0
    return Row(what, median(ours), None if reference is None else median(reference), middle, goal, better, noise, unit, (low, high))


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Where the median of what `values` are drawn from lies with a probability of 99 %, however they are distributed: between two of
    them, found by the binomial distribution (Conover, Practical Nonparametric Statistics, §3.2). Of seven or fewer, between the least
    and the greatest, with less. 99 and not 95, since of a hundred rows some would be missed by chance.
    """
    ordered, many = sorted(values), len(values)
    beyond, chance = 0, 0.5**many
    while 2 * chance <= 0.01:
        beyond += 1
        chance += comb(many, beyond) * 0.5**many
    outer = max(0, beyond - 1)
    return ordered[outer], ordered[many - 1 - outer]


def print_table(rows: Iterable[Row]) -> None:
    """Plain columns: a missed goal says MISSED at the end of its line."""
    head = ("what", "ours", "reference", "ratio", "noise", "goal", "")
    lines = [head, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        first, *rest = (
            cell.ljust(width) if not column else cell.rjust(width) for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        print("  ".join([first, *rest]).rstrip())


def _cells(row: Row) -> tuple[str, ...]:
    alone = row.reference is None
    bound = "" if row.goal is None else f"{'≤' if row.better == 'lower' else '≥'} {row.goal:,.6g}"
    verdict = "" if row.goal is None else "ok" if row.ok else "MISSED"
    return (
        row.what,
        f"{_number(row.ours)} {row.unit}".rstrip(),
        "" if row.reference is None else f"{_number(row.reference)} {row.unit}".rstrip(),
        "" if alone else f"{row.ratio:.2f}",
        f"±{row.noise:.0%}",
        bound,
        verdict,
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
