"""What cannot be imported is refused by name: file, line, reason and mend, all at once."""

import os
from datetime import UTC, datetime
from pathlib import Path

import time_machine
from flask.testing import FlaskCliRunner
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.news.importing_tools import faults, imported, picture, put, write
from webapp.news.faults import Fault
from webapp.news.fields import parse_article
from webapp.news.finding import Found
from webapp.news.models import Article
from webapp.site import settings

# Name → what stands between the two lines of dashes, the line of the fault, and its reason.
FRONT_MATTER = {
    "missing-title": ("section: World", 1, "the title is missing"),
    "empty-title": ("title:", 2, "the title is missing"),
    "blank-title": ("title: ' '", 2, "title is empty"),
    "number-as-title": ("title: 1984", 2, "title is not text"),
    "list-as-title": ("title: [a, b]", 2, "title is not text"),
    "long-title": (f"title: {'a' * 301}", 2, "title is longer than 300 characters"),
    "invisible-title": ('title: "a\\u0007"', 2, "title holds a control character"),
    "half-sign-title": ('title: "\\uD83D"', 2, "the front matter is not YAML (found invalid Unicode character escape code)"),
    "unknown-field": ("title: T\npublishd: 2024-12-08T21:40:00Z", 3, "'publishd' is not a field"),
    "twice": ("title: T\ntags: [a]\ntags: [b]", 4, "the field 'tags' stands there twice"),
    "no-such-day": ("title: T\npublished: 2024-02-30T10:00:00Z", 3, "published: '2024-02-30T10:00:00Z' is not a date that exists"),
    "words-as-date": ("title: T\npublished: yesterday", 3, "published: 'yesterday' is not a date and time"),
    "number-as-date": ("title: T\npublished: 2024", 3, "published: '2024' is not a date and time"),
    "no-zone": ("title: T\npublished: 2024-12-08T21:40:00", 3, "published has no zone"),
    "no-zone-in-quotes": ("title: T\npublished: '2024-12-08 21:40'", 3, "published has no zone"),
    "no-time": ("title: T\nupdated: 2024-12-08", 3, "updated has no time and no zone"),
    "end-of-time": ("title: T\npublished: 9999-12-31T23:59:59-12:00", 3, "published: the year 9999 cannot be meant"),
    "begin-of-time": ("title: T\npublished: '0001-01-01T00:00:00+12:00'", 3, "published: the year 1 cannot be meant"),
    "updated-first": (
        "title: T\npublished: 2024-12-08T21:40:00Z\nupdated: 2024-12-08T22:00:00+01:00",
        4,
        "updated is earlier than published",
    ),
    "bad-slug": ("title: T\nslug: Rain at last!", 3, "'Rain at last!' is not a slug: at most 80 of a-z, 0-9 and single hyphens"),
    "path-as-slug": ("title: T\nslug: ../rain", 3, "'../rain' is not a slug: at most 80 of a-z, 0-9 and single hyphens"),
    "bad-alias": ("title: T\naliases: [rain, 'a b']", 3, "'a b' is not a slug: at most 80 of a-z, 0-9 and single hyphens"),
    "word-as-lead": ("title: T\nlead: sometimes", 3, "lead is neither true nor false"),
    "nested-tags": ("title: T\ntags: [[a]]", 3, "tags is not text"),
    "alias-bomb": ("title: T\ntags: &a [x]\nauthors: *a", 3, "the front matter holds a YAML anchor or alias (& or *)"),
    "tagged": ("title: !!python/object/apply:os.system ['true']", 2, "the front matter holds a YAML tag (!)"),
    "deep": (f"title: T\ntags: {'[' * 10_000}", 3, "the front matter is nested too deep"),
    "not-a-mapping": ("just words", 2, "the front matter is not a list of fields"),
    "not-yaml": ("title: Rain: at last", 2, "the front matter is not YAML (mapping values are not allowed in this context)"),
    "tab": ("title: T\n\tslug: rain", 3, "the front matter is not YAML (found a tab character that violates indentation)"),
    "merge": ("title: T\n<<: {slug: rain}", 3, "'<<' is not a field"),
    "list-as-field": ("title: T\n? [a]\n: b", 3, "'?' is not a field"),
    "long": (f"title: T\nstandfirst: {'a ' * 9000}", 1, "the front matter is longer than 16 kB"),
}
# Name → the text below, the line of the fault in the file (the text begins in the fifth), and its reason.
TEXT = {
    "no-text": ("", 5, "the article has no text"),
    "first-heading": ("Rain.\n\n# Rain", 7, "a heading of the first level stands in the text"),
    "underlined-heading": ("Rain\n====", 5, "a heading of the first level stands in the text"),
    "heading-skips": ("## Rain\n\n#### Hail", 7, "the sub-heading skips a level"),
    "heading-too-low": ("##### Rain", 5, "there is no sub-heading of level 5"),
    "heading-empty": ("Rain.\n\n##\n\nHail.", 7, "the sub-heading is empty"),
    "script-link": ("Rain\nand [hail](javascript:alert(1)).", 6, "a link with javascript: cannot be published"),
    "script-link-in-capitals": ("[hail](JaVaScRiPt:alert(1))", 5, "a link with javascript: cannot be published"),
    "script-link-hidden": ("[hail](&#106;avascript:alert(1))", 5, "a link with javascript: cannot be published"),
    "script-link-bare": ("<javascript:alert(1)>", 5, "a link with javascript: cannot be published"),
    "script-link-by-reference": ("[hail][x]\n\n[x]: vbscript:x", 5, "a link with vbscript: cannot be published"),
    "data-link": ("[hail](data:text/html,x)", 5, "a link with data: cannot be published"),
    "half-link": ("[hail](www.example.org)", 5, "the link 'www.example.org' is no full address"),
    "host-link": ("[hail](//example.org)", 5, "the link '//example.org' is no full address"),
    "no-host-link": ("[hail](https:///path)", 5, "'https:///path' is not a full address"),
    "user-link": ("[hail](https://ours@evil.example)", 5, "'https://ours@evil.example' is not a full address"),
    "link-to-no-heading": ("## Hail\n\n[rain](#rain)", 7, "there is no sub-heading '#rain'"),
    "picture-in-text": ("Rain\n![Hail](ok.jpg) again.", 6, "a picture stands inside a text, list, table, quotation or link"),
    "picture-in-quotation": ("> ![Hail](ok.jpg)", 5, "a picture stands inside a text, list, table, quotation or link"),
    "picture-in-link": ("[![Hail](ok.jpg)](https://example.org)", 5, "a picture stands inside a text, list, table, quotation or link"),
    "picture-undescribed": ("Rain.\n\n![](ok.jpg)", 7, "the picture 'ok.jpg' has no description"),
    "picture-elsewhere": ("![Hail](https://example.org/a.jpg)", 5, "the picture 'https://example.org/a.jpg' is not a file of ours"),
    "picture-as-data": ("![Hail](data:image/png;base64,AA)", 5, "the picture 'data:image/png;base64,AA' is not a file of ours"),
    "picture-unnamed": ("![Hail]()", 5, "the picture has no path"),
    "picture-missing": ("Rain.\n\n![Hail](no.jpg)", 7, "there is no picture 'no.jpg'"),
    "picture-outside": ("![Hail](../../etc/passwd)", 5, "'../../etc/passwd' lies outside the folder 'edition'"),
    "picture-hidden-outside": ("![Hail](%2e%2e/secret.jpg)", 5, "'../secret.jpg' lies outside the folder 'edition'"),
    "picture-absolute": ("![Hail](/etc/passwd)", 5, "'/etc/passwd' is not a path below the file's folder"),
    "picture-nul": ("![Hail](a%00.jpg)", 5, "'a\\x00.jpg' is not a path below the file's folder"),
    "picture-linked": ("![Hail](linked.jpg)", 5, "'linked.jpg' is or passes through a symbolic link"),
    "picture-in-linked-folder": ("![Hail](linked/secret.jpg)", 5, "'linked/secret.jpg' is or passes through a symbolic link"),
    "picture-is-folder": ("![Hail](folder)", 5, "the picture 'folder' is not a file"),
    "picture-is-pipe": ("![Hail](pipe.jpg)", 5, "the picture 'pipe.jpg' is not a file"),
    "picture-svg": ("![Hail](drawing.svg)", 5, "the picture 'drawing.svg' is an SVG, which can hold scripts"),
    "picture-too-narrow": ("![Hail](narrow.jpg)", 5, "the picture 'narrow.jpg' is 319 pixels wide"),
    "quotations-in-depth": (">" * 10_000 + " Rain", 5, "the text is nested deeper than 12 levels"),
    "lists-in-depth": ("Rain.\n\n" + "- " * 10_000 + "Rain", 7, "the text is nested deeper than 12 levels"),
    "emphasis-in-depth": ("*a " * 5000 + "b*" * 5000, 5, "the text is nested deeper than 12 levels"),
    "pictures-in-depth": ("![" * 5000 + "a" + "](x)" * 5000, 5, "a picture stands inside a text, list, table, quotation or link"),
}  # fmt: skip
FILES: dict[str, tuple[bytes, int, str]] = {
    "not-utf-8": (b"---\ntitle: T\n---\nRain\nH\xe4il", 5, "the file is not UTF-8"),
    "utf-16": ("---\ntitle: T\n---\nRain".encode("utf-16"), 1, "the file is not UTF-8"),
    "nul": (b"---\ntitle: T\n---\nRain\n\0", 5, "there is a control character (U+0000)"),
    "empty": (b"", 1, "the file does not begin with front matter"),
    "no-front-matter": (b"# Rain\n\nIt rained.", 1, "the file does not begin with front matter"),
    "late-front-matter": (b"Rain\n---\ntitle: T\n---\n", 1, "the file does not begin with front matter"),
    "open-front-matter": (b"---\ntitle: T\n\nIt rained.", 1, "the front matter has no end"),
    "ten-megabytes": (b"---\ntitle: T\n---\n" + b"Rain. " * 1_700_000, 1, "the article 'ten-megabytes.md' is larger than 1 MB"),
}


