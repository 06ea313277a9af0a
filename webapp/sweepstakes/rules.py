"""The official rules of a campaign as plain text: a contract with the public, so every word comes from the campaign and from here.

`official_rules` makes the text that `open` freezes; `blocks` reads a frozen text back for its HTML page. The words are in clauses.py.
"""

import textwrap
from collections.abc import Iterator
from typing import Literal, NamedTuple

from webapp.sweepstakes.clauses import INDENT, Publisher, foreword, is_operator_trusted, sections
from webapp.sweepstakes.models import Campaign

__all__ = ["Block", "Publisher", "blocks", "is_operator_trusted", "official_rules"]

WIDTH = 78


class Block(NamedTuple):
    """A piece of a rules text: its title, a section's heading, a paragraph, or lines that keep their breaks."""

    kind: Literal["title", "heading", "paragraph", "lines"]
    text: str

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")


def official_rules(campaign: Campaign, publisher: Publisher, *, origin: str, vkey: str) -> str:
    """The rules of `campaign`, whose log is at `origin` and signs with `vkey`: UTF-8 text with LF, ending in one."""
    written = [f"Official rules: {campaign.title}", *_wrapped(foreword(campaign))]
    for number, (heading, paragraphs) in enumerate(sections(campaign, publisher, origin, vkey), 1):
        written += [f"{number}. {heading}", *_wrapped(paragraphs)]
    return "\n\n".join(written) + "\n"


def blocks(text: str) -> Iterator[Block]:
    """The pieces of a text that `official_rules` made."""
    for number, block in enumerate(text.strip("\n").split("\n\n")):
        if number == 0:
            yield Block("title", block)
        elif block.startswith(INDENT):
            yield Block("lines", textwrap.dedent(block))
        elif "\n" not in block and block.split(". ", 1)[0].isdigit():
            yield Block("heading", block)
        else:
            yield Block("paragraph", block.replace("\n", " "))


def _wrapped(paragraphs: list[str]) -> list[str]:
    """Paragraphs as lines of at most 78 signs; one that begins with the indent keeps its own lines."""
    return [
        paragraph
        if paragraph.startswith(INDENT)
        else "\n".join(textwrap.wrap(paragraph, WIDTH, break_long_words=False, break_on_hyphens=False))
        for paragraph in paragraphs
    ]
