"""From Markdown to the HTML of an article."""

import re
import time

import html5lib
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from webapp.news.body import ATTRIBUTE_VALUES, ATTRIBUTES, TAGS, read_body, render_body
from webapp.news.slugs import LONGEST, is_slug, make_slug
from webapp.news.tokens import split_title
from webapp.news.unprintable import UNPRINTABLE
from webapp.news.variants import figure_html, variants

DIGEST = bytes(range(32))


def html(text: str) -> str:
    body, faults = read_body("a.md", text, 1)
    assert not faults
    return render_body(body, [f'<figure class="figure">{mark.caption}</figure>' for mark in body.figures])


def test_sub_headings_get_ids_that_nothing_else_has() -> None:
    assert html("## Rain\n\n## Rain\n\n### Rain 2\n\n## 雨\n\n[up](#rain-2)") == (
        '<h2 id="part-rain">Rain</h2>\n<h2 id="part-rain-2">Rain</h2>\n<h3 id="part-rain-2-2">Rain 2</h3>\n'
        '<h2 id="part-section">雨</h2>\n<p><a href="#part-rain-2">up</a></p>'
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("> Wet.\n> — Bo, baker", "<blockquote>\n<p>Wet.</p>\n</blockquote>\n<figcaption>— Bo, baker</figcaption>"),
        ("> Wet.\n>\n> — Bo, *baker*", "<blockquote>\n<p>Wet.</p>\n</blockquote>\n<figcaption>— Bo, <em>baker</em></figcaption>"),
        (
            "> Wet.\n> Cold.\n>\n> Grey.\n> — Bo",
            "<blockquote>\n<p>Wet.\nCold.</p>\n<p>Grey.</p>\n</blockquote>\n<figcaption>— Bo</figcaption>",
        ),
    ],
)
def test_a_quotation_names_its_speaker_below(text: str, expected: str) -> None:
    assert html(text) == f'<figure class="quote">\n{expected}\n</figure>'


@pytest.mark.parametrize("text", ["> Wet.", "> — Bo", "> Wet — Bo", "> Wet.\n> —Bo", "> *Wet.\n> — Bo*", "> - Wet.\n>   — Bo"])
def test_a_quotation_without_a_speaker_stays_as_it_is(text: str) -> None:
    assert html(text).startswith("<blockquote>")


def test_links_that_leave_us_get_no_handle_on_our_page() -> None:
    assert html("[a](https://example.org/?a=1&b=2) [b](/draws) [c](mailto:a@example.org)") == (
        '<p><a href="https://example.org/?a=1&amp;b=2" rel="noopener">a</a> <a href="/draws">b</a> <a href="mailto:a@example.org">c</a></p>'
    )


def test_raw_html_is_text() -> None:
    assert html("<b onclick=x>Rain</b>\n\n<script>alert(1)</script>") == (
        "<p>&lt;b onclick=x&gt;Rain&lt;/b&gt;</p>\n<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"
    )


def test_a_fault_names_ten_sub_headings_at_most() -> None:
    for amount, mend in (
        (0, "Write one of none."),
        (2, "Write one of #rain, #rain-2."),
        (10, f"Write one of #rain, {', '.join(f'#rain-{n}' for n in range(2, 11))}."),
        (13, f"Write one of #rain, {', '.join(f'#rain-{n}' for n in range(2, 11))} or 3 others."),
    ):
        _, faults = read_body("a.md", "## Rain\n\n" * amount + "[up](#hail)", 1)
        assert [fault.mend for fault in faults] == [mend]


def test_an_id_costs_the_same_however_many_headings_have_the_same_words() -> None:
    started = time.process_time()
    body, faults = read_body("a.md", "## a\n" * 20_000, 1)
    assert time.process_time() - started < 10
    assert not faults
    assert render_body(body, []).endswith('<h2 id="part-a-20000">a</h2>')


