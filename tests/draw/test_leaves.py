"""Leaves: canonical bytes, and a refusal for everything that is not exactly a leaf of the protocol."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.draw.vectors import LEAVES
from webapp.draw import leaves
from webapp.draw.leaves import BadLeaf

OPEN = json.loads(LEAVES[0])
DRAW = json.loads(LEAVES[24])
KINDS = {json.loads(leaf)["type"]: json.loads(leaf) for leaf in LEAVES} | {
    "paid": {"type": "paid", "at": "2023-09-09T00:00:00Z", "rank": 2},
    "void": {"type": "void", "at": "2023-09-09T00:00:00Z", "reason": "no_beacon"},
    "seal": {
        "type": "seal",
        "at": "2023-08-23T15:00:00Z",
        "entries": 2,
        "eligible": 1,
        "draws_at": "2023-08-24T15:59:24Z",
        "reason": "power_cut",
        "round": 29800,
    },
}
KINDS["operator"] = {**DRAW, "beacon": {"kind": "operator", "secret": "ab" * 32}}


@pytest.mark.parametrize("leaf", LEAVES)
def test_every_leaf_of_the_vectors_is_read_and_written_to_the_same_bytes(leaf: bytes) -> None:
    members = leaves.parse(leaf)
    assert leaves.make(**members) == leaf


@pytest.mark.parametrize("kind", KINDS)
def test_a_leaf_is_refused_with_a_member_more_or_less(kind: str) -> None:
    leaf = KINDS[kind]
    assert leaves.parse(leaves.encode(leaf)) == leaf
    with pytest.raises(BadLeaf, match="unknown member 'name'"):
        leaves.parse(leaves.encode({**leaf, "name": "somebody"}))
    for name in leaf.keys() - {"round"}:  # only drand's late seal has a round: the course of the log sees to that
        with pytest.raises(BadLeaf, match=r"lacks its member|no known type"):
            leaves.parse(leaves.encode({key: value for key, value in leaf.items() if key != name}))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrong", [True, None, -1, 1.5, 2**53 + 1, "", "A B", "é", [], [1], {}, {"kind": "drand"}])
def test_a_leaf_is_refused_with_a_member_of_another_shape(kind: str, wrong: Any) -> None:
    for name in KINDS[kind].keys() - {"origin"} if wrong == "é" else KINDS[kind]:
        with pytest.raises(BadLeaf):
            leaves.parse(leaves.encode({**KINDS[kind], name: wrong}))


@pytest.mark.parametrize("reason", ["A", "a b", "-a", "a" * 65, "because I said so", ""])
def test_reasons_are_codes_and_never_free_text(reason: str) -> None:
    with pytest.raises(BadLeaf, match="ill-formed member 'reason'"):
        leaves.make("exclude", index=1, reason=reason)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"7",
        b"null",
        b"\xff",
        b"[" * 60_000,
        b'{"type":"entry"}',
        b'{"type":"party"}',
        b'{"type":["entry"]}',
        LEAVES[1] + b"\n",
        LEAVES[1].replace(b":", b": "),
        LEAVES[1].replace(b'"type":"entry"', b'"type":"entry","type":"entry"'),
        b'{"type":"entry",' + LEAVES[1][1:-15] + b"}",
        LEAVES[1].upper(),
        LEAVES[11].replace(b"7", b"7.0"),
        LEAVES[11].replace(b"7", b"-0"),
        LEAVES[11].replace(b"7", b"1e1"),
        LEAVES[11].replace(b"7", b"9" * 5000),
        LEAVES[11].replace(b"entrant", b"\\u0065ntrant"),
        LEAVES[23].replace(b"T16", b" 16"),
        LEAVES[23].replace(b"08-22", b"02-30"),
        LEAVES[23].replace(b"08-22", b"8-22"),
        LEAVES[23].replace(b"16:00:24", b"24:00:00"),
        LEAVES[0] + b" " * 70_000,
    ],
)
def test_what_is_not_canonical_is_no_leaf(data: bytes) -> None:
    with pytest.raises(BadLeaf):
        leaves.parse(data)
    assert not leaves.is_entry(data)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"closes_at": OPEN["opens_at"]}, "times out of order"),
        ({"seals_at": "2023-08-21T15:59:23Z"}, "times out of order"),
        ({"seals_at": "2023-08-23T15:00:00Z"}, "less than an hour"),
        ({"winners": 499, "alternates": 2}, "more than 500"),
        ({"beacon": {**OPEN["beacon"], "round": 1001}}, "another round"),
        ({"beacon": {**OPEN["beacon"], "chain": "0" * 64}}, "ill-formed member 'beacon'"),
        ({"beacon": {**OPEN["beacon"], "url": "x"}}, "ill-formed member 'beacon'"),
        ({"origin": "a b"}, "ill-formed member 'origin'"),
        ({"origin": "a+b"}, "ill-formed member 'origin'"),
        ({"protocol": "open-draw/2"}, "ill-formed member 'protocol'"),
    ],
)
def test_terms_that_contradict_themselves_are_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(BadLeaf, match=says):
        leaves.parse(leaves.encode({**OPEN, **change}))


@pytest.mark.parametrize(
    ("ranking", "says"),
    [
        ([], "count from 1"),
        (DRAW["ranking"][1:], "count from 1"),
        ([{**DRAW["ranking"][0], "ticket": "f" * 64}, *DRAW["ranking"][1:]], "do not ascend"),
        ([DRAW["ranking"][0], {**DRAW["ranking"][1], "index": DRAW["ranking"][0]["index"]}], "an entry twice"),
    ],
)
def test_a_ranking_that_is_none_is_refused(ranking: list[dict[str, Any]], says: str) -> None:
    with pytest.raises(BadLeaf, match=says):
        leaves.parse(leaves.encode({**DRAW, "ranking": ranking}))


@given(st.binary(min_size=32, max_size=32))
def test_the_short_way_for_entries_is_the_long_way(commitment: bytes) -> None:
    data = leaves.make_entry(commitment)
    assert data == leaves.make("entry", commitment=commitment.hex())
    assert leaves.is_entry(data)


def together(*entries: bytes) -> bool:
    return leaves.are_entries(b"".join(b"\0" + entry for entry in entries), len(entries))


def test_many_entries_are_judged_together_as_each_alone() -> None:
    """Every byte of one among three changed to every other."""
    entry = leaves.make_entry(bytes(range(100, 132)))
    assert together() and together(entry, entry, entry)
    for place in range(len(entry)):
        for char in range(256):
            changed = entry[:place] + bytes([char]) + entry[place + 1 :]
            assert together(entry, changed, entry) is leaves.is_entry(changed)
    for odd in (entry[:-1], entry + b" ", b"", entry + b"\0" + entry):
        assert not together(entry, odd)
    assert not together(entry[:50], entry[50:])
    assert not leaves.are_entries(entry, 1)


@given(st.dictionaries(st.text("abc", min_size=1), st.text('a"\\\n\x1f\x7f\u00e9\u2028\U0001f600') | st.integers(-(2**53), 2**53)))
def test_encoding_is_the_same_after_a_round_through_json(value: dict[str, Any]) -> None:
    encoded = leaves.encode(value)
    assert leaves.encode(json.loads(encoded)) == encoded
    assert b"\\u00e9" not in encoded


def test_text_that_utf8_cannot_hold_is_refused() -> None:
    with pytest.raises(BadLeaf):
        leaves.encode({"a": "\ud800"})
    with pytest.raises(BadLeaf):
        leaves.encode({"a": float("nan")})