def test_every_fault_of_every_file_is_named_at_once_and_nothing_is_stored(run: FlaskCliRunner, session: Session, tmp_path: Path) -> None:
    edition = _hostile_edition(tmp_path)
    found: dict[str, list[tuple[int, str]]] = {}
    for fault in faults(run, edition):
        assert fault["mend"].endswith((".", "?")), fault
        found.setdefault(Path(fault["file"]).stem, []).append((fault["line"], fault["reason"]))
    expected = {name: [(line, reason)] for cases in (FRONT_MATTER, TEXT, FILES) for name, (_, line, reason) in cases.items()}
    expected |= {name: [(1, "it is a symbolic link")] for name in ("linked", "linked-article")}
    assert found == expected
    assert session.scalar(select(func.count()).select_from(Article)) == 0
    assert list(settings().media.iterdir()) == []


def _hostile_edition(tmp_path: Path) -> Path:
    edition = tmp_path / "edition"
    for name, (front, _, _) in FRONT_MATTER.items():
        put(edition, f"{name}.md", f"---\n{front}\n---\nRain.".encode())
    for name, (text, _, _) in TEXT.items():
        put(edition, f"{name}.md", f"---\ntitle: {name}\nsection: World\n---\n{text}".encode())
    for name, (data, _, _) in FILES.items():
        put(edition, f"{name}.md", data)
    put(edition, "ok.jpg", picture())
    put(edition, "narrow.jpg", picture(319, 319))
    put(edition, "drawing.svg", b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>')
    put(edition / "folder", "ok.jpg", picture())
    os.mkfifo(edition / "pipe.jpg")
    put(tmp_path / "elsewhere", "secret.jpg", picture())
    (edition / "linked").symlink_to(tmp_path / "elsewhere")
    (edition / "linked.jpg").symlink_to(tmp_path / "elsewhere" / "secret.jpg")
    (edition / "linked-article.md").symlink_to(edition / "no-text.md")
    return edition


def test_people_read_one_fault_in_a_line(run: FlaskCliRunner, tmp_path: Path) -> None:
    write(tmp_path, "a.md", more="colour: red\nslug: A\n")
    result = run.invoke(args=["article", "import", str(tmp_path)])
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "Error: Nothing was imported: 2 faults.",
        f"       {tmp_path}/a.md:4: 'colour' is not a field. The fields are title, slug, aliases, id, section, standfirst, authors, tags,"
        " published, updated, correction, lead, ads.",
        f"       {tmp_path}/a.md:5: 'A' is not a slug: at most 80 of a-z, 0-9 and single hyphens. Write a.",
    ]


