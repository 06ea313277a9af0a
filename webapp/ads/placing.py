"""Where on a page ads may stand: which slots a text or a list of headlines is long enough for, and where a text is cut for one."""

import re
from itertools import accumulate

# Of a phone's content, ads and all (Better Ads Standards, mobile: ad density).
MOST = 0.3
# What a slot takes of a phone's screen, label included.
HEIGHTS = {"top": 150, "article": 300, "foot": 150}
# The least that content takes of a screen 390 pixels wide: a word in a paragraph, a picture with its caption, headline and byline,
# a line of an index, its title and search field. Measured by tests/ads/test_browser_layout.py.
WORD, FIGURE, HEAD = 3.2, 240, 250
LINE, LIST_HEAD = 60, 180
AFTER = 4  # paragraphs before the slot in the text
LEFT = 2  # blocks at least behind it

_TAG = re.compile(r"""<(/?)([a-z][a-z0-9]*)(?:[^">]|"[^"]*")*>""")
_EMPTY = {"br", "hr", "img", "source"}


def beside_text(words: int, figures: int) -> list[str]:
    """The slots of an article's page."""
    return [*_fitting(HEAD + WORD * words + FIGURE * figures, ("top", "article", "foot")), "rail"]


def beside_list(lines: int) -> list[str]:
    """The slots of a page of headlines."""
    return _fitting(LIST_HEAD + LINE * lines, ("top", "foot"))


def _fitting(height: float, slots: tuple[str, ...]) -> list[str]:
    """The first of `slots`, as many as beside content of `height` stay below MOST."""
    totals = accumulate(HEIGHTS[slot] for slot in slots)
    return [slot for slot, total in zip(slots, totals, strict=True) if total <= MOST * (height + total)]


def cut(body: str) -> tuple[str, str] | None:
    """`body` (sanitised HTML) before and behind the slot in it: between two paragraphs, the AFTERth or a later one before it, so
    beside no figure, heading, list or quotation. None: it is too short, and the slot stands behind it.
    """
    blocks = _blocks(body)
    paragraphs = 0
    for position, (name, _) in enumerate(blocks[:-LEFT]):
        paragraphs += name == "p"
        following, start = blocks[position + 1]
        if paragraphs >= AFTER and name == following == "p":
            return body[:start], body[start:]
    return None


def _blocks(body: str) -> list[tuple[str, int]]:
    """The outermost elements of `body`: name, and where each begins."""
    found: list[tuple[str, int]] = []
    depth = 0
    for tag in _TAG.finditer(body):
        end, name = tag.groups()
        if end:
            depth -= 1
            continue
        if depth == 0:
            found.append((name, tag.start()))
        depth += name not in _EMPTY
    return found
