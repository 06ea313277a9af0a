"""Signed notes, keys and checkpoints, against the vectors and the letter of C2SP."""

from base64 import b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.draw.vectors import HASHES, KEY, ROOT, SEALED, VECTORS
from webapp.draw import LogKey
from webapp.draw.notes import (
    COSIGNATURE,
    ED25519,
    BadNote,
    Verifier,
    check_signature,
    checkpoint_text,
    cosigned_at,
    open_checkpoint,
    parse_checkpoint,
    parse_note,
    sign_note,
)
from webapp.draw.tree import Frontier
from webapp.keys import KeyMissing

NOTE = VECTORS["sealed_checkpoint"]
OURS = Verifier.parse(VECTORS["vkey"])


def test_the_vectors_have_our_vkey_and_checkpoints() -> None:
    assert KEY.vkey == VECTORS["vkey"] == str(OURS)
    assert KEY.sign(SEALED, ROOT) == NOTE
    frontier = Frontier()
    for hash in HASHES:
        frontier.append(hash)
    assert KEY.sign(len(HASHES), frontier.root()) == VECTORS["final_checkpoint"]
    assert open_checkpoint(NOTE, OURS).root == ROOT


@pytest.mark.parametrize(
    ("note", "says"),
    [
        (NOTE.replace("\n24\n", "\n25\n"), "signature of .* is wrong"),
        (NOTE.replace("+b29TT", "+b29TU"), "signature of .* is wrong"),
        (NOTE.replace("HUL7rsqDdwEQ", "HUL7rsqDdwER"), "signature of .* is wrong"),
        (NOTE + NOTE.splitlines(keepends=True)[-1].replace("HUL7rsqDdwEQ", "HUL7rsqDdwER"), "signature of .* is wrong"),
        (NOTE.replace("HUL7rsqD", "HUM7rsqD"), "not signed by"),
        (NOTE.replace("— news.", "— olds."), "not signed by"),
        (NOTE.rstrip("\n"), "no signed note"),
        (NOTE[:100], "no signed note"),
        (NOTE.replace("\n\n", "\n"), "no signed note"),
        (NOTE.replace("\n24", "\r\n24"), "no signed note"),
        ("", "no signed note"),
        (NOTE.replace("—", "-"), "signature line of the note is malformed"),
        (NOTE.replace("+wA=", "+wB="), "signature line of the note is malformed"),
        (NOTE + "\n", "no signed note"),
    ],
)
def test_a_note_that_was_touched_is_refused_with_the_reason(note: str, says: str) -> None:
    with pytest.raises(BadNote, match=says):
        open_checkpoint(note, OURS)


def test_a_signed_note_that_is_no_checkpoint_or_another_logs_is_refused() -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes(32))
    verifier = Verifier(KEY.origin, ED25519, private.public_key().public_bytes_raw())
    with pytest.raises(BadNote, match="of the log elsewhere"):
        open_checkpoint(sign_note(checkpoint_text("elsewhere", 1, ROOT), verifier, private), verifier)
    with pytest.raises(BadNote, match="holds no checkpoint"):
        open_checkpoint(sign_note("Good morning.\n", verifier, private), verifier)
    for text in ("a\n024\n", "a\n24\n", f"\n24\n{'A' * 43}=\n", f"a\n-1\n{'A' * 43}=\n", f"a\n1\n{'A' * 43}=\n\n", f"a\n1\n{'A' * 42}==\n"):
        with pytest.raises(BadNote, match="holds no checkpoint"):
            parse_checkpoint(text)
    assert parse_checkpoint(f"a\n0\n{'A' * 43}=\nextension 7\n").size == 0


def test_a_witness_cosignature_tells_its_time_and_a_forged_one_is_refused() -> None:
    private = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
    witness = Verifier("witness.example/w1", COSIGNATURE, private.public_key().public_bytes_raw())
    text = parse_note(NOTE).text
    message = f"cosignature/v1\ntime 1692806000\n{text}".encode()
    payload = witness.key_id + (1692806000).to_bytes(8, "big") + private.sign(message)
    cosigned = parse_note(NOTE + f"— witness.example/w1 {b64encode(payload).decode()}\n")
    check_signature(cosigned, OURS)
    assert cosigned_at(cosigned, witness) == 1692806000
    assert cosigned_at(parse_note(NOTE), witness) is None
    assert Verifier.parse(str(witness)) == witness
    later = payload[:11] + bytes([payload[11] ^ 1]) + payload[12:]
    with pytest.raises(BadNote, match=r"cosignature of witness\.example/w1 is wrong"):
        cosigned_at(parse_note(NOTE + f"— witness.example/w1 {b64encode(later).decode()}\n"), witness)


@pytest.mark.parametrize(
    "vkey",
    ["", "a", "a+b", "a+b+c", VECTORS["vkey"].replace("1d42", "1d43"), VECTORS["vkey"].replace("news", "olds"), VECTORS["vkey"][:-4]],
)
def test_what_is_no_vkey_is_refused(vkey: str) -> None:
    with pytest.raises(BadNote, match="The vkey"):
        Verifier.parse(vkey)


def test_a_key_is_made_once_for_its_owner_alone_and_read_back(tmp_path: Path) -> None:
    folder = tmp_path / "keys" / "logs"
    key = LogKey.make(folder, "win-100", "news.example/draws/win-100/log")
    assert (folder / "win-100").stat().st_mode & 0o777 == 0o600
    assert LogKey.make(folder, "win-100", key.origin).vkey == LogKey.load(folder, "win-100", key.origin).vkey == key.vkey
    with pytest.raises(KeyMissing):
        LogKey.load(folder, "win-200", key.origin)
    with pytest.raises(ValueError, match="no log's name"):
        LogKey.load(folder, "../secret", key.origin)