@pytest.mark.parametrize("place", ["{}", "*{}*", "## a{}", "> {}\n> — Bo", "- {}", "[{}](/draws)"])
@pytest.mark.parametrize("reference", ["&#12;", "&#x0C;", "&#xc;"])
def test_a_control_character_written_as_a_reference_is_refused_where_it_stands(place: str, reference: str) -> None:
    _, faults = read_body("a.md", "Rain.\n\n" + place.format(f"x{reference}y"), 5)
    assert [(fault.line, fault.reason, fault.mend) for fault in faults] == [
        (7, "there is a control character (U+000C), written as a reference", "Delete it.")
    ]


@pytest.mark.parametrize("code", [*range(0x20), *range(0x7F, 0xA0), 0xD800, 0xFFFE, 0xFFFF])
def test_what_is_let_through_can_stand_in_a_feed(code: int) -> None:
    body, faults = read_body("a.md", f'Rain\n&#{code};\n\n![a&#{code};b](c.jpg "d&#{code};e (f&#{code};g)")', 1)
    words = [render_body(body, [""]), *(f"{mark.alt}{mark.caption}{mark.credit}" for mark in body.figures)]
    assert bool(faults) == any(UNPRINTABLE.search(text) for text in words)
    assert not any(UNPRINTABLE.search(text) for text in words[1:])


def test_lists_code_and_rules_are_kept() -> None:
    assert html("3. a\n4. b\n\n---\n\n```js\n<x>\n```") == (
        '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>\n<hr>\n<pre><code>&lt;x&gt;\n</code></pre>'
    )


def test_words_are_counted_without_marks_and_figures() -> None:
    body, _ = read_body("a.md", "One **two**\nthree [four](/x).\n\n## Five\n\n- six\n\n> seven\n> — Eight\n\n![no no](a.jpg)", 1)
    assert body.words == 8


def test_figures_carry_line_path_and_words() -> None:
    body, faults = read_body(
        "a.md", 'Rain.\n\n![A *wet* street](p/a%20b.jpg "In the rain.  (Photo: Bo (Ek))")\n\n![B][b]\n\n[b]: <c d.jpg>', 10
    )
    assert not faults
    first, second = body.figures
    assert (first.line, first.path, first.alt, first.caption, first.credit) == (
        12,
        "p/a b.jpg",
        "A wet street",
        "In the rain.",
        "Photo: Bo (Ek)",
    )
    assert (second.path, second.caption, second.credit) == ("c d.jpg", "", None)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("", ("", None)),
        ("Rain.", ("Rain.", None)),
        ("(Bo Ek)", ("", "Bo Ek")),
        ("Rain (and hail) in May. (Photo: Bo)", ("Rain (and hail) in May.", "Photo: Bo")),
        ("Rain f(x)", ("Rain f(x)", None)),
        ("Rain. ()", ("Rain.", None)),
        ("Rain) (x", ("Rain) (x", None)),
        ("Rain :)", ("Rain :)", None)),
    ],
)
def test_a_title_is_caption_and_credit(title: str, expected: tuple[str, str | None]) -> None:
    assert split_title(title) == expected


def test_only_the_first_figure_is_fetched_before_the_reader_comes_near() -> None:
    made = variants(DIGEST, 1300, 650)
    first, later = (figure_html(made, alt='A "b" <c>', caption="Rain.", credit="Bo & Co", first=first) for first in (True, False))
    assert 'fetchpriority="high"' in first and "loading" not in first
    assert 'loading="lazy" decoding="async"' in later and "fetchpriority" not in later
    body, _ = read_body("a.md", "![a](b)", 1)
    # The allow-list takes away nothing of our own.
    for ours in (first, later):
        clean = render_body(body, [ours])
        attributes = re.compile(r'[a-z]+="[^"]*"')
        assert sorted(attributes.findall(clean)) == sorted(attributes.findall(ours.replace("&lt;c&gt;", "&lt;c&gt;")))
    assert '<span class="caption">Rain.</span> <span class="credit">Bo &amp; Co</span></figcaption>' in first
    assert 'src="/media/0001020304050607-800.jpg"' in first
    assert 'width="1200" height="600"' in first
    assert "0001020304050607-480.avif 480w, /media/0001020304050607-800.avif 800w, /media/0001020304050607-1200.avif 1200w" in first
    assert "<figcaption>" not in figure_html(made, alt="a", caption="", credit=None, first=True)


