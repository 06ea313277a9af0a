"""bundle.zip: a whole draw to take home and check with `python3 open_draw.py .`; made twice, it is the same to the byte."""

from collections.abc import Callable, Generator, Iterable, Iterator
from hashlib import sha256
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from sqlalchemy.orm import Session

from webapp.clock import stamp
from webapp.config import ROOT
from webapp.draw import leaves
from webapp.draw.facts import LogStatus
from webapp.draw.reading import read, status_of
from webapp.draw.refusals import BadTerms
from webapp.draw.rows import Head, head_of, leaf_data

BATCH = 4096
PROGRAM = ROOT / "static" / "open-draw" / "open_draw.py"
README = """\
Everything that is public about the draw {campaign}, held under Open Draw v1.

    python3 open_draw.py .

checks all of it on your own machine: Python 3 is enough, nothing is sent anywhere.
To check your own entry, save the receipt from your mail beside these files as receipt.txt and type

    python3 open_draw.py receipt.txt --email YOUR-ADDRESS --bundle .

rules.txt      the official rules
leaves.jsonl   the log: one leaf a line, the first one is number 0
checkpoint     the log's signed size and root when this was made
sealed         the same of the sealed list, if it was sealed
result.json    the result in short, if it was drawn; the log is what counts
vkey           the key that the log's signatures are checked with: compare it with the rules and with your mail
manifest.json  SHA-256 of each file
"""


def _silent(_done: int) -> None:
    """Nobody watches."""


def bundle(session: Session, name: str, *, rules: bytes, progress: Callable[[int], None] = _silent) -> Iterator[bytes]:
    """The zip of the log `name` as it is now, in pieces; only a stretch of it is in memory. `rules`: the bytes of rules.txt.

    `progress` hears how many leaves are done. Raises LogMissing, and BadTerms for other rules than the log names.
    """
    reading = read(session, head_of(session, name))
    head, facts = reading.head, status_of(reading)
    if sha256(rules).hexdigest() != facts.terms.rules_sha256:
        raise BadTerms("The rules given are not the ones that the log was opened with.")
    files: dict[str, Iterable[bytes]] = {
        "README.txt": [README.format(campaign=name).encode()],
        "checkpoint": [head.checkpoint.encode()],
        "leaves.jsonl": _lines(session, head, progress),
        "open_draw.py": [PROGRAM.read_bytes()],
        "rules.txt": [rules],
        "vkey": [f"{head.vkey}\n".encode()],
    }
    if facts.sealed:
        files["sealed"] = [facts.sealed.checkpoint.encode()]
    if facts.result:
        files["result.json"] = [result_json(facts)]
    return _zip(head, files)


def result_json(facts: LogStatus) -> bytes:
    """The result and what followed, for reading; checks read the log instead. Canonical JSON. `facts` must be of a drawn log."""
    if facts.result is None:
        raise ValueError("a log without a result")
    beacon = facts.result.beacon
    return leaves.encode(
        {
            "protocol": leaves.PROTOCOL,
            "campaign": facts.name,
            "operator_trusted": facts.operator_trusted,
            "late_seal": bool(facts.sealed and facts.sealed.late),
            "entries": facts.entries,
            "eligible": facts.eligible,
            "at": stamp(facts.result.at),
            "beacon": {"kind": beacon.kind, "value": beacon.value.hex()} | ({"round": beacon.round} if beacon.round else {}),
            "ranking": [{"rank": it.rank, "index": it.index, "ticket": it.ticket.hex()} for it in facts.result.ranking],
            "steps": [
                {"type": step.kind, "at": stamp(step.at), "rank": step.rank} | ({"reason": step.reason} if step.reason else {})
                for step in facts.steps
            ],
            "winners": [{"rank": winner.rank, "index": winner.index, "state": winner.state} for winner in facts.winners],
            "not_awarded": facts.not_awarded,
        }
    )


def _lines(session: Session, head: Head, progress: Callable[[int], None]) -> Iterator[bytes]:
    """Canonical JSON holds no line feed: a leaf is a line."""
    for start in range(0, head.size, BATCH):
        end = min(start + BATCH, head.size)
        yield b"".join(data + b"\n" for data in leaf_data(session, head.id, start, end))
        progress(end)


def _zip(head: Head, files: dict[str, Iterable[bytes]]) -> Iterator[bytes]:
    out = _Pieces()
    sums = {}
    with ZipFile(out, "w") as archive:
        for name, pieces in sorted(files.items()):
            sums[name] = yield from _member(archive, name, pieces, out)
        manifest = {"protocol": leaves.PROTOCOL, "campaign": head.name, "origin": head.origin, "vkey": head.vkey, "size": head.size}
        yield from _member(archive, "manifest.json", [leaves.encode(manifest | {"files": sums})], out)
    yield out.take()


def _member(archive: ZipFile, name: str, pieces: Iterable[bytes], out: "_Pieces") -> Generator[bytes, None, str]:
    """Write one file; returns its SHA-256."""
    info = ZipInfo(name)  # dated 1980, the same on every system
    info.compress_type = ZIP_DEFLATED
    info.create_system = 3
    info.external_attr = 0o100644 << 16
    digest = sha256()
    # Sizes are known at the end only; beyond 2 GiB the header must be told before.
    with archive.open(info, "w", force_zip64=name == "leaves.jsonl") as file:
        for piece in pieces:
            digest.update(piece)
            file.write(piece)
            yield out.take()
    return digest.hexdigest()


class _Pieces:
    """What ZipFile writes to, taken away piece by piece. It cannot seek, so nothing written is changed again."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self.pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """There is nothing to close."""

    def take(self) -> bytes:
        taken = b"".join(self.pieces)
        self.pieces.clear()
        return taken
