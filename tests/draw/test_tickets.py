"""Commitments and tickets, against the vectors; ranking, against sorting everything."""

import hmac
import json
import os
from contextlib import suppress
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.draw.vectors import HASHES, LEAVES, ROOT, VECTORS
from webapp.draw import Ranked, commitment, receipt_email
from webapp.draw import lowest as lowest_module
from webapp.draw.drawing import ranking_of
from webapp.draw.lowest import Beside, Lowest, Tickets, lowest_tickets
from webapp.draw.tickets import pseudorandom_key

KEY = pseudorandom_key(ROOT, bytes.fromhex(VECTORS["randomness"]))


def best(leaves: list[tuple[int, bytes]], count: int) -> list[Ranked]:
    with lowest_tickets(KEY, count, len(leaves)) as lowest:
        return taken(lowest, leaves)


def taken(lowest: Tickets, leaves: list[tuple[int, bytes]]) -> list[Ranked]:
    for half in (leaves[: len(leaves) // 2], leaves[len(leaves) // 2 :]):
        lowest.take([index for index, _ in half], [hash for _, hash in half])
    return list(ranking_of(lowest))


@pytest.mark.parametrize("person", VECTORS["people"], ids=lambda person: person["typed"])
def test_the_people_of_the_vectors_have_our_addresses_and_commitments(person: dict[str, str]) -> None:
    assert receipt_email(person["typed"]) == person["email"]
    made = commitment(bytes.fromhex(person["nonce"]), VECTORS["campaign"], person["email"])
    assert json.loads(LEAVES[int(person["index"])])["commitment"] == made.hex()


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("\t Ada@EXAMPLE.com\r\n", "ada@example.com"),
        ("A\u0308nne@example.com", "\u00c4nne@example.com"),  # composed, but only A-Z are lowered
        ("\u00a0x@example.com", "\u00a0x@example.com"),  # no ASCII white space
        ("x@b\u00fccher.example", "x@xn--bcher-kva.example"),
        ("x@\u4f8b\u3048.jp", "x@xn--r8jz45g.jp"),
        ("x@sub_domain.example", "x@sub_domain.example"),
    ],
)
def test_an_address_is_printed_as_the_protocol_says(typed: str, printed: str) -> None:
    assert receipt_email(typed) == printed
    assert receipt_email(printed) == printed


def test_a_nonce_of_another_length_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        commitment(bytes(31), "win-100", "a@example.com")


def test_the_vectors_have_our_tickets_and_ranks() -> None:
    assert KEY.hex() == VECTORS["prk"]
    removed = {7, 10}
    eligible = [(person["index"], HASHES[person["index"]]) for person in VECTORS["people"] if person["index"] not in removed]
    ranks = [Ranked(item["rank"], item["index"], bytes.fromhex(item["ticket"])) for item in VECTORS["all_ranks"]]
    assert best(eligible, 1000) == ranks
    assert best(eligible, 4) == ranks[:4]


@given(st.sets(st.binary(min_size=32, max_size=32), max_size=50), st.integers(0, 60))
def test_the_best_are_those_that_sorting_everybody_gives(hashes: set[bytes], count: int) -> None:
    entries = list(enumerate(sorted(hashes), 1))
    everybody = sorted((hmac.digest(KEY, hash + b"\x01", "sha256"), index) for index, hash in entries)
    assert [(ranked.ticket, ranked.index) for ranked in best(entries, count)] == everybody[:count]


def test_a_process_beside_finds_the_same() -> None:
    leaves = [(index, sha256(b"%d" % index).digest()) for index in range(1, 5000)]
    removed = {best(leaves, 3)[0].index, 17}
    with lowest_tickets(KEY, 100, lowest_module.MANY) as beside:
        here = Lowest(KEY, 100)
        for lowest in (beside, here):
            for lot in (leaves[:1], [], leaves[1:3000], leaves[3000:]):
                lowest.take([index for index, _ in lot], [hash for _, hash in lot], removed)
        assert isinstance(beside, Beside) or os.cpu_count() == 1
        assert beside.found() == here.found()
        assert len(here.found()) == 100


@pytest.mark.skipif(os.cpu_count() == 1, reason="there is no process beside on one core")
@pytest.mark.parametrize("twice", [False, True])
def test_a_process_beside_also_sees_whether_two_hashes_are_equal(twice: bool) -> None:
    hashes = [sha256(b"%d" % number).digest() for number in range(5000)]
    with lowest_tickets(KEY, 3, lowest_module.MANY) as beside:
        assert isinstance(beside, Beside)
        beside.take(range(5000), hashes)
        beside.take([5000], hashes[17:18] if twice else [bytes(32)], removed={5000})
        assert beside.all_differ() is not twice
        assert len(beside.found()) == 3


@pytest.mark.skipif(os.cpu_count() == 1, reason="there is no process beside on one core")
def test_a_process_beside_that_ends_too_early_is_an_error_not_a_ranking() -> None:
    with lowest_tickets(KEY, 100, lowest_module.MANY) as beside:
        assert isinstance(beside, Beside)
        beside.take([1], [bytes(32)])
        beside._process.kill()
        with pytest.raises(ChildProcessError, match="has failed"):
            beside.found()
    with lowest_tickets(KEY, 100, lowest_module.MANY) as beside:
        assert isinstance(beside, Beside)
        beside._process.kill()
        beside._process.wait()
        with pytest.raises(ChildProcessError, match="has failed"):
            beside.take(range(1, 10_001), [bytes(32)] * 10_000)  # more than a pipe's buffer holds back
    with lowest_tickets(KEY, 100, lowest_module.MANY) as beside, suppress(LookupError):
        beside.take([1], [bytes(32)])
        raise LookupError  # as where a row differs: the process ends with us
    assert isinstance(beside, Beside)
    assert beside._process.returncode is not None
