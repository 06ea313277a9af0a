"""Tables in the Markdown of an article: limited, named to the reader, in a box of their own that scrolls sideways on a phone.

Loads markdown-it: for commands only.
"""

from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.table import table
from markdown_it.token import Token

MOST_CELLS = 2_000  # of an article: some 60 kB of HTML
TAGS = {"div", "table", "tbody", "td", "th", "thead", "tr"}
ATTRIBUTES = {"div": {"aria-label"}}
_ALIGNED = {"class": {"middle", "num"}}
ATTRIBUTE_VALUES = {
    "div": {"class": {"table-wrap"}, "tabindex": {"0"}, "role": {"region"}},
    "table": {"class": {"table"}},
    "td": _ALIGNED,
    "th": _ALIGNED | {"scope": {"col"}},
}
_CLASSES = {"text-align:right": "num", "text-align:center": "middle"}


class TooManyCells(Exception):
    """The tables up to the one in `line` (from 0) are larger than an article's may be together."""

    reason = f"the tables have more than {MOST_CELLS:,} cells"
    mend = "Write what matters, and link to a file with the rest."

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def allow_tables(parser: MarkdownIt) -> MarkdownIt:
    """`parser`, which raises TooManyCells before it takes a large table to pieces: that lasts ten seconds for a megabyte."""
    parser.block.ruler.at("table", _limited, {"alt": ["paragraph", "reference"]})
    return parser.enable("table")


def _limited(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if not table(state, start, end, True):
        return False
    if not silent:
        columns = max(1, _line(state, start).strip("| ").count("|") + 1)
        rows = next((line for line in range(start + 2, end) if state.isEmpty(line)), end) - start - 1
        state.env["cells"] = state.env.get("cells", 0) + rows * columns
        if state.env["cells"] > MOST_CELLS:
            raise TooManyCells(start)
        table(state, start, end, False)
    return True


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] : state.eMarks[number]].strip()


def boxed(tokens: Sequence[Token]) -> Iterator[Token]:
    """`tokens`, with each table in a box that the keyboard can scroll, its columns' heads as such, and its figures aligned."""
    number = 0
    tag = "th"
    for place, token in enumerate(tokens):
        if token.type == "table_open":
            number += 1
            attrs: dict[str, str | int | float] = {
                "class": "table-wrap",
                "tabindex": "0",
                "role": "region",
                "aria-label": f"Table {number}",
            }
            yield Token("box_open", "div", 1, attrs=attrs, block=True)
            token.attrs = {"class": "table"}
        elif token.type in {"th_open", "td_open"}:
            aligned = _CLASSES.get(str(token.attrs.get("style")))
            token.attrs = {"class": aligned} if aligned else {}
            if token.type == "th_open":
                # A head without words says nothing to who hears the table.
                tag = token.tag = "th" if tokens[place + 1].content.strip() else "td"
                token.attrs |= {"scope": "col"} if tag == "th" else {}
        elif token.type == "th_close":
            token.tag = tag
        yield token
        if token.type == "table_close":
            yield Token("box_close", "div", -1, block=True)
