"""Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint, tlog-cosignature)."""

import re
from base64 import b64decode, b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from webapp.draw.shapes import is_origin

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ED25519 = 0x01
COSIGNATURE = 0x04  # Ed25519 over a time and the note
_SIGNATURE = re.compile(r"— (\S+) (\S+)")


class BadNote(Exception):
    """Not a note that says what it should; the sentence says why."""


class Verifier(NamedTuple):
    """A public key with its name: `str()` gives the vkey, `<name>+<key id>+<base64 of algorithm and key>`."""

    name: str
    algorithm: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The first 4 bytes of SHA-256(name ‖ 0x0A ‖ algorithm ‖ key), C2SP signed-note."""
        return sha256(self.name.encode() + b"\n" + bytes([self.algorithm]) + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{b64encode(bytes([self.algorithm]) + self.public).decode()}"

    @classmethod
    def parse(cls, vkey: str) -> "Verifier":
        """The key of a vkey. Raises BadNote."""
        name, _, rest = vkey.partition("+")
        key_id, _, encoded = rest.partition("+")
        key = unbase64(encoded)
        if not is_origin(name) or len(key) != 33 or key[0] not in (ED25519, COSIGNATURE):
            raise BadNote("The vkey is not an Ed25519 key of C2SP signed-note.")
        verifier = cls(name, key[0], key[1:])
        if verifier.key_id.hex() != key_id:
            raise BadNote("The vkey's id does not fit its name and key.")
        return verifier


class Signature(NamedTuple):
    name: str
    key_id: bytes
    payload: bytes


class Note(NamedTuple):
    """A `text` that ends in a line feed, and the signature lines below it, unchecked."""

    text: str
    signatures: tuple[Signature, ...]


class Checkpoint(NamedTuple):
    """The tree of `size` leaves with `root`, as the log `origin` states it."""

    origin: str
    size: int
    root: bytes


def sign_note(text: str, verifier: Verifier, private: "Ed25519PrivateKey") -> str:
    """`text` (lines, each with its line feed) and one Ed25519 signature line below it."""
    return f"{text}\n— {verifier.name} {b64encode(verifier.key_id + private.sign(text.encode())).decode()}\n"


def parse_note(note: str) -> Note:
    """Split a note at its last empty line. Raises BadNote."""
    text, gap, lines = note.rpartition("\n\n")
    if not gap or not lines.endswith("\n") or any(ord(char) < 0x20 and char != "\n" for char in note):
        raise BadNote("That is no signed note.")
    return Note(text + "\n", tuple(_signature(line) for line in lines[:-1].split("\n")))


def _signature(line: str) -> Signature:
    match = _SIGNATURE.fullmatch(line)
    payload = unbase64(match[2]) if match else b""
    if match is None or not is_origin(match[1]) or len(payload) < 5:
        raise BadNote("A signature line of the note is malformed.")
    return Signature(match[1], payload[:4], payload[4:])


def check_signature(note: Note, verifier: Verifier) -> None:
    """Raises BadNote unless `verifier` signed `note`. Signatures by others are ignored."""
    found = _by(verifier, note)
    if not found:
        raise BadNote(f"The note is not signed by {verifier.name} with the key expected.")
    if not all(_holds(verifier, payload, note.text.encode()) for payload in found):
        raise BadNote(f"The signature of {verifier.name} is wrong.")


def cosigned_at(note: Note, witness: Verifier) -> int | None:
    """Unix seconds at which `witness` saw the checkpoint; None if it did not cosign it. Raises BadNote for a forged line."""
    times = []
    for payload in _by(witness, note):
        time = int.from_bytes(payload[:8], "big")
        if not _holds(witness, payload[8:], f"cosignature/v1\ntime {time}\n{note.text}".encode()):
            raise BadNote(f"The cosignature of {witness.name} is wrong.")
        times.append(time)
    return min(times, default=None)


def _by(verifier: Verifier, note: Note) -> list[bytes]:
    return [line.payload for line in note.signatures if (line.name, line.key_id) == (verifier.name, verifier.key_id)]


def _holds(verifier: Verifier, signature: bytes, message: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(verifier.public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def checkpoint_text(origin: str, size: int, root: bytes) -> str:
    return f"{origin}\n{size}\n{b64encode(root).decode()}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint in a note's text; extension lines are allowed and ignored. Raises BadNote."""
    match = re.fullmatch(r"([^\n]+)\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n(?:[^\n]+\n)*", text)
    root = unbase64(match[3]) if match else b""
    if match is None or len(root) != 32:
        raise BadNote("The note holds no checkpoint.")
    return Checkpoint(match[1], int(match[2]), root)


def open_checkpoint(note: str, verifier: Verifier) -> Checkpoint:
    """The checkpoint of the log that `verifier` names, its signature checked. Raises BadNote."""
    parsed = parse_note(note)
    check_signature(parsed, verifier)
    checkpoint = parse_checkpoint(parsed.text)
    if checkpoint.origin != verifier.name:
        raise BadNote(f"The checkpoint is of the log {checkpoint.origin}.")
    return checkpoint


def unbase64(text: str) -> bytes:
    """The bytes of canonical base64; empty for anything else."""
    try:
        data = b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        return b""
    return data if b64encode(data).decode() == text else b""
