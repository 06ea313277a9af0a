"""Tables in an article: as tables, not as lines of strokes, on the page, in feeds and in files; and never larger than a page may be."""

import time
from pathlib import Path

import pytest
from flask.testing import FlaskClient, FlaskCliRunner

from tests.news.importing_tools import faults, imported, write
from tests.news.test_export import exported
from webapp.news.body import read_body, render_body
from webapp.news.tables import MOST_CELLS

SEATS = """Who won:

| Party | Seats | | In 2020 |
|:------|------:|-|:-------:|
| *Left* | 1,200 | [more](/headlines) | 9 |
| Right \\| Centre | 7 | <b>!</b> | 8 |
"""


def html(text: str) -> str:
    body, wrong = read_body("a.md", text, 5)
    assert wrong == []
    return render_body(body, [])


def test_a_table_is_one_with_heads_of_columns_and_figures_aligned() -> None:
    assert html(SEATS).replace("\n", "") == (
        '<p>Who won:</p><div class="table-wrap" tabindex="0" role="region" aria-label="Table 1"><table class="table"><thead><tr>'
        '<th scope="col">Party</th><th class="num" scope="col">Seats</th><td></td><th class="middle" scope="col">In 2020</th>'
        '</tr></thead><tbody><tr><td><em>Left</em></td><td class="num">1,200</td><td><a href="/headlines">more</a></td>'
        '<td class="middle">9</td></tr><tr><td>Right | Centre</td><td class="num">7</td><td>&lt;b&gt;!&lt;/b&gt;</td>'
        '<td class="middle">8</td></tr></tbody></table></div>'
    )


def test_each_table_has_a_name_of_its_own() -> None:
    made = html("|a|b|\n|-|-|\n\nAnd\n\n> |c|d|\n> |-|-|\n> |1|2|\n\n- one\n\n  |e|f|\n  |-|-|\n")
    assert [made.count(f'aria-label="Table {number}"') for number in (1, 2, 3, 4)] == [1, 1, 1, 0]


@pytest.mark.parametrize("text", ["Yes | no, and so on.", "a | b\nc | d", "|a|b|\n|-|"])
def test_strokes_alone_make_no_table(text: str) -> None:
    assert "<table" not in html(f"First.\n\n## X\n\n{text}")


def test_the_words_of_a_table_count_and_are_found(run: FlaskCliRunner, client: FlaskClient, tmp_path: Path) -> None:
    imported(run, write(tmp_path, "a.md", SEATS))
    page = client.get("/news/a").get_data(as_text=True)
    assert '<th class="num" scope="col">Seats</th>' in page
    assert "Rain at last" in client.get("/headlines?q=centre").get_data(as_text=True).replace("<mark>", "")
    assert read_body("a.md", SEATS, 5)[0].words == 15


def test_feeds_and_files_hold_the_table(run: FlaskCliRunner, client: FlaskClient, tmp_path: Path) -> None:
    path = write(tmp_path, "in/a.md", SEATS)
    imported(run, path)
    (item,) = client.get("/feed.json").get_json()["items"]
    content = item["content_html"].replace("\n", "")
    assert '<p>Who won:</p><table><thead><tr><th scope="col">Party</th><th scope="col">Seats</th>' in content
    assert "<div" not in content and "tabindex" not in content and content.endswith("</table>")
    exported(run, tmp_path / "out")
    assert (tmp_path / "out/a.md").read_bytes() == path.read_bytes()


def test_faults_in_a_table_name_their_line(run: FlaskCliRunner, tmp_path: Path) -> None:
    write(tmp_path, "a.md", "Rain.\n\n|a|b|\n|-|-|\n|1|2|\n|3|[x](javascript:alert)|\n|![x](x.jpg)|5|")
    assert [(fault["line"], fault["reason"]) for fault in faults(run, tmp_path)] == [
        (11, "a link with javascript: cannot be published"),
        (12, "a picture stands inside a text, list, table, quotation or link"),
    ]


def test_as_many_cells_as_there_may_be_are_published() -> None:
    rows = MOST_CELLS // 4 - 1
    text = "|a|b|c|d|\n|-|-|-|-|\n" + "|1|2|3|4|\n" * rows
    assert html(text).count("<td>") == 4 * rows
    (fault,) = read_body("a.md", f"Rain.\n\n{text}|1|2|3|4|\n", 5)[1]
    assert str(fault) == ("a.md:7: the tables have more than 2,000 cells. Write what matters, and link to a file with the rest.")


@pytest.mark.parametrize(
    "text",
    [
        "|a|b|\n|-|-|\n" + "|c|d|\n" * 160_000,
        "|a" * 150_000 + "|\n" + "|-" * 150_000 + "|\n" + "|c" * 100_000,
        "|a" * 1_000 + "|\n" + "|-" * 1_000 + "|\n" + "|c\n" * 200_000,
        "|a|b|\n|-|-|\n\n" * 60_000,
        "> |a|b|\n> |-|-|\n" + "> |c|d|\n" * 120_000,
    ],
    ids=["rows", "columns", "missing cells", "tables", "quoted"],
)
def test_a_huge_table_is_a_fault_at_once(text: str) -> None:
    started = time.process_time()
    _, wrong = read_body("a.md", text, 5)
    assert [fault.reason for fault in wrong] == ["the tables have more than 2,000 cells"]
    assert time.process_time() - started < 3  # taken to pieces first, it would be six to eleven
