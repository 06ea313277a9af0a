"""Charts of a report as points: what the HTML report draws as SVG, and a line of blocks for a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log10

from webapp.ads.reporting import Report
from webapp.dates import MONTHS

WIDTH, HEIGHT = 720, 220
LEFT, TOP, BOTTOM = 56, 12, 26
_BLOCKS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class Bar:
    """A day's bar, in the chart's units, and what it says."""

    x: float
    y: float
    width: float
    height: float
    says: str


@dataclass(frozen=True)
class Chart:
    """`plan` and `line` are the points of polylines; `ticks` are heights and their labels, `dates` places and theirs."""

    bars: list[Bar]
    plan: str
    line: str
    ticks: list[tuple[float, str]]
    dates: list[tuple[float, str]]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    bottom: int = HEIGHT - BOTTOM


def sparkline(numbers: Sequence[int]) -> str:
    """A block for each number, as high as it is large beside the largest one."""
    most = max([*numbers, 1])
    return "".join(_BLOCKS[min(7, number * 8 // (most + 1) if number < most else 7)] if number else "▁" for number in numbers)


def daily(report: Report) -> Chart:
    """What was delivered on each day."""
    numbers = [day.figures.towards(report.campaign.goal) for day in report.days]
    top = _round_up(max([*numbers, 1]))
    step = (WIDTH - LEFT) / max(1, len(numbers))
    bars = [
        Bar(
            round(LEFT + step * place + step * 0.12, 2), round(_y(number, top), 2), round(step * 0.76, 2),
            round(HEIGHT - BOTTOM - _y(number, top), 2), f"{report.days[place].day.isoformat()}: {number:,}",
        )
        for place, number in enumerate(numbers)
    ]  # fmt: skip
    return Chart(bars, "", "", _ticks(top), _dates(report, step))


def against_plan(report: Report) -> Chart:
    """The sums up to the end of each day, delivered and planned."""
    top = _round_up(max([*(day.delivered for day in report.days), *(ceil(day.plan) for day in report.days), 1]))
    step = (WIDTH - LEFT) / max(1, len(report.days))
    plan = _points([0.0, *(day.plan for day in report.days)], top, step)
    line = _points([0.0, *(float(day.delivered) for day in report.days)], top, step)
    return Chart([], plan, line, _ticks(top), _dates(report, step))


def _points(numbers: Sequence[float], top: int, step: float) -> str:
    return " ".join(f"{LEFT + step * place:.2f},{_y(number, top):.2f}" for place, number in enumerate(numbers))


def _y(number: float, top: int) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - number / top)


def _ticks(top: int) -> list[tuple[float, str]]:
    parts = 4 if top % 4 == 0 else 2 if top % 2 == 0 else 1
    return [(round(_y(top * part / parts, top), 2), f"{top * part // parts:,}") for part in range(parts + 1)]


def _dates(report: Report, step: float) -> list[tuple[float, str]]:
    """At most eight, evenly placed."""
    every = max(1, ceil(len(report.days) / 8))
    return [
        (round(LEFT + step * (place + 0.5), 2), f"{day.day.day} {MONTHS[day.day.month - 1][:3]}")
        for place, day in enumerate(report.days)
        if place % every == 0
    ]


def _round_up(number: int) -> int:
    """The next 1, 2, 4, 5, 8 or 10 times a power of ten."""
    power = int(10 ** int(log10(number)))
    return next(factor * power for factor in (1, 2, 4, 5, 8, 10) if factor * power >= number)
