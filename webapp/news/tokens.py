"""Small helpers over markdown-it's tokens: plain words, figures' titles, quotations with their speaker."""

from collections.abc import Iterator

from markdown_it.token import Token

BREAKS = {"softbreak", "hardbreak"}


def split_title(title: str) -> tuple[str, str | None]:
    """Caption and credit of `Caption. (Credit)`; None for the credit if the title does not end in brackets."""
    title = " ".join(title.split())
    depth = 0
    for position in range(len(title) - 1, -1, -1) if title.endswith(")") else ():
        depth += (title[position] == ")") - (title[position] == "(")
        if depth == 0:
            if position == 0 or title[position - 1] == " ":
                return title[:position].strip(), title[position + 1 : -1].strip() or None
            break
    return title, None


def depths(children: list[Token]) -> Iterator[int]:
    """How many elements are open after each token."""
    depth = 0
    for child in children:
        depth += child.nesting
        yield depth


def plain(token: Token) -> str:
    """The words of an inline token without marks."""
    parts: list[str] = []
    waiting = list(reversed(token.children or []))
    while waiting:
        child = waiting.pop()
        if child.type == "image":
            waiting += reversed(child.children or [])
        else:
            parts.append(" " if child.type in BREAKS else child.content)
    return "".join(parts).strip()


def count_words(text: str) -> int:
    """How many words there are; a dash alone is none."""
    return sum(word.isalnum() or any(map(str.isalnum, word)) for word in text.split())


def lone_image(inline: Token) -> Token | None:
    """The image that is all there is in a paragraph."""
    children = [child for child in inline.children or [] if child.type != "softbreak" and (child.type != "text" or child.content.strip())]
    return children[0] if len(children) == 1 and children[0].type == "image" else None


def quotation(tokens: list[Token]) -> list[Token]:
    """A block quotation, from its opening to its closing token; a figure with the speaker below if its last line is `— Speaker, role`."""
    if len(tokens) < 5 or tokens[-4].type != "paragraph_open":
        return tokens
    opening, *before, _, last, closing, end = tokens
    words, speaker = _split_speaker(last.children or [])
    if not speaker or not (words or before):  # nothing but a name is no quotation
        return tokens
    # Where the speaker has a paragraph alone, no empty one is left behind.
    said = [*before, tokens[-4], _inline(words), closing] if words else before
    return [
        Token("figure_open", "figure", 1, attrs={"class": "quote"}, block=True),
        opening,
        *said,
        end,
        Token("figcaption_open", "figcaption", 1),
        _inline(speaker),
        Token("figcaption_close", "figcaption", -1, block=True),
        Token("figure_close", "figure", -1, block=True),
    ]


def _split_speaker(children: list[Token]) -> tuple[list[Token], list[Token]]:
    """What stands before the last line, and the last line if it names a speaker, else nothing."""
    ends = [
        place for place, (child, depth) in enumerate(zip(children, depths(children), strict=True)) if child.type in BREAKS and depth == 0
    ]
    start = ends[-1] + 1 if ends else 0
    line = children[start:]
    names_speaker = bool(line) and line[0].content.startswith("— ") and all(child.type not in BREAKS for child in line)
    return (children[: ends[-1]] if ends else [], line) if names_speaker else (children, [])


def _inline(children: list[Token]) -> Token:
    return Token("inline", "", 0, children=children)
