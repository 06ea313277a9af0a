"""Consistency between checkpoints, proven from the rows that tiles are made of."""

from itertools import combinations

from flask import Flask

from tests.draw.logs import act, commitments, facts, small_log
from webapp import draw
from webapp.database import db
from webapp.draw.notes import parse_checkpoint, parse_note
from webapp.draw.rows import hash_reader, head_of
from webapp.draw.tree import consistency_proof, extends


def test_any_two_checkpoints_ever_signed_are_proven_consistent_from_the_rows(app: Flask) -> None:
    """Sizes within a tile, at its edge and beyond it; proofs are read from the tree as it is at the end."""
    small_log(0)
    trees = [parse_checkpoint(parse_note(facts().checkpoint).text)]
    for size in (2, 255, 256, 257, 511, 512, 520):
        grown = act(draw.append_entries, commitments(size - trees[-1].size, start=trees[-1].size))
        trees.append(parse_checkpoint(parse_note(grown.checkpoint).text))
    read = hash_reader(db.session(), head_of(db.session(), "small").id)
    for old, new in combinations(trees, 2):
        proof = consistency_proof(read, old.size, new.size)
        assert extends(old.size, new.size, proof, old.root, new.root)
        assert not extends(old.size, new.size, proof, bytes(32), new.root)
