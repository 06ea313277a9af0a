"""Equal hashes among many: found in memory, in the file, and across both."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.draw import distinct
from webapp.draw.distinct import Distinct


def differ(lots: list[list[bytes]]) -> bool:
    with Distinct() as hashes:
        for lot in lots:
            hashes.add(lot)
        return hashes.all_differ()


@given(st.lists(st.lists(st.integers(0, 30), max_size=10), max_size=10))
def test_it_says_what_a_set_says_wherever_the_hashes_went(lots: list[list[int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distinct, "HELD", 7)
        flat = [number for lot in lots for number in lot]
        assert differ([[sha256(b"%d" % number).digest() for number in lot] for lot in lots]) is (len(set(flat)) == len(flat))


def test_hashes_that_begin_alike_differ_and_one_pair_among_many_is_found() -> None:
    alike = [bytes(24) + number.to_bytes(8, "big") for number in range(1000)]
    assert differ([alike])
    many = [sha256(b"%d" % number).digest() for number in range(distinct.HELD + 1000)]
    assert differ([many[:1000], many[1000:]])
    assert not differ([many[:1000], many[1000:], many[5:6]])
