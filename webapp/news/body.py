"""The Markdown of an article: read, judged, and rendered to HTML that holds nothing but the elements listed here.

Loads markdown-it and nh3: for commands only.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from urllib.parse import unquote

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from webapp.news import tables
from webapp.news.faults import Fault
from webapp.news.slugs import make_slug
from webapp.news.tokens import count_words, depths, lone_image, plain, quotation, split_title
from webapp.news.unprintable import UNPRINTABLE

# markdown-it drops, without a word, what is nested deeper than its own limit of 20: refuse long before.
DEEPEST = 12
NAMED = 10  # sub-headings a fault names at most
SCHEMES = {"http", "https", "mailto", "tel"}
TAGS = {"a", "blockquote", "br", "code", "em", "figcaption", "figure", "h2", "h3", "h4", "hr", "img", "li", "ol", "p", "picture"}
TAGS |= {"pre", "source", "span", "strong", "ul", *tables.TAGS}
ATTRIBUTES = tables.ATTRIBUTES | {
    "a": {"href", "rel"},
    **{heading: {"id"} for heading in ("h2", "h3", "h4")},
    "img": {"src", "srcset", "sizes", "width", "height", "alt"},
    "ol": {"start"},
    "source": {"type", "srcset", "sizes"},
}
ATTRIBUTE_VALUES = tables.ATTRIBUTE_VALUES | {
    "figure": {"class": {"figure", "quote"}},
    "img": {"fetchpriority": {"high"}, "loading": {"lazy"}, "decoding": {"async"}},
    "span": {"class": {"caption", "credit"}},
}


@dataclass(frozen=True)
class FigureMark:
    """A picture in the text: its line, its path as written, and its words. `credit` None: none was written."""

    line: int
    path: str
    alt: str
    caption: str
    credit: str | None


@dataclass(frozen=True)
class Body:
    """A text that can be rendered: its figures in order, and how many words it has without them."""

    tokens: list[Token]
    figures: list[FigureMark]
    words: int


class _Markdown(MarkdownIt):
    """CommonMark without raw HTML. All links are let through to be judged, and named, by `read_body`."""

    def validateLink(self, url: str) -> bool:  # noqa: N802 - the library's name
        return True


class _Renderer(RendererHTML):
    def figure(self, tokens: Sequence[Token], index: int, _options: OptionsDict, env: EnvType) -> str:
        html: str = env["figures"][tokens[index].meta["position"]]
        return html


@cache
def _parser() -> MarkdownIt:
    return tables.allow_tables(_Markdown("commonmark", {"html": False, "xhtmlOut": False}, renderer_cls=_Renderer))


def read_body(file: str, text: str, first_line: int) -> tuple[Body, list[Fault]]:
    """`text` understood, and everything in it that cannot be published. Lines count from `first_line` on."""
    try:
        tokens = _parser().parse(text)
    except RecursionError:  # no text is known to do it, but the parser calls itself for brackets in brackets
        return Body([], [], 0), [Fault(file, first_line, "the text is nested too deep", "Write fewer brackets inside one another.")]
    except tables.TooManyCells as large:
        return Body([], [], 0), [Fault(file, first_line + large.line, large.reason, large.mend)]
    reader = _Reader(file, first_line)
    # What is nested too deep was cut off by the parser, so nothing else can be said about it.
    if reader.check_depth(tokens):
        reader.read(list(tables.boxed(tokens)))
        if not reader.words and not reader.figures and not reader.faults:
            reader.fault(0, "the article has no text", "Write some below the second ---.")
    return Body(reader.out, reader.figures, reader.words), reader.faults


def render_body(body: Body, figures: Sequence[str]) -> str:
    """The HTML of `body`, with these `figures` in their places. Nothing outside the allow-list survives."""
    parser = _parser()
    html = parser.renderer.render(body.tokens, parser.options, {"figures": figures})
    return nh3.clean(
        html, tags=TAGS, attributes=ATTRIBUTES, tag_attribute_values=ATTRIBUTE_VALUES, url_schemes=SCHEMES, link_rel=None
    ).strip()


@dataclass
class _Reader:
    """Walks over the parser's tokens once: faults, figures, quotations, ids and links."""

    file: str
    first_line: int
    out: list[Token] = field(default_factory=list)
    figures: list[FigureMark] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    words: int = 0
    ids: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)  # the last one given to a name
    level: int = 1

    def fault(self, line: int, reason: str, mend: str) -> None:
        self.faults.append(Fault(self.file, self.first_line + line, reason, mend))

    def check_depth(self, tokens: list[Token]) -> bool:
        line = 0
        for token in tokens:
            line = token.map[0] if token.map else line
            if token.level > DEEPEST or any(depth > DEEPEST for depth in depths(token.children or [])):
                self.fault(
                    line,
                    f"the text is nested deeper than {DEEPEST} levels",
                    "Write fewer lists, quotations or emphases inside one another.",
                )
                return False
        return True

    def read(self, tokens: list[Token]) -> None:
        self.number_headings(tokens)
        start = 0
        while start < len(tokens):
            token = tokens[start]
            if token.type == "blockquote_open" and token.level == 0:
                end = next(i for i in range(start, len(tokens)) if tokens[i].type == "blockquote_close" and tokens[i].level == 0)
                for quoted in tokens[start:end]:
                    self.one(quoted)
                self.out += quotation(tokens[start : end + 1])
                start = end + 1
            elif token.type == "paragraph_open" and token.level == 0 and (image := lone_image(tokens[start + 1])):
                self.take_figure(image, tokens[start + 1].map)
                start += 3
            else:
                self.one(token)
                self.out.append(token)
                start += 1

    def one(self, token: Token) -> None:
        """Judge and complete a token that stays as it is."""
        if token.type == "inline":
            self.inline(token)
        elif token.type in {"fence", "code_block"}:
            token.info = ""  # else the language becomes a class
            self.words += count_words(token.content)

    def number_headings(self, tokens: list[Token]) -> None:
        for position, token in enumerate(tokens):
            if token.type != "heading_open":
                continue
            line, level, text = (token.map or [0])[0], int(token.tag[1:]), plain(tokens[position + 1])
            if level == 1:
                self.fault(
                    line, "a heading of the first level stands in the text", "The title is that heading: write ## for a sub-heading."
                )
            elif level > 4:
                self.fault(line, f"there is no sub-heading of level {level}", "Write ##, ### or ####.")
            elif level > self.level + 1:
                self.fault(line, "the sub-heading skips a level", f"Write {'#' * (self.level + 1)} here.")
            elif not text:
                self.fault(line, "the sub-heading is empty", "Write its words, or delete the line.")
            self.level = level
            token.attrs["id"] = self.new_id(text)

    def new_id(self, text: str) -> str:
        """An id that no other heading has, and that no element of the page around the article has either."""
        name = make_slug(text) or "section"
        unique = name
        while unique in self.ids:
            self.numbers[name] = number = self.numbers.get(name, 1) + 1
            unique = f"{name}-{number}"
        self.ids[unique] = f"part-{unique}"
        return self.ids[unique]

    def inline(self, token: Token) -> None:
        line = (token.map or [0])[0]
        for child in token.children or []:
            if child.type in {"softbreak", "hardbreak"}:
                line += 1
            elif child.type == "image":
                mend = "Give it a paragraph of its own, with empty lines around it."
                self.fault(line, "a picture stands inside a text, list, table, quotation or link", mend)
            elif child.type == "link_open":
                self.link(child, line)
            elif bad := UNPRINTABLE.search(child.content):
                self.fault(line, f"there is a control character (U+{ord(bad[0]):04X}), written as a reference", "Delete it.")
        self.words += count_words(plain(token))

    def link(self, token: Token, line: int) -> None:
        address = str(token.attrs.get("href", ""))
        scheme = re.match(r"([a-zA-Z][a-zA-Z0-9+.-]*):", address)
        if scheme and scheme[1].lower() not in SCHEMES:
            self.fault(
                line,
                f"a link with {scheme[1].lower()}: cannot be published",
                "Link to an https:// address, or to a page of ours such as /headlines.",
            )
        elif scheme and scheme[1].lower() in {"http", "https"}:
            if not re.match(r"https?://[^/?#@]+([/?#]|$)", address, re.IGNORECASE):
                self.fault(line, f"{address[:80]!r} is not a full address", "Write for example https://www.example.org/page.")
            token.attrs["rel"] = "noopener"
        elif address.startswith("#"):
            name = unquote(address[1:])
            if name not in self.ids:
                some = ", ".join(f"#{name}" for name in islice(self.ids, NAMED)) or "none"
                more = f" or {len(self.ids) - NAMED} others" if len(self.ids) > NAMED else ""
                self.fault(line, f"there is no sub-heading {address[:80]!r}", f"Write one of {some}{more}.")
            token.attrs["href"] = f"#{self.ids.get(name, name)}"
        elif not scheme and (not address.startswith("/") or address.startswith("//")):
            mend = "Write https:// and the host, or begin a page of ours with one slash, for example /news/rain-at-last."
            self.fault(line, f"the link {address[:80]!r} is no full address", mend)

    def take_figure(self, image: Token, lines: list[int] | None) -> None:
        line = (lines or [0])[0]
        caption, credit = split_title(str(image.attrs.get("title", "")))
        alt = " ".join(plain(image).split())
        address = str(image.attrs.get("src", ""))
        if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//", address):
            self.fault(
                line, f"the picture {address[:60]!r} is not a file of ours", "Put it beside the article and write pictures/name.jpg."
            )
        elif not address:
            self.fault(line, "the picture has no path", "Put it beside the article and write pictures/name.jpg.")
        elif not alt:
            self.fault(
                line, f"the picture {unquote(address)[:60]!r} has no description", "Write what it shows between the square brackets."
            )
        else:
            self.out.append(Token("figure", "", 0, meta={"position": len(self.figures)}))
            self.figures.append(FigureMark(self.first_line + line, unquote(address), alt, caption, credit))
