"""CSV exports: read back whole by a CSV reader, never run by a spreadsheet."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.csvs import safe, table

TEXTS = st.text(st.sampled_from("=+-@\t\r\n\0 \u00a0ab,\"'＝"), max_size=12)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\0", "＝", "＋", "－", "＠"])
@pytest.mark.parametrize("before", ["", " ", "  ", "\u00a0", "\u2003", "Ada\n", "Ada\n ", "Ada\r\n", "Ada\r"])
def test_what_begins_like_a_formula_gets_an_apostrophe(before: str, start: str) -> None:
    cell = safe(f"{before}{start}1")
    line = cell.removesuffix(f"{start}1").split("\n")[-1].split("Ada\r")[-1] + f"{start}1"
    assert line.startswith("'")


@pytest.mark.parametrize("harmless", ["Ada", "a=b", "12 Elm Street", "", "O'Neil", 4211, -1, None, True])
def test_all_else_stays_as_it_is(harmless: str | int | None) -> None:
    assert safe(harmless) == ("" if harmless is None else str(harmless))


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=4))
def test_a_reader_gets_back_every_cell_and_no_line_of_any_is_a_formula(rows: list[tuple[str, str]]) -> None:
    read = list(csv.reader(io.StringIO(table(["a", "b"], rows), newline=""), strict=True))
    assert read == [["a", "b"], *([safe(cell) for cell in row] for row in rows)]
    for row in read[1:]:
        for line in "\n".join(row).split("\n"):
            assert not line.lstrip(" \u00a0").startswith(("=", "+", "-", "@", "\t", "\r", "\0", "＝"))
