"""Makes whole draws from the protocol's text alone: not with the server's code, not with the verifiers'.

`Maker` builds one log leaf by leaf and signs it; `random_draw` makes lawful draws of every kind and state;
`bent` breaks one on purpose and signs it again, as a publisher who cheats would.
"""

import base64
import hashlib
import hmac
import importlib.util
import io
import json
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SCRIPT = Path(__file__).parents[2] / "static" / "open-draw" / "open_draw.py"
QUICKNET = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
GENESIS = 1692803367
HOUR, DAY = 3600, 86400
# Two rounds that drand has really published.
SIGNATURES = {
    42: "95a9f9f5b231b7714de1553105d8ffdf3dcda24cfdb1e689319bccf79a9c8ce430a91b811fbfaf763900bc998b5d686a",
    1000: "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39",
}

Leaf = dict[str, Any]


def _load() -> ModuleType:
    """open_draw.py as a module: it is a file to download, not part of a package."""
    spec = importlib.util.spec_from_file_location("open_draw", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["open_draw"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


open_draw = _load()


# What a publisher shows of one draw


@dataclass(frozen=True)
class Draw:
    leaves: list[bytes]
    rules: bytes
    vkey: str
    checkpoint: str
    sealed: str | None = None


def bundle(draw: Draw, manifest: dict[str, Any] | None = None, **others: bytes | None) -> dict[str, bytes]:
    """The files of a bundle. `others` replaces, adds or (None) leaves out files, `manifest` members of the manifest."""
    origin = draw.vkey.split("+")[0]
    files: dict[str, bytes | None] = {
        "rules.txt": draw.rules,
        "checkpoint": draw.checkpoint.encode(),
        "vkey": draw.vkey.encode() + b"\n",
        "leaves.jsonl": b"".join(leaf + b"\n" for leaf in draw.leaves),
        "sealed": draw.sealed.encode() if draw.sealed is not None else None,
        **others,
    }
    present = {name: data for name, data in files.items() if data is not None}
    stated = {
        "protocol": "open-draw/1",
        "campaign": origin.split("/")[-2],
        "origin": origin,
        "vkey": draw.vkey,
        "size": len(draw.leaves),
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in present.items()},
        **(manifest or {}),
    }
    return {**present, "manifest.json": json.dumps(stated, sort_keys=True).encode()}


def write_bundle(draw: Draw, folder: Path) -> None:
    for name, data in bundle(draw).items():
        (folder / name).write_bytes(data)


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name), content, method)  # of no time, as ours are: half a file must not depend on it
    return data.getvalue()


# The tree, word for word as RFC 6962 defines it


def leaf_hash(leaf: bytes) -> bytes:
    return hashlib.sha256(b"\0" + leaf).digest()


def _split(size: int) -> int:
    k = 1
    while 2 * k < size:
        k *= 2
    return k


def mth(hashes: Sequence[bytes]) -> bytes:
    if len(hashes) == 1:
        return hashes[0]
    k = _split(len(hashes))
    return hashlib.sha256(b"\1" + mth(hashes[:k]) + mth(hashes[k:])).digest()


def path(m: int, hashes: Sequence[bytes]) -> list[bytes]:
    """PATH(m, D[n])."""
    if len(hashes) == 1:
        return []
    k = _split(len(hashes))
    if m < k:
        return [*path(m, hashes[:k]), mth(hashes[k:])]
    return [*path(m - k, hashes[k:]), mth(hashes[:k])]


def consistency(m: int, hashes: Sequence[bytes], whole: bool = True) -> list[bytes]:
    """SUBPROOF(m, D[n], b)."""
    n = len(hashes)
    if m == n:
        return [] if whole else [mth(hashes)]
    k = _split(n)
    if m <= k:
        return [*consistency(m, hashes[:k], whole), mth(hashes[k:])]
    return [*consistency(m - k, hashes[k:], False), mth(hashes[:k])]


# Keys and notes


