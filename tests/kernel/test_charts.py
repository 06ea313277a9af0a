"""Charts: right in their figures, whole as XML, named for who cannot see them, closed to markup in what they are given."""

from xml.etree import ElementTree

import pytest
from markupsafe import Markup

from webapp import charts
from webapp.charts import Series

SVG = "{http://www.w3.org/2000/svg}"


def parsed(chart: Markup) -> ElementTree.Element:
    return ElementTree.fromstring(str.replace(chart, "<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def drawn(values: list[float | None], kind: str = "bars") -> ElementTree.Element:
    labels = [f"{n} Dec" for n in range(len(values))]
    return parsed(getattr(charts, kind)([Series(name="entries", values=values)], labels, id="days", title="By day", desc="Most: 8"))


def test_bars_are_as_high_as_their_numbers_and_nothing_has_none() -> None:
    bars = drawn([0, 4, 8, None]).findall(f"{SVG}rect")
    heights = [float(bar.attrib["height"]) for bar in bars]
    assert len(heights) == 2
    assert heights[1] == pytest.approx(2 * heights[0])
    assert [bar.findtext(f"{SVG}title") for bar in bars] == ["1 Dec: 4 entries", "2 Dec: 8 entries"]


def test_a_line_leaves_out_what_is_not_known() -> None:
    line = drawn([1, None, 3], "lines").find(f"{SVG}polyline")
    assert line is not None
    assert len(line.attrib["points"].split()) == 2


def test_axes_end_at_a_round_number_above_the_largest() -> None:
    labels = [text.text for text in drawn([1700]).findall(f"{SVG}text")]
    assert labels == ["0", "500", "1k", "1.5k", "2k", "0 Dec"]
    assert [text.text for text in drawn([3]).findall(f"{SVG}text")][-2] == "4"


def test_a_long_time_has_few_labels() -> None:
    assert sum("Dec" in (text.text or "") for text in drawn([1] * 400).findall(f"{SVG}text")) <= 7


@pytest.mark.parametrize("values", [[], [0], [0, 0, 0], [None]])
@pytest.mark.parametrize("kind", ["bars", "lines"])
def test_nothing_can_be_drawn_too(values: list[float | None], kind: str) -> None:
    assert not drawn(values, kind).findall(f"{SVG}rect")


def test_who_cannot_see_it_hears_title_and_description() -> None:
    chart = drawn([1])
    assert chart.attrib["role"] == "img"
    said = {part.attrib["id"]: part.text for part in (*chart.findall(f"{SVG}title"), *chart.findall(f"{SVG}desc"))}
    assert (said[chart.attrib["aria-labelledby"]], said[chart.attrib["aria-describedby"]]) == ("By day", "Most: 8")


def test_names_are_text_wherever_they_stand() -> None:
    series = [Series(name="</title><script>", values=[1])]
    for chart in (charts.bars(series, ["<b>"], id="a", title="<i>", desc="&"), charts.key(series, kind="bar")):
        assert "<script>" not in chart
        assert "<b>" not in chart
        assert "<i>" not in chart


def test_blocks_reach_from_none_to_the_most() -> None:
    assert charts.sparkline([0, 1, 4, 8]) == "▁▁▄█"
    assert charts.sparkline([0, 0]) == "▁▁"
    assert charts.sparkline([]) == ""
