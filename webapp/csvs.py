"""CSV that is safe to open in a spreadsheet: RFC 4180, and no cell that a spreadsheet would take for a formula."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import TextIO

# What makes a formula of a cell, at the start of any of its lines, also behind spaces of any kind (OWASP, CSV injection);
# full-width signs are read as the plain ones.
_FORMULA = re.compile(r"(?:(?m:^)|(?<=\r))(?=[^\S\n]*[=+\-@\t\r\0＝＋－＠])")


def safe(cell: object) -> str:
    """The cell as text, empty for None. A text that begins like a formula, on any of its lines, gets an apostrophe before it."""
    if cell is None:
        return ""
    return _FORMULA.sub("'", cell.replace("\r\n", "\n")) if isinstance(cell, str) else str(cell)


def write(file: TextIO, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table, a row at a time; lines end in CRLF, as RFC 4180 has it."""
    writer = csv.writer(file)
    writer.writerow(headings)
    writer.writerows([safe(cell) for cell in row] for row in rows)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The whole table as a text."""
    buffer = io.StringIO(newline="")
    write(buffer, headings, rows)
    return buffer.getvalue()
