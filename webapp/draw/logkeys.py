"""A log's signing key: an Ed25519 seed in a file of its own, made once and never rotated.

Beside it stands what was signed last (lastsigned.py).
"""

from pathlib import Path
from secrets import token_hex

from webapp.draw.lastsigned import LastSigned
from webapp.draw.notes import ED25519, Verifier, checkpoint_text, sign_note
from webapp.draw.shapes import is_slug
from webapp.keys import KeyMissing, write_once


class LogKey:
    """Signs the checkpoints of log `name`. `origin` is the log's scheme-less address; `vkey` the public key (C2SP signed-note).

    `last_signed`: the file of the newest checkpoint; None for a key that is in no folder.
    """

    def __init__(self, name: str, origin: str, seed: bytes, last_signed: LastSigned | None = None) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        self.name = name
        self.last_signed = last_signed
        self.origin = origin
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self._verifier = Verifier(origin, ED25519, self._private.public_key().public_bytes_raw())
        self.vkey = str(self._verifier)

    @classmethod
    def make(cls, folder: Path, name: str, origin: str) -> "LogKey":
        """The key in `folder`, made if there is none; an existing one is never overwritten."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_once(_path(folder, name), token_hex(32) + "\n")
        return cls.load(folder, name, origin)

    @classmethod
    def load(cls, folder: Path, name: str, origin: str) -> "LogKey":
        """The key in `folder`. Raises KeyMissing."""
        path = _path(folder, name)
        try:
            return cls(name, origin, bytes.fromhex(path.read_text(encoding="ascii")), LastSigned.beside(path))
        except (OSError, ValueError) as error:
            raise KeyMissing(path) from error

    def sign(self, size: int, root: bytes) -> str:
        """The signed checkpoint (C2SP tlog-checkpoint) of the tree of `size` leaves."""
        return sign_note(checkpoint_text(self.origin, size, root), self._verifier, self._private)


def _path(folder: Path, name: str) -> Path:
    if not is_slug(name):
        raise ValueError(f"{name!r} is no log's name")
    return folder / name
