"""The tree, against the recursive definitions of RFC 6962 written down as they stand there."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.draw.vectors import HASHES, LEAVES, ROOT, SEALED, VECTORS
from webapp.draw.tree import EMPTY, Frontier, consistency_proof, extends, includes, inclusion_proof, leaf_hash

LEAF_HASHES = [leaf_hash(str(index).encode()) for index in range(600)]


def mth(hashes: list[bytes]) -> bytes:
    """RFC 6962 §2.1."""
    if not hashes:
        return sha256().digest()
    if len(hashes) == 1:
        return hashes[0]
    k = largest_power_below(len(hashes))
    return sha256(b"\x01" + mth(hashes[:k]) + mth(hashes[k:])).digest()


def path(m: int, hashes: list[bytes]) -> list[bytes]:
    """RFC 6962 §2.1.1."""
    if len(hashes) == 1:
        return []
    k = largest_power_below(len(hashes))
    return [*path(m, hashes[:k]), mth(hashes[k:])] if m < k else [*path(m - k, hashes[k:]), mth(hashes[:k])]


def subproof(m: int, hashes: list[bytes], known: bool) -> list[bytes]:
    """RFC 6962 §2.1.2."""
    if m == len(hashes):
        return [] if known else [mth(hashes)]
    k = largest_power_below(len(hashes))
    if m <= k:
        return [*subproof(m, hashes[:k], known), mth(hashes[k:])]
    return [*subproof(m - k, hashes[k:], False), mth(hashes[:k])]


def largest_power_below(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def hash_at(height: int, index: int) -> bytes:
    return mth(LEAF_HASHES[index << height : (index + 1) << height])


def frontier_of(hashes: list[bytes]) -> Frontier:
    frontier = Frontier()
    for hash in hashes:
        frontier.append(hash)
    return frontier


def test_the_vectors_have_our_hashes_and_roots() -> None:
    assert [leaf_hash(leaf) for leaf in LEAVES] == HASHES
    assert frontier_of(HASHES[:SEALED]).root() == ROOT
    assert EMPTY == Frontier().root() == mth([])


def test_the_consistency_proof_of_the_vectors_is_ours() -> None:
    proof = consistency_proof(lambda height, index: mth(HASHES[index << height : (index + 1) << height]), SEALED, len(LEAVES))
    assert [node.hex() for node in proof] == VECTORS["consistency_sealed_to_final"]
    assert extends(SEALED, len(LEAVES), proof, ROOT, mth(HASHES))


@given(st.integers(0, 600))
def test_a_frontier_grown_leaf_by_leaf_has_the_root_and_all_complete_subtrees(size: int) -> None:
    frontier = Frontier()
    for index, hash in enumerate(LEAF_HASHES[:size]):
        for height, place, root in frontier.append(hash):
            assert (place + 1) << height == index + 1
            assert root == hash_at(height, place)
    assert frontier.root() == mth(LEAF_HASHES[:size])
    assert Frontier.from_bytes(size, frontier.to_bytes()) == frontier


@given(st.integers(1, 600).flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size))))
def test_inclusion_proofs_are_those_of_the_rfc_and_hold_nowhere_else(place: tuple[int, int]) -> None:
    index, size = place
    proof, root = inclusion_proof(hash_at, index, size), mth(LEAF_HASHES[:size])
    assert proof == path(index, LEAF_HASHES[:size])
    assert includes(LEAF_HASHES[index], index, size, proof, root)
    assert not includes(LEAF_HASHES[index], index ^ 1, size, proof, root) or size == 1
    assert not includes(LEAF_HASHES[index], size, size, proof, root)
    assert not includes(leaf_hash(b"other"), index, size, proof, root)
    assert not includes(LEAF_HASHES[index], index, size, [*proof, root], root)
    assert not proof or not includes(LEAF_HASHES[index], index, size, proof[:-1], root)


@given(st.integers(0, 600).flatmap(lambda new: st.tuples(st.integers(0, new), st.just(new))))
def test_consistency_proofs_are_those_of_the_rfc_and_hold_for_no_other_tree(sizes: tuple[int, int]) -> None:
    old, new = sizes
    proof = consistency_proof(hash_at, old, new)
    before, after = mth(LEAF_HASHES[:old]), mth(LEAF_HASHES[:new])
    assert proof == (subproof(old, LEAF_HASHES[:new], True) if old else [])
    assert extends(old, new, proof, before, after)
    assert not extends(old, new, proof, leaf_hash(b"fork"), after)
    assert not extends(old, new, [*proof, after], before, after)
    if 0 < old < new:
        assert not extends(old, new, proof, before, leaf_hash(b"fork"))
        assert not extends(old, new, proof[:-1], before, after)
        assert not extends(new, old, proof, after, before)


def test_there_are_no_proofs_of_what_is_not_there() -> None:
    with pytest.raises(ValueError, match="no leaf 5 in a tree of 5"):
        inclusion_proof(hash_at, 5, 5)
    with pytest.raises(ValueError, match="a tree of 5 cannot contain one of 6"):
        consistency_proof(hash_at, 6, 5)


@given(st.lists(st.integers(0, 700), max_size=6))
def test_a_frontier_extended_by_many_is_the_one_grown_leaf_by_leaf(lots: list[int]) -> None:
    slow, fast = Frontier(), Frontier()
    for count in lots:
        leaves = [leaf_hash(b"%d" % (slow.size + number)) for number in range(count)]
        completed = [subtree for leaf in leaves for subtree in slow.append(leaf)]
        assert fast.extend(leaves) == [subtree for subtree in completed if subtree[0] % 8 == 0]
        assert fast == slow