def stamp(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def round_at(at: int) -> int:
    return -((GENESIS - at) // 3) + 1


@dataclass(frozen=True)
class Signer:
    name: str
    seed: bytes
    kind: int = 1

    @property
    def key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @property
    def id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.key.public_key().public_bytes_raw()).digest()[:4]

    @property
    def vkey(self) -> str:
        public = base64.b64encode(bytes([self.kind]) + self.key.public_key().public_bytes_raw()).decode()
        return f"{self.name}+{self.id.hex()}+{public}"

    def line(self, signature: bytes) -> str:
        return f"— {self.name} {base64.b64encode(self.id + signature).decode()}\n"

    def note(self, body: str) -> str:
        return body + "\n" + self.line(self.key.sign(body.encode()))

    def cosign(self, note: str, at: int) -> str:
        """The note with a line of this witness."""
        body = note[: note.rindex("\n\n") + 1]
        signature = self.key.sign(f"cosignature/v1\ntime {at}\n{body}".encode())
        return note + self.line(at.to_bytes(8, "big") + signature)


@dataclass(frozen=True)
class Person:
    email: str
    nonce: bytes
    index: int


def canonical(leaf: Leaf) -> bytes:
    return json.dumps(leaf, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@dataclass
class Maker:
    """One log in the making. Times are POSIX seconds; `seal`, `draw` and the steps after it are lawful by default."""

    random: Random
    campaign: str = "win-100"
    host: str = "news.example"
    draws_at: int = GENESIS + 999 * 3
    winners: int = 1
    alternates: int = 3
    secret: bytes | None = None  # an operator's; None for drand
    terms: Leaf = field(default_factory=dict)  # replaces members of leaf 0
    extra_rules: str = ""
    leaves: list[bytes] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    removed: set[int] = field(default_factory=set)
    sealed: str | None = None
    ranks: list[tuple[bytes, int]] = field(default_factory=list)
    seal_at: int = 0

    def __post_init__(self) -> None:
        self.origin = f"{self.host}/draws/{self.campaign}/log"
        self.log = Signer(self.origin, self.random.randbytes(32))
        self.rules = f"Official rules of {self.campaign}.\nThe log's key: {self.log.vkey}\n{self.extra_rules}".encode()
        self.seals_at = self.draws_at - DAY
        beacon: Leaf = {"kind": "drand", "chain": QUICKNET, "round": round_at(self.draws_at)}
        if self.secret is not None:
            beacon = {"kind": "operator", "commitment": hashlib.sha256(self.secret).hexdigest()}
        self.opening = {
            "type": "open",
            "protocol": "open-draw/1",
            "origin": self.origin,
            "campaign": self.campaign,
            "rules_sha256": hashlib.sha256(self.rules).hexdigest(),
            "opens_at": stamp(self.seals_at - 8 * DAY),
            "closes_at": stamp(self.seals_at - DAY),
            "seals_at": stamp(self.seals_at),
            "draws_at": stamp(self.draws_at),
            "winners": self.winners,
            "alternates": self.alternates,
            "claim_days": 14,
            "beacon": beacon,
            **self.terms,
        }
        self.append(self.opening)

    @property
    def hashes(self) -> list[bytes]:
        return [leaf_hash(leaf) for leaf in self.leaves]

    @property
    def eligible(self) -> list[int]:
        return [person.index for person in self.people if person.index not in self.removed]

    @property
    def size(self) -> int:
        return len(self.leaves)

    def append(self, leaf: Leaf) -> int:
        self.leaves.append(canonical(leaf))
        return len(self.leaves) - 1

    def enter(self, email: str | None = None) -> Person:
        email = email or f"reader{len(self.people)}@example.com"
        nonce = self.random.randbytes(32)
        mark = hmac.digest(nonce, b"open-draw/1\0" + self.campaign.encode() + b"\0" + email.encode(), "sha256").hex()
        person = Person(email, nonce, self.append({"type": "entry", "commitment": mark}))
        self.people.append(person)
        return person

    def remove(self, index: int, kind: str = "withdraw", reason: str = "entrant_request") -> None:
        self.removed.add(index)
        self.append({"type": kind, "index": index, "reason": reason})

    def checkpoint(self, size: int | None = None) -> str:
        size = size or self.size
        return self.log.note(f"{self.origin}\n{size}\n{base64.b64encode(mth(self.hashes[:size])).decode()}\n")

    def seal(self, at: int | None = None, **others: Any) -> str:
        self.seal_at = self.seals_at + 60 if at is None else at
        leaf = {"type": "seal", "at": stamp(self.seal_at), "entries": len(self.people), "eligible": len(self.eligible)}
        if self.seal_at > self.draws_at - HOUR:
            while self.draws_at - HOUR < self.seal_at:
                self.draws_at += DAY
            leaf |= {"draws_at": stamp(self.draws_at), "reason": "outage"}
            if self.secret is None:
                leaf["round"] = round_at(self.draws_at)
        self.append({**leaf, **others})
        self.sealed = self.checkpoint()
        return self.sealed

    @property
    def root(self) -> bytes:
        assert self.sealed
        return base64.b64decode(self.sealed.split("\n")[2])

    def draw(self, at: int | None = None, signature: str | None = None, **others: Any) -> Leaf:
        self.drawn_at = self.draws_at + 30 if at is None else at
        if self.secret is None:
            signature = signature or SIGNATURES.get(round_at(self.draws_at), "8f" + "5a" * 47)
            beacon: Leaf = {"kind": "drand", "round": round_at(self.draws_at), "signature": signature}
            b = hashlib.sha256(bytes.fromhex(signature)).digest()
        else:
            beacon, b = {"kind": "operator", "secret": self.secret.hex()}, self.secret
        prk = hmac.digest(self.root, b, "sha256")
        hashes = self.hashes
        self.ranks = sorted((hmac.digest(prk, hashes[index] + b"\1", "sha256"), index) for index in self.eligible)
        length = min(len(self.ranks), self.winners + self.alternates)
        ranking = [{"rank": n, "index": index, "ticket": ticket.hex()} for n, (ticket, index) in enumerate(self.ranks[:length], 1)]
        leaf = {"type": "draw", "at": stamp(self.drawn_at), "beacon": beacon, "ranking": ranking, **others}
        self.append(leaf)
        return leaf

    def step(self, kind: str, rank: int, at: int, reason: str | None = None) -> None:
        self.append({"type": kind, "rank": rank, "at": stamp(at), **({"reason": reason} if reason else {})})

    def receipt(self, person: Person, size: int | None = None, note: str | None = None) -> str:
        size = size or self.size
        proof = [base64.b64encode(hash).decode() for hash in path(person.index, self.hashes[:size])]
        extra = base64.b64encode(person.nonce).decode()
        head = ["c2sp.org/tlog-proof@v1", f"extra {extra}", f"index {person.index}", *proof]
        return "\n".join(head) + "\n\n" + (note or self.checkpoint(size))

    def made(self, **others: Any) -> Draw:
        return replace(Draw(list(self.leaves), self.rules, self.log.vkey, self.checkpoint(), self.sealed), **others)


# Draws by chance


def random_draw(random: Random, most: int = 40) -> Maker:
    """A lawful draw of any kind and state: open, void, sealed (also late, or early by an operator), drawn, and on."""
    operator = random.random() < 0.3
    real = not operator and random.random() < 0.3
    maker = Maker(
        random,
        campaign=random.choice(["win-100", "a", "x_9-" + "z" * 60]),
        host=random.choice(["news.example", "127.0.0.1:8000", "xn--bcher-kva.example"]),
        draws_at=GENESIS + 3 * (random.choice([42, 1000]) - 1) if real else GENESIS + random.randrange(10 * DAY, 10**8),
        winners=random.choice([1, 1, 2, 3, 7]),
        alternates=random.choice([0, 1, 3, 10]),
        secret=random.randbytes(32) if operator else None,
    )
    for _ in range(random.choice([0, 1, 2, random.randrange(most), random.randrange(most), 260])):
        maker.enter(f"{random.randrange(10**6)}ö@example.com")
        if random.random() < 0.1:
            index = random.choice(maker.people).index
            if index not in maker.removed:
                maker.remove(index, *random.choice([("withdraw", "entrant_request"), ("exclude", "duplicate")]))
    state = random.random()
    if state < 0.05:
        return maker
    if state < 0.1:
        maker.append({"type": "void", "at": stamp(maker.seals_at), "reason": "key_lost"})
        return maker
    lateness = random.random()
    if operator and lateness < 0.3:
        maker.seal(maker.seals_at - random.randrange(1, DAY))
    elif not real and lateness > 0.8:
        maker.seal(maker.draws_at + random.randrange(-HOUR + 1, 6 * DAY))
    else:
        maker.seal(maker.seals_at + random.randrange(DAY - HOUR))
    if state < 0.2:
        return maker
    if not maker.eligible or state < 0.25:
        maker.append({"type": "void", "at": stamp(maker.seal_at + 5), "reason": "nobody_eligible"})
        return maker
    maker.draw(maker.seal_at + 1 if operator and maker.seal_at < maker.seals_at else None)
    random_steps(random, maker)
    return maker


def random_steps(random: Random, maker: Maker) -> None:
    """Lawful forfeits, awards and payments."""
    length, at = min(len(maker.ranks), maker.winners + maker.alternates), maker.drawn_at
    forfeited: set[int] = set()
    state: dict[int, str] = {}
    for _ in range(random.randrange(12)):
        at += random.randrange(15 * DAY, 20 * DAY)
        holders = [rank for rank in range(1, length + 1) if rank not in forfeited][: maker.winners]
        if not holders:
            return
        rank = random.choice(holders)
        now = state.get(rank, "drawn")
        if now != "paid" and random.random() < 0.4:
            maker.step("forfeit", rank, at, random.choice(["no_answer", "declined", "ineligible", "erasure"]))
            forfeited.add(rank)
        elif now == "drawn":
            maker.step("award", rank, at)
            state[rank] = "awarded"
        elif now == "awarded":
            maker.step("paid", rank, at)
            state[rank] = "paid"


def bent(random: Random, maker: Maker) -> Draw:
    """The draw with one leaf changed, moved, doubled or dropped, and everything signed again."""
    leaves = list(maker.leaves)
    n = random.randrange(len(leaves)) if random.random() < 0.5 else random.choice([0, len(leaves) - 1])
    how = random.randrange(5)
    if how == 0:
        leaves[n] = bent_leaf(random, leaves[n])
    elif how == 1:
        at = random.randrange(len(leaves[n]))
        leaves[n] = leaves[n][:at] + bytes([random.choice(b'0a"{}[]:,\\ \x80-')]) + leaves[n][at + 1 :]
    elif how == 2:
        leaves.insert(random.randrange(1, len(leaves) + 1), leaves[n])
    elif how == 3 and len(leaves) > 1:
        del leaves[random.randrange(1, len(leaves))]
    else:
        m = random.randrange(len(leaves))
        leaves[n], leaves[m] = leaves[m], leaves[n]
    leaves[n:] = [leaf.replace(b"\n", b" ") for leaf in leaves[n:]]
    forged = Maker(random, maker.campaign, maker.host)
    forged.log, forged.origin, forged.leaves = maker.log, maker.origin, leaves
    sealed = next((n for n, leaf in enumerate(leaves, 1) if b'"seal"' in leaf), None)
    return Draw(leaves, maker.rules, maker.log.vkey, forged.checkpoint(), forged.checkpoint(sealed) if sealed else None)


def bent_leaf(random: Random, data: bytes) -> bytes:
    leaf = json.loads(data)
    name = random.choice(sorted(leaf))
    other: list[Any] = [0, 1, -1, 2**53, 2**53 + 2, 1.5, None, True, "", "x", "2023-02-30T00:00:00Z", [], {}, "\ud7ff", "ab", "0" * 64]
    how = random.randrange(4)
    if how == 0:
        del leaf[name]
    elif how == 1:
        leaf[random.choice(["index", "rank", "at", "é", "round", "draws_at", "__proto__"])] = random.choice(other)
    elif how == 2 and isinstance(leaf[name], int):
        leaf[name] += random.choice([-1, 1, 10**6])
    elif how == 2 and isinstance(leaf[name], str) and leaf[name].endswith("Z"):
        leaf[name] = stamp(int(datetime.fromisoformat(leaf[name]).timestamp()) + random.choice([-1, 1, HOUR, DAY, -DAY, 9 * DAY]))
    elif how == 2 and isinstance(leaf[name], dict):
        inner = random.choice(sorted(leaf[name]))
        leaf[name][inner] = random.choice(other)
    else:
        leaf[name] = random.choice(other)
    return canonical(leaf)