def test_a_file_that_is_a_symbolic_link_or_a_pipe_is_not_opened(run: FlaskCliRunner, tmp_path: Path) -> None:
    (tmp_path / "link.md").symlink_to(write(tmp_path / "elsewhere", "a.md"))
    os.mkfifo(tmp_path / "pipe.md")
    reasons = [fault["reason"] for fault in faults(run, tmp_path / "link.md", tmp_path / "pipe.md")]
    assert reasons == ["the article 'link.md' is a symbolic link", "the article 'pipe.md' is not a file"]


def test_a_picture_beside_the_folder_is_found_when_the_folder_above_is_imported(run: FlaskCliRunner, tmp_path: Path) -> None:
    put(tmp_path, "pictures/p.jpg", picture())
    path = write(tmp_path / "articles", "a.md", "![Rain](../pictures/p.jpg)")
    (fault,) = faults(run, path)
    assert fault["reason"] == "'../pictures/p.jpg' lies outside the folder 'articles'"
    assert fault["mend"] == "Import the folder that holds both, or move the picture into it."
    assert run.invoke(args=["article", "import", str(tmp_path)]).exit_code == 0


FOUND = Found("a.md", Path("a.md"), Path())


def _faults(data: bytes) -> list[Fault]:
    article, wrong = parse_article(FOUND, data)
    assert (article is None) == bool(wrong)
    return wrong


