"""Words as the search compares them, and what is shown of a hit."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.news.folding import fold, without_marks, words_of
from webapp.news.searching import TooLong, excerpt, highlight, read_search


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("Łódź", "lodz"),
        ("São Paulo", "sao paulo"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("Ærø", "aero"),
        ("e\u0301te\u0301", "ete"),
    ],
)
def test_capitals_and_accents_make_no_difference(typed: str, folded: str) -> None:
    assert fold(typed) == folded


@given(st.text())
def test_folding_twice_is_folding_once_and_words_hold_no_sign_of_any_query_language(text: str) -> None:
    words = words_of([text])
    assert words_of(words) == words
    assert not set("".join(words)) & (set(string.punctuation + string.whitespace + "\0"))


@given(st.text(max_size=150))
def test_any_search_can_be_read_or_is_too_long(text: str) -> None:
    try:
        search = read_search(text)
    except TooLong:
        return
    assert search.typed.isprintable()


def test_a_search_of_ten_thousand_signs_is_too_long() -> None:
    with pytest.raises(TooLong):
        read_search("x" * 10_000)
    with pytest.raises(TooLong):
        read_search("a b c d e f g h i j k l m")


def test_the_words_found_are_marked_and_everything_is_escaped() -> None:
    search = read_search("lodz <b>")
    assert (
        highlight("Łódź & <b>bold</b>", search) == "<mark>Łódź</mark> &amp; &lt;<mark>b</mark>&gt;<mark>bold</mark>&lt;/<mark>b</mark>&gt;"
    )


@given(st.text(), st.text(max_size=40))
def test_a_highlighted_text_is_the_text_again_without_its_marks(text: str, typed: str) -> None:
    try:
        marked = highlight(text, read_search(typed))
    except TooLong:
        return
    assert marked.replace("<mark>", "").replace("</mark>", "") == highlight(text, read_search(""))


def test_an_excerpt_stands_around_the_first_hit() -> None:
    text = "word " * 100 + "needle " + "word " * 100
    shown = excerpt(text, read_search("need"))
    assert "needle" in shown
    assert shown.startswith("… word") and shown.endswith("word …")
    assert len(shown) < 210
    assert excerpt("short", read_search("none")) == "short"


def test_the_words_of_html_are_those_a_reader_sees() -> None:
    assert without_marks("<p>Fish &amp; chips</p>\n<p>today</p>") == "Fish & chips today"
