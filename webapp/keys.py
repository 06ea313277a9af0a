"""The installation's keys: files in instance/keys, 0600, none derived from another."""

import hmac
import os
import secrets
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class KeyMissing(Exception):
    """A key file is not there or cannot be read."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"The key file {path.name} is missing or unreadable. Run `flask init`, or restore it with your keys' backup.")
        self.path = path


class Unreadable(Exception):
    """A sealed value was not made by one of our keys, or for this column."""


@dataclass(frozen=True)
class Keyring:
    """What seals and finds personal data.

    `secret` signs links; `data` maps key ids to AES-256 keys, the last one seals;
    `index` keys the blind index.
    """

    secret: bytes
    data: dict[str, bytes]
    index: bytes

    @cached_property
    def _ciphers(self) -> "dict[str, AESGCM]":
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # when the first form comes

        return {key_id: AESGCM(key) for key_id, key in self.data.items()}

    def seal(self, column: str, text: str) -> bytes:
        """`text` under AES-256-GCM (SP 800-38D), bound to `column`: key id, 0x00, nonce, ciphertext."""
        key_id = next(reversed(self.data))
        nonce = os.urandom(12)
        return key_id.encode() + b"\0" + nonce + self._ciphers[key_id].encrypt(nonce, text.encode(), column.encode())

    def unseal(self, column: str, sealed: bytes) -> str:
        """The text of `seal`. Raises Unreadable."""
        from cryptography.exceptions import InvalidTag

        key_id, _, rest = sealed.partition(b"\0")
        cipher = self._ciphers.get(key_id.decode(errors="replace"))
        if cipher is None:
            raise Unreadable(f"no data key has the id {key_id!r}")
        try:
            return cipher.decrypt(rest[:12], rest[12:], column.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise Unreadable(f"{column} does not open with its key") from error

    def blind(self, purpose: str, text: str) -> bytes:
        """HMAC-SHA256 of `text`: equal texts are found and kept unique without being readable."""
        return hmac.digest(self.index, f"{purpose}\0{text}".encode(), "sha256")


def make_keys(folder: Path) -> list[str]:
    """Make what is missing in `folder`; returns the names made. Safe to run many times at once."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = []
    for name, content in (
        ("secret", secrets.token_hex(32)),
        ("data", f"k1:{secrets.token_hex(32)}"),
        ("index", secrets.token_hex(32)),
    ):
        if write_once(folder / name, content + "\n"):
            made.append(name)
    return made


def write_once(path: Path, content: str) -> bool:
    """Write a 0600 file whole, or leave the one that is there; True if it was made now."""
    if path.exists():
        return False
    part = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(part, path)  # fails if another process was first: then theirs counts
    except FileExistsError:
        return False
    finally:
        part.unlink()
    return True


def add_data_key(folder: Path) -> str:
    """Add a key to `data`: from now on it seals, the older ones still open. Returns its id.

    Raises KeyMissing, and FileExistsError while another process does the same.
    """
    path = folder / "data"
    lines = _read(path).split()
    used = {line.partition(":")[0] for line in lines}
    key_id = next(name for number in count(len(lines) + 1) if (name := f"k{number}") not in used)
    part = folder / ".data.new"
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write("\n".join([*lines, f"{key_id}:{secrets.token_hex(32)}"]) + "\n")
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    return key_id


def data_version(folder: Path) -> tuple[int, int]:
    """Differs after every change of the data keys; cheap enough to ask at each request. Raises KeyMissing."""
    try:
        found = os.stat(f"{folder}/data")  # noqa: PTH116 - a third of what a Path takes for it
    except OSError as error:
        raise KeyMissing(folder / "data") from error
    return found.st_mtime_ns, found.st_ino


def load_keys(folder: Path, secret: str | None = None) -> Keyring:
    """The keys in `folder`; `secret` (the SECRET_KEY setting) takes the place of its file. Raises KeyMissing."""
    data: dict[str, bytes] = {}
    for line in _read(folder / "data").split():
        key_id, _, key = line.partition(":")
        data[key_id] = bytes.fromhex(key)
    return Keyring(
        secret=secret.encode() if secret else bytes.fromhex(_read(folder / "secret")),
        data=data,
        index=bytes.fromhex(_read(folder / "index")),
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise KeyMissing(path) from error
