"""Charts: a line of blocks for a terminal, bars and lines as SVG to stand in a page. No script, no colour of their own: see STYLE."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil, floor, log10

from markupsafe import Markup

from webapp.dates import MONTHS

BLOCKS = "▁▂▃▄▅▆▇█"
WIDTH, HEIGHT = 720, 230
LEFT, TOP, BOTTOM = 52, 12, 34
_MOST_LABELS = 7

# For the page's own <style>, which sets --ink, --quiet and --line. Marks differ in shape, too: not everybody sees colours.
STYLE = """\
.chart { display: block; width: 100%; height: auto; overflow: visible; }
.chart text { fill: var(--quiet); font-size: 13px; font-variant-numeric: tabular-nums; }
.chart line, .chart rect, .chart polyline { vector-effect: non-scaling-stroke; }
.chart .rule { stroke: var(--line); stroke-width: 1; }
.chart .base { stroke: var(--ink); stroke-width: 1; }
.chart .bar { stroke: var(--ink); stroke-width: .75; }
.chart .bar.solid { fill: var(--ink); }
.chart .bar.hollow { fill: none; }
.chart .line { fill: none; stroke: var(--ink); stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.chart .line.hollow { stroke-width: 1.5; stroke-dasharray: 2 5; }
.chart-key { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; margin: 0; padding: 0; list-style: none; }
.chart-key .chart { display: inline-block; width: 1.75rem; height: .75rem; margin-right: .5rem; vertical-align: middle; }
@media screen and (max-width: 40em) { .chart text { font-size: 22px; } }
"""


@dataclass(frozen=True, kw_only=True)
class Series:
    """Numbers of one kind, a place each; None leaves the place empty. `hollow`: outlined bars or a dotted line, for the lesser one."""

    name: str
    values: Sequence[float | None]
    hollow: bool = False

    @property
    def look(self) -> str:
        return "hollow" if self.hollow else "solid"


@dataclass(frozen=True)
class Figure:
    """A chart with its heading and its key."""

    heading: str
    key: Markup
    chart: Markup


def of_day(day: date) -> str:
    """The label of a day, `8 Dec`."""
    return f"{day.day} {MONTHS[day.month - 1][:3]}"


def sparkline(numbers: Sequence[float]) -> str:
    """One block for each number, none negative, the highest for the largest."""
    most = max(numbers, default=0) or 1
    return "".join(BLOCKS[int(number * (len(BLOCKS) - 1) // most)] for number in numbers)


def bars(series: Sequence[Series], labels: Sequence[str], *, id: str, title: str, desc: str) -> Markup:
    """Bars beside each other at each of `labels`, as SVG. `id` is the chart's own in its page; `title` and `desc` are read aloud."""
    top, step = _top(series), _step(labels)
    width = step * 0.8 / max(1, len(series))
    marks = [
        _bar(one, LEFT + step * (place + 0.1) + width * n, width, value, top, says=f"{labels[place]}: {value:,} {one.name}")
        for n, one in enumerate(series)
        for place, value in enumerate(one.values)
        if value
    ]
    return _svg(marks, labels, top, id=id, title=title, desc=desc)


def lines(series: Sequence[Series], labels: Sequence[str], *, id: str, title: str, desc: str) -> Markup:
    """As `bars`, with a line for each of `series`."""
    top, step = _top(series), _step(labels)
    marks = []
    for one in series:
        points = [(LEFT + step * (place + 0.5), _y(value, top)) for place, value in enumerate(one.values) if value is not None]
        marks.append(_LINE.format(one.look, " ".join(f"{x:.1f},{y:.1f}" for x, y in points)))
    return _svg(marks, labels, top, id=id, title=title, desc=desc)


def key(series: Sequence[Series], *, kind: str) -> Markup:
    """Which mark is which, as a list; `kind` is `bar` or `line`."""
    items = (_KEY.format(_SWATCHES[kind].format(one.look), one.name) for one in series)
    return Markup('<ul class="chart-key">\n{}</ul>').format(Markup("").join(items))


_BAR = Markup('<rect class="bar {}" x="{:.1f}" y="{:.1f}" width="{:.2f}" height="{:.1f}"><title>{}</title></rect>\n')
_LINE = Markup('<polyline class="line {}" points="{}"/>\n')
_TICK = Markup('<line class="{}" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>\n<text x="{}" y="{:.1f}" text-anchor="end">{}</text>\n')
_LABEL = Markup('<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>\n')
_SVG = Markup(
    '<svg class="chart" id="{id}" viewBox="0 0 {width} {height}" role="img" aria-labelledby="{id}-title" aria-describedby="{id}-desc">\n'
    '<title id="{id}-title">{title}</title>\n<desc id="{id}-desc">{desc}</desc>\n{axes}{marks}</svg>'
)
_SWATCHES = {
    "bar": Markup('<rect class="bar {}" x="8" y="1" width="12" height="10"/>'),
    "line": Markup('<polyline class="line {}" points="1,6 27,6"/>'),
}
_KEY = Markup('<li><svg class="chart" viewBox="0 0 28 12" aria-hidden="true">{}</svg>{}</li>\n')


def _svg(marks: Sequence[Markup], labels: Sequence[str], top: int, *, id: str, title: str, desc: str) -> Markup:
    axes = Markup("").join([*_ticks(top), *_labels(labels)])
    return _SVG.format(id=id, width=WIDTH, height=HEIGHT, title=title, desc=desc, axes=axes, marks=Markup("").join(marks))


def _ticks(top: int) -> list[Markup]:
    parts = next(parts for parts in (4, 5, 2, 1) if top % parts == 0)
    heights = [top * part // parts for part in range(parts + 1)]
    return [_tick(height, _y(height, top)) for height in heights]


def _tick(height: int, y: float) -> Markup:
    return _TICK.format("rule" if height else "base", LEFT, WIDTH, y, y, LEFT - 8, y + 4, _short(height))


def _labels(labels: Sequence[str]) -> list[Markup]:
    step, every = _step(labels), max(1, ceil(len(labels) / _MOST_LABELS))
    return [_LABEL.format(LEFT + step * (place + 0.5), HEIGHT - 10, label) for place, label in enumerate(labels) if place % every == 0]


def _bar(one: Series, x: float, width: float, value: float, top: int, *, says: str) -> Markup:
    return _BAR.format(one.look, x, _y(value, top), width, _y(0, top) - _y(value, top), says)


def _step(labels: Sequence[str]) -> float:
    return (WIDTH - LEFT) / max(1, len(labels))


def _y(number: float, top: int) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - number / top)


def _top(series: Sequence[Series]) -> int:
    """Where the axis ends: the next 1, 2, 4, 5, 8 or 10 times a power of ten above the largest."""
    most = ceil(max((value for one in series for value in one.values if value is not None), default=0)) or 1
    power = int(10 ** floor(log10(most)))
    return next(factor * power for factor in (1, 2, 4, 5, 8, 10) if factor * power >= most)


def _short(number: int) -> str:
    """`250`, `2.5k`, `100k`, `2m`."""
    for size, sign in ((1_000_000, "m"), (1_000, "k")):
        if number >= size:
            return f"{number / size:.4g}{sign}"
    return str(number)
