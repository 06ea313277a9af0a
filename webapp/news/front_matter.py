"""Front matter as it stands in the file: which lines are the YAML block and which the article, and each field's plain value.

Loads PyYAML: for commands only.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import yaml
from frontmatter.default_handlers import YAMLHandler

from webapp.news.unprintable import UNPRINTABLE

# Read before it is parsed: YAML takes memory and time out of proportion to its length.
LONGEST_FRONT_MATTER = 16 * 1024
DEEPEST = 3
EXAMPLE = "2024-12-08T21:40:00+00:00"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FENCE = YAMLHandler.FM_BOUNDARY


class Wrong(Exception):
    """Something that ends the reading of this file, and its line."""

    def __init__(self, reason: str, mend: str, line: int) -> None:
        super().__init__(reason)
        self.reason, self.mend, self.line = reason, mend, line


def decode(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Wrong("the file is not UTF-8", "Save it again with the encoding UTF-8.", line) from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if bad := UNPRINTABLE.search(text):
        line = text.count("\n", 0, bad.start()) + 1
        raise Wrong(f"there is a control character (U+{ord(bad[0]):04X})", "Delete it.", line)
    return text


def split(text: str) -> tuple[str, int, str, int]:
    """Front matter and its first line, body and its first line."""
    assert _FENCE is not None  # noqa: S101 - the library's type allows handlers without one
    fences = list(islice(_FENCE.finditer(text), 2))
    if not fences or fences[0].start() != 0:
        raise Wrong(
            "the file does not begin with front matter", "Write --- in the first line, then title: and the other fields, then --- again.", 1
        )
    if len(fences) < 2:
        raise Wrong("the front matter has no end", "Write --- in a line of its own after the last field.", 1)
    head = text[fences[0].end() : fences[1].start()]
    if len(head) > LONGEST_FRONT_MATTER:
        raise Wrong("the front matter is longer than 16 kB", "Move the text of the article below the second ---.", 1)
    first, second = (text.count("\n", 0, fence.end()) + 1 for fence in fences)
    return head, first, text[fences[1].end() :], second


def read_values(head: str, first_line: int) -> dict[str, tuple[int, Any]]:
    """Field → line and value. Raises Wrong for what is no mapping of plain values."""
    try:
        _refuse_tricks(head, first_line)
        loader = _LOADER(head)
        node = loader.get_single_node()
        if node is None:
            return {}
        if not isinstance(node, yaml.MappingNode):
            raise Wrong(
                "the front matter is not a list of fields", "Write one field in a line, for example title: Rain at last.", first_line + 1
            )
        return dict(_pairs(loader, node, first_line))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = first_line + (mark.line if mark else 0)
        problem = (error.problem or error.context or "unreadable").rstrip(".")
        raise Wrong(
            f"the front matter is not YAML ({problem})", 'Put values that hold ": " or begin with a sign into quotes.', line
        ) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise Wrong("the front matter is not YAML", "Write one field in a line, for example title: Rain at last.", first_line) from error


def _refuse_tricks(head: str, first_line: int) -> None:
    """Anchors and aliases (a few lines become gigabytes), tags (they name types) and deep nesting, before anything is built."""
    depth = 0
    for event in yaml.parse(head, Loader=_LOADER):
        line = first_line + (event.start_mark.line if event.start_mark else 0)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise Wrong("the front matter holds a YAML anchor or alias (& or *)", "Write the value out, or put it into quotes.", line)
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise Wrong("the front matter holds a YAML tag (!)", "Write the plain value, or put it into quotes.", line)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise Wrong("the front matter is nested too deep", "Write one field in a line; only lists of words may be nested.", line)


def _pairs(loader: Any, node: yaml.MappingNode, first_line: int) -> Iterator[tuple[str, tuple[int, Any]]]:
    seen: set[str] = set()
    for key, value in node.value:
        line = first_line + key.start_mark.line
        name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
        if name in seen:
            raise Wrong(f"the field {name!r} stands there twice", "Delete one of the two.", line)
        seen.add(name)
        try:
            yield name, (line, loader.construct_object(value, deep=True))
        except (ValueError, OverflowError) as error:  # 2024-13-45 looks like a date to YAML
            mend = f"Write for example {EXAMPLE}." if name in {"published", "updated"} else "Put the value into quotes."
            raise Wrong(f"{name}: {str(value.value)[:60]!r} is not a date that exists", mend, line) from error