def test_nothing_is_made_wider_than_the_picture() -> None:
    assert [v.width for v in variants(DIGEST, 400, 300) if v.format == "avif"] == [400]
    assert [v.width for v in variants(DIGEST, 799, 300) if v.format == "avif"] == [480]
    assert [v.width for v in variants(DIGEST, 5000, 300) if v.format == "avif"] == [480, 800, 1200, 1600]


MARKS = [
    "[a](",
    "![a](",
    ")",
    "](",
    "[a]: ",
    "\n\n",
    "\n",
    "> ",
    "- ",
    "1. ",
    "## ",
    "### ",
    "#",
    "*",
    "**",
    "_",
    "`",
    "```\n",
    "    ",
    "\\",
    "\t",
]
MARKS += ["<script>", "</p>", "<img src=x onerror=y>", "<!--", "style=", "&lt;", "&#106;", "&colon;", "\n---\n", "— x", "日", "\u202e"]
MARKS += ["javascript:", "data:text/html,", "<https://a.b>", "https://a.b/?q='\"", '"t (c)"']
PIECES = st.lists(st.sampled_from(MARKS) | st.text(max_size=8), max_size=40)


@given(PIECES.map("".join))
@example("![![a](b)](javascript:x 'y')")
def test_no_text_brings_an_element_an_attribute_or_an_address_that_is_not_listed(text: str) -> None:
    body, faults = read_body("a.md", text, 1)
    for fault in faults:
        assert 1 <= fault.line <= text.count("\n") + text.count("\r") + 1
    if len(body.figures) > 50:
        return
    placed = [figure_html(variants(DIGEST, 640, 400), alt=m.alt, caption=m.caption, credit=m.credit, first=False) for m in body.figures]
    tree = html5lib.parseFragment(render_body(body, placed), namespaceHTMLElements=False)
    for element in tree.iter():
        if element.tag == "DOCUMENT_FRAGMENT":
            continue
        assert element.tag in TAGS
        for name, value in element.attrib.items():
            listed = ATTRIBUTE_VALUES.get(element.tag, {}).get(name)
            assert value in listed if listed else name in ATTRIBUTES[element.tag]
        if not faults:
            assert re.match(r"https?://|mailto:|tel:|/(?!/)|#part-", element.get("href") or "/")


@given(st.text())
def test_what_a_slug_is_made_of_is_a_slug_and_stays_one(text: str) -> None:
    slug = make_slug(text)
    assert slug == "" or is_slug(slug)
    assert make_slug(slug) == slug
    assert len(slug) <= LONGEST


@given(st.text(alphabet="abc ()", max_size=12).map(lambda text: " ".join(text.split())), st.text(alphabet="abc ", min_size=1, max_size=8))
def test_what_is_written_as_caption_and_credit_is_read_so(caption: str, credit: str) -> None:
    credit = " ".join(credit.split())
    if credit:
        assert split_title(f"{caption} ({credit})") == (caption, credit)


MANY = {"quotations": ">", "brackets": "[", "rounds": "(", "pictures": "![", "stars": "*", "ticks": "`", "rows": "|a|b|\n", "links": "[a]("}


@pytest.mark.parametrize("name", MANY)
def test_ten_thousand_of_anything_is_a_page_or_a_fault_within_seconds(name: str) -> None:
    started = time.process_time()
    body, faults = read_body("a.md", MANY[name] * 10_000, 1)
    if not faults:
        render_body(body, [])
    assert time.process_time() - started < 20
