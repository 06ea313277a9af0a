"""Merkle trees of RFC 6962: hashes, the frontier that grows, proofs and their verification.

A complete subtree has a `height` (0 for a leaf) and an `index` among those of its height, from the left.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from struct import Struct

HashAt = Callable[[int, int], bytes]
"""The root of the complete subtree at (height, index)."""

EMPTY = sha256().digest()
TILE = 256


def leaf_hash(data: bytes) -> bytes:
    """RFC 6962 §2.1: SHA-256(0x00 ‖ data)."""
    return sha256(b"\x00" + data).digest()


def leaf_hashes(joined: bytes, count: int) -> list[bytes]:
    """`leaf_hash` of `count` leaves of one size, each already behind its 0x00."""
    if not count:
        return []
    leaves = Struct(f"{len(joined) // count}s" * count).unpack(joined)
    return [hashed.digest() for hashed in map(sha256, leaves)]


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 6962 §2.1: SHA-256(0x01 ‖ left ‖ right)."""
    return sha256(b"\x01" + left + right).digest()


@dataclass
class Frontier:
    """The tree of `size` leaves by the roots of its complete subtrees (`peaks`, largest first): enough to grow it and to know its root."""

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    @classmethod
    def from_bytes(cls, size: int, data: bytes) -> "Frontier":
        return cls(size, [data[start : start + 32] for start in range(0, len(data), 32)])

    def to_bytes(self) -> bytes:
        return b"".join(self.peaks)

    def append(self, node: bytes, height: int = 0) -> list[tuple[int, int, bytes]]:
        """Add a leaf's hash, or the root of a complete subtree of `height` where one may begin.

        Returns the subtrees that it completes, as (height ≥ 1, index, root), in O(log size).
        """
        grown = self.size + (1 << height)
        completed = [(height, self.size >> height, node)] if height else []
        while self.size >> height & 1:
            node = node_hash(self.peaks.pop(), node)
            height += 1
            completed.append((height, self.size >> height, node))
        self.peaks.append(node)
        self.size = grown
        return completed

    def extend(self, leaves: Sequence[bytes]) -> list[tuple[int, int, bytes]]:
        """`append` for each of many leaves, twice as fast. Of the subtrees completed it tells those of heights 8, 16, 24 …"""
        lone = min(-self.size % TILE, len(leaves))
        whole = (len(leaves) - lone) // TILE * TILE
        completed = []
        for leaf in leaves[:lone]:
            completed += self.append(leaf)
        for node in _above(leaves[lone : lone + whole], 8):
            completed += self.append(node, 8)
        for leaf in leaves[lone + whole :]:
            completed += self.append(leaf)
        return [subtree for subtree in completed if subtree[0] % 8 == 0]

    def root(self) -> bytes:
        """RFC 6962 §2.1, MTH."""
        return _fold(self.peaks) if self.peaks else EMPTY


def _above(nodes: Sequence[bytes], heights: int) -> Sequence[bytes]:
    """The roots `heights` above `nodes`, whose number is a multiple of 2**heights."""
    begun = sha256(b"\x01").copy  # quicker than to begin anew
    for _ in range(heights):
        level = []
        for left, right in zip(nodes[::2], nodes[1::2], strict=True):
            node = begun()
            node.update(left + right)
            level.append(node.digest())
        nodes = level
    return nodes


def _fold(peaks: Sequence[bytes]) -> bytes:
    """The root above subtrees of falling size: the smaller ones are joined first."""
    *rest, root = peaks
    for peak in reversed(rest):
        root = node_hash(peak, root)
    return root


def _split(size: int) -> int:
    """The largest power of two below `size` (RFC 6962's k)."""
    return 1 << (size - 1).bit_length() - 1


def subtree_root(hash_at: HashAt, start: int, end: int) -> bytes:
    """MTH of the leaves from `start` to before `end`, where `start` begins a subtree of the tree's shape."""
    peaks = []
    while start < end:
        height = (end - start).bit_length() - 1
        peaks.append(hash_at(height, start >> height))
        start += 1 << height
    return _fold(peaks)


def inclusion_proof(hash_at: HashAt, index: int, size: int) -> list[bytes]:
    """PATH(index, D[size]) of RFC 6962 §2.1.1: the siblings from the leaf up."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    path = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(subtree_root(hash_at, middle, end))
            end = middle
        else:
            path.append(subtree_root(hash_at, start, middle))
            start = middle
    return path[::-1]


def consistency_proof(hash_at: HashAt, old: int, new: int) -> list[bytes]:
    """PROOF(old, D[new]) of RFC 6962 §2.1.2; empty if the trees are equal or the old one is empty."""
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} cannot contain one of {old}")
    if old in (0, new):
        return []
    proof = []
    start, end = 0, new
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            proof.append(subtree_root(hash_at, middle, end))
            end = middle
        else:
            proof.append(subtree_root(hash_at, start, middle))
            start = middle
    if start > 0:  # the old tree's own root is known to who checks
        proof.append(subtree_root(hash_at, start, end))
    return proof[::-1]


def includes(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` leads from a leaf's hash to `root` (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, position, last = leaf, index, size - 1
    for sibling in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            node = node_hash(sibling, node)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and node == root


def extends(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether `proof` shows the tree of `old` leaves to be the beginning of that of `new` (RFC 9162 §2.1.4.2)."""
    if old in (0, new):
        return not proof and old_root == (EMPTY if old == 0 else new_root)
    if not 0 < old < new or not proof:
        return False
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    first, *rest = [old_root, *proof] if position == 0 else proof
    old_node = new_node = first
    for sibling in rest:
        if last == 0:
            return False
        if position & 1 or position == last:
            old_node, new_node = node_hash(sibling, old_node), node_hash(sibling, new_node)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            new_node = node_hash(new_node, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and (old_node, new_node) == (old_root, new_root)