def test_lines_are_counted_with_any_line_end_and_behind_a_byte_order_mark() -> None:
    for ends in ("\n", "\r\n", "\r"):
        text = "\ufeff---\n\ntitle: T\n\ncolour: red\n---\n".replace("\n", ends)
        assert [fault.line for fault in _faults(text.encode())] == [5]
    article, _ = parse_article(FOUND, b"---\r\ntitle: T\r\n---\r\n\r\nRain\r\n")
    assert article is not None and article.source == "---\ntitle: T\n---\n\nRain\n"


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    _faults(data)


SIGNS = [
    *"-:,[]{}&*!|>'\"%@`#?\n\t ~=",
    "\\x",
    ": ",
    "\n  - ",
    "<<",
    "0x",
    "1e9",
    "12:30",
    "2024-12-08",
    "null",
    "published",
    "tags",
    "title",
]
YAML = st.lists(st.sampled_from(SIGNS), max_size=30)


@given(YAML.map("".join), st.text(max_size=20))
def test_no_front_matter_breaks_the_reader(front: str, more: str) -> None:
    for text in (front + more, f"title: {front}{more}", f"published: {more}{front}"):
        data = f"---\n{text}\n---\nRain".encode(errors="surrogatepass")
        for fault in _faults(data):
            assert 1 <= fault.line <= data.count(b"\n") + data.count(b"\r") + 1


def test_a_change_in_the_future_is_a_fault_but_not_that_of_a_clock_a_little_ahead(run: FlaskCliRunner, tmp_path: Path) -> None:
    write(tmp_path, "a.md", more="updated: 2024-12-09T08:05:00Z\n")
    write(tmp_path, "b.md", more="updated: 2024-12-09T08:05:01Z\n")
    with time_machine.travel(datetime(2024, 12, 9, 8, 0, tzinfo=UTC), tick=False):
        (fault,) = faults(run, tmp_path)
        assert (fault["file"], fault["line"], fault["reason"]) == (f"{tmp_path}/b.md", 4, "updated is in the future")
        assert fault["mend"] == "Write when it was changed, or delete the line."
    with time_machine.travel(datetime(2024, 12, 9, 8, 1, tzinfo=UTC), tick=False):
        imported(run, tmp_path)
