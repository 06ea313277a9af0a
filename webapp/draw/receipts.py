"""Receipts: an entry's proof in the tree and the nonce that ties it to an address, as C2SP tlog-proof text (PROTOCOL §2)."""

import re
from base64 import b64encode
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.draw import leaves
from webapp.draw.logkeys import LogKey
from webapp.draw.notes import Checkpoint, Verifier, open_checkpoint, parse_checkpoint, parse_note, unbase64
from webapp.draw.reading import read
from webapp.draw.refusals import NotAnEntry, NotSealed
from webapp.draw.rows import LEAF, hash_reader, head_of
from webapp.draw.tickets import commitment
from webapp.draw.tree import includes, inclusion_proof, leaf_hash

FIRST_LINE = "c2sp.org/tlog-proof@v1"
_RECEIPT = re.compile(rf"{re.escape(FIRST_LINE)}\nextra (\S+)\nindex (0|[1-9][0-9]{{0,18}})\n((?:[A-Za-z0-9+/]{{43}}=\n){{0,63}})\n")


class BadReceipt(Exception):
    """Not a receipt, or one that proves nothing; the sentence says why."""


@dataclass(frozen=True)
class Receipt:
    """What a receipt says: the entry's `nonce` and `index`, the `proof` that leads to the root of the checkpoint `note`."""

    nonce: bytes
    index: int
    proof: tuple[bytes, ...]
    note: str

    def __str__(self) -> str:
        proof = "".join(f"{b64encode(node).decode()}\n" for node in self.proof)
        return f"{FIRST_LINE}\nextra {b64encode(self.nonce).decode()}\nindex {self.index}\n{proof}\n{self.note}"


def receipt(session: Session, key: LogKey, index: int, nonce: bytes, *, sealed: bool = False) -> str:
    """The receipt of the entry at `index`: against the sealed tree once there is one, before it against the present one.

    `sealed`: only the sealed tree will do. Raises NotSealed, NotAnEntry, LogMissing.
    """
    reading = read(session, head_of(session, key.name))
    if sealed and reading.sealed is None:
        raise NotSealed
    note = reading.sealed.checkpoint if reading.sealed else reading.head.checkpoint
    size = parse_checkpoint(parse_note(note).text).size
    log_id = reading.head.id
    kind = session.execute(select(LEAF.c.type).where(LEAF.c.log_id == log_id, LEAF.c.index == index, LEAF.c.index < size)).scalar()
    if kind != "entry":
        raise NotAnEntry(index)
    proof = inclusion_proof(hash_reader(session, log_id), index, size)
    return str(Receipt(nonce, index, tuple(proof), note))


def parse_receipt(text: str) -> Receipt:
    """Raises BadReceipt."""
    match = _RECEIPT.match(text)
    nonce = unbase64(match[1]) if match else b""
    if match is None or len(nonce) != 32:
        raise BadReceipt("That is no receipt, or a truncated one.")
    proof = tuple(unbase64(line) for line in match[3].split())
    return Receipt(nonce, int(match[2]), proof, text[match.end() :])


def check_receipt(receipt: Receipt, vkey: str, campaign: str, email: str) -> Checkpoint:
    """The signed tree that holds the entry of `email` (as the receipt mail prints it). Raises BadReceipt, BadNote."""
    checkpoint = open_checkpoint(receipt.note, Verifier.parse(vkey))
    leaf = leaves.make_entry(commitment(receipt.nonce, campaign, email))
    if not includes(leaf_hash(leaf), receipt.index, checkpoint.size, receipt.proof, checkpoint.root):
        raise BadReceipt("The receipt does not prove this address's entry in its log.")
    return checkpoint
