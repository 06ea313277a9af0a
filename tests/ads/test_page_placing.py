"""Where a text is cut for the slot in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.ads.placing import beside_list, beside_text, cut

P, H, FIG = "<p>Text.</p>", '<h2 id="part-a">Heading</h2>', '<figure class="figure"><img alt="a > b"><figcaption>c</figcaption></figure>'
QUOTE = '<figure class="quote"><blockquote><p>One.</p><p>Two.</p></blockquote><figcaption>d</figcaption></figure>'
LIST, RULE, CODE = "<ul><li><p>x</p></li><li>y<br>z</li></ul>", "<hr>", "<pre><code>a &lt;p&gt; b</code></pre>"


@pytest.mark.parametrize(
    ("blocks", "before"),
    [
        ([P] * 6, 4),
        ([P] * 9, 4),
        ([P] * 5, None),  # a paragraph alone behind it would look lost
        ([P] * 4, None),
        ([], None),
        ([FIG, P, P, P, P, P, P], 5),
        ([P, P, P, P, FIG, P, P, P, P], 6),  # the 4th paragraph has a figure behind it, the 5th one before it
        ([P, P, P, P, H, P, P, P], 6),
        ([P, P, P, P, QUOTE, P, P, P], 6),
        ([P, P, P, P, LIST, P, RULE, P, P, CODE], 8),
        ([P, H, P, FIG, P, QUOTE, P, LIST, P], None),
    ],
)
def test_between_two_paragraphs_and_beside_nothing_else(blocks: list[str], before: int | None) -> None:
    found = cut("\n".join(blocks))
    if before is None:
        assert found is None
    else:
        assert found is not None
        assert [part.strip() for part in found] == ["\n".join(blocks[:before]), "\n".join(blocks[before:])]


@given(st.lists(st.sampled_from([P, P, P, H, FIG, QUOTE, LIST, RULE, CODE]), max_size=30))
def test_nothing_is_lost_and_the_neighbours_are_paragraphs(blocks: list[str]) -> None:
    body = "\n".join(blocks)
    if found := cut(body):
        before, behind = found
        assert before + behind == body
        assert before.rstrip().endswith(P)
        assert behind.startswith(P)
        assert before.count(P) >= 4


@given(st.integers(0, 5000), st.integers(0, 20))
def test_more_text_never_has_fewer_slots(words: int, figures: int) -> None:
    assert set(beside_text(words, figures)) <= set(beside_text(words + 50, figures))
    assert set(beside_list(words)) <= set(beside_list(words + 1))
