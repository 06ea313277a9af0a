"""Which way texts read: said by the page, and only where it differs from the page's own."""

import pytest

from webapp.news.direction import direction


@pytest.mark.parametrize(
    ("text", "attribute"),
    [
        (None, ""),
        ("", ""),
        ("A paper – read from the left", ""),
        ("12:30 – 14:00 ½", ""),
        ("جريدةٌ تُقرأ من اليمين", ' dir="rtl"'),
        ("<p><strong>עיתון</strong></p>", ' dir="rtl"'),
        ("<mark>عاجل</mark>", ' dir="rtl"'),
        ("BBC: أخبار اليوم من العالم", ' dir="rtl"'),  # by most of its letters, not by the first
        ("The word سلام means peace", ""),
        ("Łódź, Αθήνα, Москва, 東京", ""),
    ],
)
def test_what_reads_from_the_right_says_so(text: str | None, attribute: str) -> None:
    assert str(direction(text)) == attribute
