"""The draw of the vectors, made by our acts on a real database: every byte of it is the same."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.draw.logs import replay_vectors
from tests.draw.vectors import HASHES, KEY, LEAVES, SEALED, VECTORS
from webapp import draw
from webapp.database import db, writing
from webapp.draw.models import Leaf
from webapp.draw.receipts import BadReceipt, Receipt, check_receipt, parse_receipt
from webapp.draw.rows import hash_reader, head_of
from webapp.draw.tree import consistency_proof

NAME = VECTORS["campaign"]


@pytest.fixture(autouse=True)
def replayed(app: object) -> None:
    with writing() as session:
        replay_vectors(session)


def test_leaves_hashes_and_checkpoints_are_those_of_the_vectors(session: Session, client: FlaskClient) -> None:
    rows = session.execute(select(Leaf.data, Leaf.hash).order_by(Leaf.index)).all()
    assert [data for data, _ in rows] == LEAVES
    assert [hash for _, hash in rows] == HASHES
    assert client.get(f"/draws/{NAME}/log/checkpoint").text == VECTORS["final_checkpoint"]
    assert client.get(f"/draws/{NAME}/sealed").text == VECTORS["sealed_checkpoint"]
    assert client.get(f"/draws/{NAME}/log/tile/entries/000.p/27").data.hex() == VECTORS["entry_bundle_0_hex"]
    assert client.get(f"/draws/{NAME}/log/tile/0/000.p/27").data == b"".join(HASHES)


def test_the_receipt_is_that_of_the_vectors_and_checks(session: Session) -> None:
    index, text = VECTORS["receipt"]["index"], VECTORS["receipt"]["text"]
    person = next(person for person in VECTORS["people"] if person["index"] == index)
    assert draw.receipt(session, KEY, index, bytes.fromhex(person["nonce"]), sealed=True) == text
    receipt = parse_receipt(text)
    assert str(receipt) == text
    assert check_receipt(receipt, VECTORS["vkey"], NAME, person["email"]).size == SEALED
    wrong = [
        (receipt, "somebody.else@example.com"),
        (Receipt(receipt.nonce, index + 1, receipt.proof, receipt.note), person["email"]),
        (Receipt(receipt.nonce, index, receipt.proof[:-1], receipt.note), person["email"]),
        (Receipt(bytes(32), index, receipt.proof, receipt.note), person["email"]),
    ]
    for broken, email in wrong:
        with pytest.raises(BadReceipt, match="does not prove"):
            check_receipt(broken, VECTORS["vkey"], NAME, email)
    cut = [text[:60], text.replace("index 6", "index 06"), text.replace("extra I", "extra "), text.replace("\n\n", "\n", 1), ""]
    for broken_text in cut:
        with pytest.raises(BadReceipt, match="no receipt"):
            parse_receipt(broken_text)


def test_the_consistency_of_seal_and_end_is_proven_from_the_rows(session: Session) -> None:
    proof = consistency_proof(hash_reader(session, head_of(session, NAME).id), SEALED, len(LEAVES))
    assert [node.hex() for node in proof] == VECTORS["consistency_sealed_to_final"]


def test_the_status_tells_the_story(session: Session) -> None:
    status = draw.status(session, NAME)
    assert status is not None
    assert status.sealed is not None
    assert status.result is not None
    assert (status.size, status.entries, status.removed, status.eligible) == (27, 20, 2, 18)
    assert (status.sealed.size, status.sealed.root.hex(), status.sealed.late) == (SEALED, VECTORS["sealed_root"], False)
    assert [ranked.index for ranked in status.result.ranking] == [item["index"] for item in VECTORS["all_ranks"][:4]]
    assert [(winner.rank, winner.index, winner.state) for winner in status.winners] == [(2, 22, "awarded")]
    assert (status.not_awarded, status.operator_trusted, status.void) == (0, False, None)


def test_it_verifies(session: Session) -> None:
    hears: list[int] = []
    done = draw.verify(session, NAME, rules=VECTORS["rules"].encode(), vkey=VECTORS["vkey"], progress=hears.append)
    assert (done.size, done.entries, done.eligible, done.verdict) == (27, 20, 18, "verified, seal time unproven")
    assert [ranked.ticket.hex() for ranked in done.ranking] == [item["ticket"] for item in VECTORS["all_ranks"][:4]]
    assert hears == [27]
    with pytest.raises(draw.Invalid, match="rules_sha256"):
        draw.verify(session, NAME, rules=b"Other rules.\n")
    with pytest.raises(draw.Invalid, match="vkey"):
        draw.verify(session, NAME, vkey=VECTORS["vkey"].replace("HL", "HM"))
    with pytest.raises(draw.LogMissing):
        draw.verify(session, "win-200")
    db.session.rollback()
