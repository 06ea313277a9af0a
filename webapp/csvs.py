"""CSV that is safe to open in a spreadsheet: RFC 4180, and no cell that a spreadsheet would take for a formula."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

Cell = str | int | bool | None

# What makes a formula of a cell, at the start of any of its lines, also behind spaces of any kind (OWASP, CSV injection).
_FORMULA = re.compile(r"(?:(?m:^)|(?<=\r))(?=[^\S\n]*[=+\-@\t\r\0＝＋－＠])")


def safe(cell: Cell) -> Cell:
    """The cell as it may be written: a text that begins like a formula, on any of its lines, gets an apostrophe before it."""
    if not isinstance(cell, str):
        return cell
    return _FORMULA.sub("'", cell.replace("\r\n", "\n"))


def write_csv(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """The whole table; lines end in CRLF, as RFC 4180 has it."""
    return "".join(csv_lines(headings, rows))


def csv_lines(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """The table record by record, for tables too long to be held."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    for row in chain([headings], rows):
        writer.writerow([safe(cell) for cell in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
