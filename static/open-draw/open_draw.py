#!/usr/bin/env python3
# ruff: noqa: T201, S310 - a command that prints, and that fetches only http(s)
"""Check a draw made under "Open Draw v1". One file, Python 3.9 or later, nothing to install.

    open_draw.py .                                        a bundle: this folder, another one, or bundle.zip
    open_draw.py https://news.example/draws/win-100       the public log of a site
    open_draw.py RECEIPT.txt --email ADDRESS --bundle bundle.zip
    open_draw.py RECEIPT.txt --email ADDRESS --site https://news.example/draws/win-100
    open_draw.py RECEIPT.txt --email ADDRESS --vkey VKEY  the receipt alone

It trusts nothing it reads: it hashes every leaf, derives every ticket and finds the winners itself. The numbers
before its lines are those of section 5 of the protocol. The last line is one of
    verified  |  verified, seal time unproven  |  invalid: the first fault, in words
Exit code 0 for the first two, 1 for invalid, 2 if it could not begin (wrong usage, no such file, no network).

Sources: RFC 6962 (tree), RFC 8032 (Ed25519), RFC 5869 (HKDF), RFC 8785 (canonical JSON), RFC 9380 and drand's quicknet
(beacon), and the C2SP formats signed-note, tlog-checkpoint, tlog-tiles, tlog-proof, tlog-cosignature (c2sp.org).
"""

from __future__ import annotations

import argparse
import base64
import calendar
import email
import email.policy
import email.utils
import hashlib
import hmac
import json
import re
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

QUICKNET = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
QUICKNET_KEY = bytes.fromhex(
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
    "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
)
GENESIS, PERIOD = 1692803367, 3
DST = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
HOUR, DAY = 3600, 86400
VERIFIED, UNPROVEN = "verified", "verified, seal time unproven"
Say = Callable[[str], None]


class Fault(Exception):
    """What is wrong with the draw or the receipt, in one sentence."""


class CannotBegin(Exception):
    """Nothing was checked: wrong usage, a file that is not there, a network that does not answer."""


def need(holds: object, otherwise: str) -> None:
    """Nearly every check below is one such line: what must hold, and the fault where it does not."""
    if not holds:
        raise Fault(otherwise)


def shown(text: str) -> str:
    """Foreign text, made harmless for a terminal."""
    return "".join(c if " " <= c <= "~" else "?" for c in text)[:100]


# ---- The tree (RFC 6962, section 2.1) --------------------------------------------------------------------------------
def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def leaf_hash(leaf: bytes) -> bytes:
    return sha256(b"\0" + leaf)


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right)


def roots(hashes: list[bytes], sizes: Iterable[int]) -> dict[int, bytes]:
    """The root over the first n leaf hashes, for every n in `sizes`: those of one list are consistent."""
    wanted, found, peaks = set(sizes), {}, []
    for n, peak in enumerate(hashes, 1):
        peaks.append(peak)  # the roots of the perfect subtrees so far, the largest first
        carry = n
        while carry % 2 == 0:
            right = peaks.pop()
            peaks[-1] = node_hash(peaks[-1], right)
            carry //= 2
        if n in wanted:
            root = peaks[-1]
            for left in reversed(peaks[:-1]):
                root = node_hash(left, root)
            found[n] = root
    return found


def neighbours(index: int, size: int) -> list[bool]:
    """For every hash of an inclusion proof, from the leaf up: whether it stands to the left (section 2.1.1)."""
    left = []
    while size > 1:
        k = 1 << ((size - 1).bit_length() - 1)  # the largest power of two below size: where the tree is divided
        left.append(index >= k)
        index, size = (index - k, size - k) if index >= k else (index, k)
    return left[::-1]


# ---- Ed25519 (RFC 8032, section 5.1; points in extended coordinates X, Y, Z, T) --------------------------------------

Q = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, Q - 2, Q) % Q


def add(p: tuple, q: tuple) -> tuple:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % Q, (p[1] + p[0]) * (q[1] + q[0]) % Q
    c, d = 2 * p[3] * q[3] * D % Q, 2 * p[2] * q[2] % Q
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % Q, g * h % Q, f * g % Q, e * h % Q


def multiply(k: int, p: tuple) -> tuple:
    result = (0, 1, 1, 0)
    while k:
        if k & 1:
            result = add(result, p)
        p, k = add(p, p), k >> 1
    return result


def decode_point(data: bytes) -> tuple | None:
    """The point that 32 bytes encode, or None (section 5.1.3)."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, Q - 2, Q) % Q
    x = pow(square, (Q + 3) // 8, Q)
    if (x * x - square) % Q:
        x = x * pow(2, (Q - 1) // 4, Q) % Q
    if y >= Q or (x * x - square) % Q or (x == 0 and sign):
        return None
    x = Q - x if x & 1 != sign else x
    return x, y, 1, x * y % Q


def ed25519_verifies(public: bytes, message: bytes, signature: bytes) -> bool:
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r, base = (decode_point(data) for data in (public, signature[:32], b"\x58" + b"\x66" * 31))
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    p, q = multiply(s, base), add(r, multiply(k, a))  # these must be the same point
    return (p[0] * q[2] - q[0] * p[2]) % Q == 0 and (p[1] * q[2] - q[1] * p[2]) % Q == 0


# ---- Signed notes, checkpoints, cosignatures (c2sp.org) --------------------------------------------------------------
class Key(NamedTuple):
    name: str
    id: bytes
    public: bytes


class Checkpoint(NamedTuple):
    what: str
    origin: str
    size: int
    root: bytes
    body: bytes
    signatures: list[tuple[str, bytes, bytes]]  # key name, key id, signature

    def signed_by(self, key: Key) -> list[bytes]:
        return [signature for name, id, signature in self.signatures if (name, id) == (key.name, key.id)]


def as_text(data: bytes, what: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Fault(f"{what} is not text in UTF-8") from None


def as_saved(data: bytes, what: str) -> str:
    """Text from a reader's disk. Programs change line ends, add a byte order mark, drop the last line end: no harm."""
    return as_text(data, what).lstrip("\ufeff").replace("\r\n", "\n").rstrip("\n") + "\n"


def base64_of(text: str) -> bytes:
    """Decoded; nothing where it is not exactly what encoding would give (RFC 4648, section 4)."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        return b""
    return data if base64.b64encode(data).decode() == text else b""


def read_vkey(vkey: str, kind: int, what: str) -> Key:
    """A verifier key: name+id+base64(kind, public key). Kind 1 signs notes, kind 4 timestamps checkpoints."""
    parts = re.fullmatch(r"([!-*,-~]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})", vkey)
    data = base64_of(parts[3]) if parts else b""
    if not parts or len(data) != 33 or data[0] != kind:
        raise Fault(f"{what} is not a vkey of the kind {kind}")
    id = sha256(parts[1].encode() + b"\n" + data)[:4]
    need(id.hex() == parts[2], f"{what} has a key id that does not belong to its key")
    return Key(parts[1], id, data[1:])


def read_checkpoint(note: str, what: str) -> Checkpoint:
    head, _, tail = note.rpartition("\n\n")
    need(head and tail, f"{what} is truncated: it carries no signature")
    need(tail[-1] == "\n" and not re.search("[\0-\t\v-\x1f]", note), f"{what} is not a well-formed signed note")
    signatures = []
    for line in tail[:-1].split("\n"):
        parts = re.fullmatch(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)", line)
        data = base64_of(parts[2]) if parts else b""
        if not parts or len(data) < 5:
            raise Fault(f"{what} has a signature line that is malformed or truncated")
        signatures.append((parts[1], data[:4], data[4:]))
    lines = head.split("\n")
    root = base64_of(lines[2]) if len(lines) > 2 else b""
    stated = all(lines) and len(root) == 32 and re.fullmatch("[1-9][0-9]{0,14}", lines[1])
    need(stated, f"{what} does not state origin, size and root, a line each")
    return Checkpoint(what, lines[0], int(lines[1]), root, (head + "\n").encode(), signatures)


def check_signed(checkpoints: list[Checkpoint], key: Key, say: Say) -> None:
    """Each has the log's own Ed25519 signature (kind 1; others are ignored), and no two of one size conflict."""
    for one in checkpoints:
        what, ours = one.what, one.signed_by(key)
        need(one.origin == key.name, f"{what} is of another log: {shown(one.origin)}, not {key.name}")
        need(ours, f"{what} is not signed by the key of this log")
        for signature in ours:
            need(len(signature) == 64, f"the log's signature on {what} is {len(signature)} bytes long, not 64")
            need(ed25519_verifies(key.public, one.body, signature), f"the log's signature on {what} is wrong")
    for n, one in enumerate(checkpoints):
        for two in checkpoints[n + 1 :]:
            both = f"{one.what} and {two.what}, both signed, have {one.size:,} leaves and different roots"
            need(one.size != two.size or one.root == two.root, f"the log was forked: {both}")
    say("2. Signed by the log: " + ", ".join(f"{one.what} ({one.size:,} leaves)" for one in checkpoints) + ".")


def cosignatures(checkpoint: Checkpoint, witnesses: list[Key]) -> list[tuple[str, int]]:
    """Which of the witnesses we know saw this checkpoint, and when (kind 4: 8 bytes of time, then the signature)."""
    seen = []
    for key in witnesses:
        for data in checkpoint.signed_by(key):
            at = int.from_bytes(data[:8], "big")
            message = b"cosignature/v1\ntime %d\n" % at + checkpoint.body
            good = at < 2**34 and ed25519_verifies(key.public, message, data[8:])
            need(good, f"the cosignature of {key.name} on {checkpoint.what} is wrong")
            seen.append((f"witness {key.name}", at))
    return seen


# ---- Receipts (c2sp.org/tlog-proof) and entries ----------------------------------------------------------------------
class Receipt(NamedTuple):
    nonce: bytes
    index: int
    proof: list[bytes]
    checkpoint: Checkpoint


def read_receipt(data: bytes, what: str) -> Receipt:
    head, blank, note = as_saved(data, what).partition("\n\n")
    first, extra, index_line, *proof_lines = [*head.rstrip("\n").split("\n"), "", ""]
    begins = first == "c2sp.org/tlog-proof@v1"
    need(begins, f"{what} does not begin with c2sp.org/tlog-proof@v1: it is no receipt, or its beginning is missing")
    need(extra.startswith("extra "), f"{what} has no extra line, which holds the nonce")
    nonce = base64_of(extra[6:])
    need(len(nonce) == 32, f"the nonce in {what} is not 32 bytes in base64")
    need(re.fullmatch("index (0|[1-9][0-9]{0,14})", index_line), f"{what} has no line with its index")
    index, proof = int(index_line[6:]), [base64_of(line) for line in proof_lines[:-2]]
    for number, item in enumerate(proof, 4):
        need(len(item) == 32, f"line {number} of {what} is not a hash of 32 bytes in base64")
    need(blank, f"{what} is truncated: no checkpoint follows its proof")
    checkpoint = read_checkpoint(note, f"the checkpoint in {what}")
    size = checkpoint.size
    need(index < size, f"{what} is for entry {index:,}, but its tree has only {size:,} leaves")
    length = len(neighbours(index, size))
    lines = f"{len(proof)} lines; entry {index:,} of {size:,} needs {length}"
    need(len(proof) == length, f"the proof in {what} has {lines}")
    return Receipt(nonce, index, proof, checkpoint)


def read_older(data: bytes, number: int) -> Checkpoint:
    """A receipt or a checkpoint kept from before."""
    text = as_saved(data, f"older file {number}")
    if text.startswith("c2sp.org/tlog-proof@"):
        return read_receipt(data, f"older receipt {number}").checkpoint
    return read_checkpoint(text, f"older checkpoint {number}")


def entry_leaf(receipt: Receipt, campaign: str, address: str) -> bytes:
    """The leaf of the person who holds the receipt's nonce and the address, as the receipt's mail prints it."""
    message = b"\0".join((b"open-draw/1", campaign.encode(), address.encode("utf-8", "surrogateescape")))
    return b'{"commitment":"%s","type":"entry"}' % hmac.new(receipt.nonce, message, "sha256").hexdigest().encode()


def proves(receipt: Receipt, leaf: bytes) -> bool:
    """Whether the proof leads from the leaf to the signed root."""
    root, signed = leaf_hash(leaf), receipt.checkpoint
    for left, neighbour in zip(neighbours(receipt.index, signed.size), receipt.proof):  # noqa: B905 - Python 3.9
        root = node_hash(neighbour, root) if left else node_hash(root, neighbour)
    return root == signed.root


# ---- Leaves: canonical JSON (RFC 8785, restricted) and their members -------------------------------------------------
def seconds(stamp: str) -> int:
    return calendar.timegm(time.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ"))


def stamp_of(at: int) -> str:
    return "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z".format(*time.gmtime(at)[:6])


def is_time(value: object) -> bool:
    """Exactly YYYY-MM-DDTHH:MM:SSZ, of a day that exists."""
    try:
        return isinstance(value, str) and stamp_of(seconds(value)) == value
    except ValueError:
        return False


Test = Callable[[object], bool]


def text(pattern: str) -> Test:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def number(least: int) -> Test:
    return lambda value: type(value) is int and value >= least  # to isinstance() True is an int


def record(**tests: Test) -> Test:
    names = tests.keys()
    return lambda value: isinstance(value, dict) and value.keys() == names and all(tests[k](value[k]) for k in names)


slug, hash_hex, some_hex = text("[a-z0-9][a-z0-9_-]{0,63}"), text("[0-9a-f]{64}"), text("([0-9a-f]{2})*")
drand_terms = record(kind=text("drand"), chain=some_hex, round=number(1))
drand_beacon = record(kind=text("drand"), round=number(1), signature=some_hex)
operator_terms = record(kind=text("operator"), commitment=hash_hex)
operator_beacon = record(kind=text("operator"), secret=some_hex)
ranked = record(rank=number(1), index=number(0), ticket=hash_hex)
REMOVAL: dict[str, Test] = {"index": number(0), "reason": slug}
STEP: dict[str, Test] = {"at": is_time, "rank": number(1)}
LEAVES: dict[str, dict[str, Test]] = {
    "open": {
        **{"protocol": text("open-draw/1"), "origin": text("[!-*,-~]+"), "campaign": slug, "rules_sha256": hash_hex},
        **dict.fromkeys(("opens_at", "closes_at", "seals_at", "draws_at"), is_time),
        **{"winners": number(1), "alternates": number(0), "claim_days": number(0)},
        "beacon": lambda value: drand_terms(value) or operator_terms(value),
    },
    "entry": {"commitment": hash_hex},
    "withdraw": REMOVAL,
    "exclude": REMOVAL,
    "seal": {"at": is_time, "entries": number(0), "eligible": number(0)},
    "draw": {
        "at": is_time,
        "beacon": lambda value: drand_beacon(value) or operator_beacon(value),
        "ranking": lambda value: isinstance(value, list) and all(map(ranked, value)),
    },
    "forfeit": {**STEP, "reason": text("no_answer|declined|ineligible|erasure")},
    "award": STEP,
    "paid": STEP,
    "void": {"at": is_time, "reason": slug},
}
LATE: dict[str, Test] = {"draws_at": is_time, "reason": slug}  # a late seal's, besides drand's new round
PLAIN_ENTRY = re.compile(rb'\{"commitment":"[0-9a-f]{64}","type":"entry"\}')  # the only canonical form of an entry


def allowed(value: object) -> bool:
    """No null, no fractions, integers within 2^53, ASCII names."""
    if isinstance(value, dict):
        return all(key.isascii() and allowed(inner) for key, inner in value.items())
    if isinstance(value, list):
        return all(map(allowed, value))
    return isinstance(value, (str, bool)) or (type(value) is int and abs(value) <= 2**53)


def canonical(data: bytes) -> object:
    """The value that `data` encodes; None unless encoding it again gives the same bytes."""
    try:
        value = json.loads(data.decode("utf-8"))
        again = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
        return value if again == data and allowed(value) else None
    except (ValueError, RecursionError):
        return None


def read_leaf(data: bytes, n: int) -> dict:
    """Leaf n with the members of its type, each well-formed, and no others."""
    need(len(data) <= 65535, f"leaf {n:,} is longer than 65,535 bytes")
    leaf = canonical(data)
    need(leaf is not None, f"leaf {n:,} is not canonical JSON")
    kind = leaf.get("type") if isinstance(leaf, dict) else None
    if not isinstance(leaf, dict) or not isinstance(kind, str) or kind not in LEAVES:
        raise Fault(f"leaf {n:,} is of an unknown type")
    tests = {**LEAVES[kind], "type": text(kind)}
    if kind == "seal" and {"draws_at", "reason", "round"} & leaf.keys():
        tests.update(LATE, **({"round": number(1)} if "round" in leaf else {}))
    need(leaf.keys() <= tests.keys(), f"leaf {n:,} ({kind}) has a member that does not belong there")
    for name in sorted(tests):
        need(name in leaf, f"leaf {n:,} ({kind}) lacks its {name}")
        need(tests[name](leaf[name]), f"leaf {n:,} ({kind}) has an ill-formed {name}")
    return leaf


# ---- The log as a whole ----------------------------------------------------------------------------------------------
@dataclass
class Log:
    leaves: list[bytes]
    terms: dict  # leaf 0
    hashes: list[bytes] = field(default_factory=list)
    entries: dict[str, int] = field(default_factory=dict)  # commitment: index
    removed: dict[int, dict] = field(default_factory=dict)
    seal: dict | None = None
    draw: dict | None = None
    void: dict | None = None
    steps: list[tuple[int, dict]] = field(default_factory=list)  # what follows the draw
    ranks: list[tuple[bytes, int]] = field(default_factory=list)  # ticket and index of every eligible entry, in order
    forfeited: dict[int, str] = field(default_factory=dict)

    @property
    def operator(self) -> bool:
        return self.terms["beacon"]["kind"] == "operator"

    @property
    def eligible(self) -> int:
        return len(self.entries) - len(self.removed)

    @property
    def ranking(self) -> int:
        """How many ranks the draw names: winners and alternates, as far as there are entries."""
        return min(self.eligible, self.terms["winners"] + self.terms["alternates"])

    def holders(self) -> list[int]:
        """The ranks that hold a prize: the lowest of the ranking that are not forfeited."""
        ranks = [rank for rank in range(1, 1 + self.ranking) if rank not in self.forfeited]
        return ranks[: self.terms["winners"]]


def check_roots(log: Log, size: int, checkpoints: list[Checkpoint]) -> None:
    """The leaves hash to every signed root, and so these are consistent with each other."""
    count = len(log.leaves)
    need(count == size, f"the log holds {count:,} leaves, its checkpoint counts {size:,}")
    log.hashes = [leaf_hash(leaf) for leaf in log.leaves]
    found = roots(log.hashes, (one.size for one in checkpoints))
    for one in checkpoints:
        root = f"the root of {one.what}: it is signed, so leaves were changed or the log was forked"
        need(found[one.size] == one.root, f"the leaves do not hash to {root}")


def check_seals(log: Log, sealed: Checkpoint | None) -> None:
    """The last leaf under the sealed checkpoint is the only seal. Members are sorted, so every seal ends like this."""
    seals = [n for n, leaf in enumerate(log.leaves) if leaf.endswith(b'"type":"seal"}')]
    last = sealed.size - 1 if sealed else -1
    need(not sealed or last in seals, f"leaf {last:,}, the last under the sealed checkpoint, is not a seal")
    if seals and not sealed:
        raise Fault(f"leaf {seals[0]:,} is a seal, but the sealed checkpoint is missing")
    if len(seals) > 1:
        raise Fault(f"the log has more than one seal: leaves {seals[0]:,} and {seals[1]:,}")


def check_leaves(log: Log) -> None:
    """Every leaf is well-formed and allowed where it stands."""
    for n, data in enumerate(log.leaves[1:], 1):
        if PLAIN_ENTRY.fullmatch(data) and not log.seal and not log.void:
            first = log.entries.setdefault(data[15:79].decode(), n)
            need(first == n, f"leaves {first:,} and {n:,} have the same commitment")
        else:
            check_leaf(log, read_leaf(data, n), n)


def check_leaf(log: Log, leaf: dict, n: int) -> None:
    kind, what = leaf["type"], f"leaf {n:,} ({leaf['type']})"
    need(not log.void, f"{what} follows the void, which ends a log")
    need(kind != "open", f"leaf {n:,} opens the log a second time")
    need(not log.seal or kind not in ("entry", "withdraw", "exclude"), f"{what} comes after the seal")
    if kind in ("withdraw", "exclude"):
        index = leaf["index"]
        earlier = index < n and PLAIN_ENTRY.fullmatch(log.leaves[index])
        need(earlier, f"{what} does not name an earlier entry")
        need(index not in log.removed, f"{what} removes entry {index:,} a second time")
        log.removed[index] = leaf
    elif kind == "seal":
        log.seal = leaf
    elif kind == "draw":
        need(not log.draw, f"leaf {n:,} is a second draw")
        need(log.seal, f"{what} comes before the seal")
        log.draw = leaf
    elif kind == "void":
        need(not log.draw, f"{what} comes after the draw")
        log.void = leaf
    else:
        need(log.draw, f"{what} comes before the draw")
        log.steps.append((n, leaf))


# ---- Times and the beacon --------------------------------------------------------------------------------------------
def round_at(at: int) -> int:
    """quicknet's first round at or after a time."""
    return -(-(at - GENESIS) // PERIOD) + 1


def check_times(log: Log) -> tuple[int, int]:
    """When the draw is due, and the round it must use (0 for an operator's): from leaf 0, or moved by a late seal."""
    beacon, seal, seals_at = log.terms["beacon"], log.seal, seconds(log.terms["seals_at"])
    due, round = seconds(log.terms["draws_at"]), beacon.get("round", 0)
    if not log.operator:
        first = round_at(due)
        need(beacon["chain"] == QUICKNET, "leaf 0 names another beacon chain than drand's quicknet")
        pinned = f"round {round:,}, but the first round at or after draws_at is {first:,}"
        need(round == first, f"leaf 0 pins {pinned}")
    if not seal:
        return due, round
    at = seconds(seal["at"])
    need(log.operator or at >= seals_at, "the seal is dated before seals_at")
    if at > due - HOUR:
        days = max(1, -(-(at + HOUR - due) // DAY))
        need(days <= 7, "the seal is more than seven days late: the campaign is void")
        due += days * DAY
        round = 0 if log.operator else round_at(due)
        moved = seal.get("draws_at") == stamp_of(due) and seal.get("round", 0) == round
        to = stamp_of(due) + (f", round {round:,}" if round else "")
        need(moved, f"the seal is late and must move the draw to {to}")
    else:
        need("draws_at" not in seal, "the seal moves the draw without being late")
    # Only an operator's campaign may be closed early, and then drawn at once.
    earliest = at if log.operator and at < seals_at else due
    need(not log.draw or seconds(log.draw["at"]) >= earliest, "the draw is dated before it was due")
    return due, round


def bls_verifies(round: int, signature: bytes) -> bool | None:
    """BLS12-381, signature in G1, by a library (pip install py_arkworks_bls12381); None where it is not installed."""
    try:
        from py_arkworks_bls12381 import GT, G1Point, G2Point
    except ImportError:
        return None
    try:
        point = G1Point.from_compressed_bytes(signature)  # else off the curve, or outside the subgroup
    except ValueError:
        return False
    message = G1Point.hash_to_curve(sha256(round.to_bytes(8, "big")), DST)
    holds = GT.pairing(point, G2Point()) == GT.pairing(message, G2Point.from_compressed_bytes(QUICKNET_KEY))
    return holds and point.to_compressed_bytes() == signature  # no second spelling of a point


def check_beacon(log: Log, beacon: dict, round: int, say: Say) -> bytes:
    """The 32 bytes B that the draw is made from."""
    kind, used = log.terms["beacon"]["kind"], beacon.get("round", 0)
    need(beacon["kind"] == kind, "the draw's beacon is not of the kind that leaf 0 names")
    if log.operator:
        secret = bytes.fromhex(beacon["secret"])
        need(len(secret) == 32, f"the operator's secret is {len(secret)} bytes long, not 32")
        kept = sha256(secret).hex() == log.terms["beacon"]["commitment"]
        need(kept, "the operator's secret is not the one that leaf 0 commits to")
        say("7. The operator's secret is the one that leaf 0 commits to.")
        return secret
    need(used == round, f"the draw used round {used:,} of the beacon, not round {round:,}")
    signature = bytes.fromhex(beacon["signature"])
    need(len(signature) == 48, f"the beacon's signature is {len(signature)} bytes long, not 48")
    need(signature[0] & 0xC0 == 0x80, "the beacon's signature is not a compressed point, or is infinity")
    good = bls_verifies(round, signature)
    need(good is not False, f"the beacon's signature is not drand's for round {round:,}")
    if good:
        say(f"7. The beacon's signature is drand's for round {round:,} (checked with py_arkworks_bls12381).")
    else:
        missing = "no BLS library is installed (pip install py_arkworks_bls12381)"
        say(f"7. The beacon's signature was NOT CHECKED: {missing}.")
        say(f"   Compare it: https://api.drand.sh/{QUICKNET}/public/{round} must show {signature.hex()}")
    return sha256(signature)


# ---- The draw and what follows it ------------------------------------------------------------------------------------
def rank_entries(log: Log, root: bytes, b: bytes) -> None:
    """The ticket of every eligible entry: HKDF-SHA256 with R as salt, B as key material, the leaf hash as info."""
    prk = hmac.new(root, b, "sha256").digest()
    eligible = (index for index in log.entries.values() if index not in log.removed)
    log.ranks = sorted((hmac.new(prk, log.hashes[index] + b"\1", "sha256").digest(), index) for index in eligible)


def check_ranking(log: Log, stated: list[dict]) -> None:
    need(log.ranking, "a draw was made with nobody eligible")
    need(len(stated) == log.ranking, f"the ranking has {len(stated):,} ranks, not {log.ranking:,}")
    for rank, (ticket, index) in enumerate(log.ranks[: log.ranking], 1):
        right = stated[rank - 1] == {"rank": rank, "index": index, "ticket": ticket.hex()}
        need(right, f"the ranking is wrong at rank {rank}: it belongs to entry {index:,}, ticket {ticket.hex()}")


def check_steps(log: Log, drawn_at: str, say: Say) -> None:
    """Forfeits, awards and payments: each of a rank that holds a prize, in order and in time."""
    last, days = seconds(drawn_at), log.terms["claim_days"]
    offered = dict.fromkeys(log.holders(), last)  # rank: when its claim time began
    state: dict[int, str] = {}
    for n, leaf in log.steps:
        kind, rank, at, reason = leaf["type"], leaf["rank"], seconds(leaf["at"]), leaf.get("reason")
        what = f"leaf {n:,} ({kind}, rank {rank:,})"
        need(at >= last, f"{what} is dated before what it follows")
        need(rank <= log.ranking, f"{what} names a rank that is not in the ranking")
        need(rank not in log.forfeited, f"{what} names a rank that is forfeited")
        need(rank in offered, f"{what} names a rank that holds no prize")
        need(state.get(rank) != "paid", f"{what} names a rank that is paid")
        need(kind != "award" or rank not in state, f"{what} names a rank that is awarded already")
        need(kind != "paid" or rank in state, f"{what} names a rank that was not awarded")
        waited = reason != "no_answer" or at >= offered[rank] + days * DAY
        need(waited, f"{what} comes before the {days:,} days to answer were over")
        if kind == "forfeit":
            log.forfeited[rank] = leaf["reason"]
            offered = {**dict.fromkeys(log.holders(), at), **offered}
        else:
            state[rank] = "awarded" if kind == "award" else "paid"
        last = at
    say(f"9. {len(log.steps):,} forfeits, awards and payments, in order and in time.")
    for rank, reason in log.forfeited.items():
        say(f"   Forfeited: entry {log.ranks[rank - 1][1]:,} (rank {rank}, {reason}).")
    for rank in log.holders():
        say(f"   Winner: entry {log.ranks[rank - 1][1]:,} (rank {rank}, {state.get(rank, 'drawn')}).")
    if len(log.holders()) < log.terms["winners"]:
        say(f"   Prizes not awarded, for want of alternates: {log.terms['winners'] - len(log.holders())}.")


# ---- When was it sealed? ---------------------------------------------------------------------------------------------
def read_letter(data: bytes, root: bytes) -> tuple[str, int]:
    """Who received the seal's letter, and when: from the uppermost Received line, that of the reader's own provider."""
    try:
        letter = email.message_from_bytes(data, policy=email.policy.default)
        body = "\n".join(part.get_content() for part in letter.walk() if part.get_content_type() == "text/plain")
        received = " ".join(str(letter.get("Received", "")).split())
    except Exception:  # the parser raises many kinds for what is no letter
        raise Fault("the letter cannot be read: save it from your mail program as .eml") from None
    need(base64.b64encode(root).decode() in body, "the letter does not state the sealed root R")
    by, at = re.search(r"\bby ([!-~]+)", received), email.utils.parsedate_tz(received.rpartition(";")[2])
    if not by or not at or at[9] is None:
        raise Fault("the letter has no Received line with a time: save it with all its headers")
    return f"the mail in your inbox, received by {by[1]},", calendar.timegm((*at[:6], 0, 0, 0)) - at[9]


def check_seal_time(log: Log, round: int, seen: list[tuple[str, int]], say: Say) -> bool:
    """Whether anybody but the publisher saw R before the round's time. Nothing in the log itself dates the seal."""
    if log.operator:
        say("   OPERATOR-TRUSTED: who knows the secret can try entries until a friend wins. No time of the seal helps.")
        return False
    before = GENESIS + (round - 1) * PERIOD
    for who, at in sorted(set(seen)):
        when = "before" if at < before else "NOT before"
        say(f"   R was seen at {stamp_of(at)} by {who} {when} the round of {stamp_of(before)}.")
    if any(at < before for _, at in seen):
        return True
    inbox = f"look in your inbox for the mail with R, from before {stamp_of(before)}."
    say(f"   Nobody's word but the publisher's dates R: {inbox}")
    return False


# ---- All checks, in order --------------------------------------------------------------------------------------------
class Shown(NamedTuple):
    """What the publisher shows: a bundle's files, or what a site serves."""

    rules: bytes
    leaves: list[bytes]
    checkpoint: bytes
    sealed: bytes | None = None
    manifest: dict | None = None


class Mine(NamedTuple):
    """What the reader brings."""

    vkey: str | None = None
    receipt: bytes | None = None
    email: str = ""
    older: list[bytes] = []  # noqa: RUF012 - nobody appends to it
    witnesses: list[str] = []  # noqa: RUF012
    letter: bytes | None = None


def check_key(show: Shown, terms: dict, given: str | None, say: Say) -> Key:
    """Check 1. The vkey is from the reader's own mail if given, else from the rules; they may not differ."""
    need(terms["type"] == "open", "leaf 0 does not open a log")
    named = terms["origin"].endswith(f"/draws/{terms['campaign']}/log")
    need(named, "the origin in leaf 0 is not that of its campaign's log")
    opens, closes, seals, draws = (seconds(terms[name]) for name in ("opens_at", "closes_at", "seals_at", "draws_at"))
    order = "opens_at < closes_at <= seals_at <= draws_at - 1 h"
    need(opens < closes <= seals <= draws - HOUR, f"the times in leaf 0 are not in order: {order}")
    need(terms["winners"] + terms["alternates"] <= 500, "leaf 0 has more than 500 winners and alternates")
    origin, right = terms["origin"], sha256(show.rules).hex() == terms["rules_sha256"]
    need(right, "the rules are not those that leaf 0 names: their SHA-256 differs")
    found = re.findall(re.escape(origin.encode()) + rb"\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}", show.rules)
    in_rules = {vkey.decode() for vkey in found}
    need(len(in_rules) < 2, "the rules hold more than one vkey of this log")
    need(in_rules or given, "the rules do not hold the log's vkey: give the one that your mail prints")
    need(not in_rules or not given or given in in_rules, "the vkey you gave is not the one in the rules")
    vkey = given or min(in_rules)
    key = read_vkey(vkey, 1, "the log's vkey")
    need(key.name == origin, f"the vkey is of another log: {key.name}, not {origin}")
    true = {"protocol": "open-draw/1", "campaign": terms["campaign"], "origin": origin, "vkey": vkey}
    for name, value in {**true, "size": len(show.leaves)}.items():
        same = show.manifest is None or show.manifest.get(name) == value
        need(same, f"the {name} in manifest.json is not that of the log")
    whence = "which you gave" if given else "from the rules: compare it with the one in your mail"
    say(f"1. The log's key is {vkey} ({whence}). Origin, leaf 0 and rules agree.")
    return key


def check_draw(log: Log, root: bytes, round: int, say: Say) -> None:
    """Checks 7 to 9."""
    if log.void:
        say(f"   Void since {log.void['at']} ({log.void['reason']}): there is no draw.")
    elif not log.draw:
        say("   Sealed, not drawn yet." if log.seal else "   Not sealed yet: entries may still come and go.")
    else:
        rank_entries(log, root, check_beacon(log, log.draw["beacon"], round, say))
        check_ranking(log, log.draw["ranking"])
        first = f"Rank 1 is entry {log.ranks[0][1]:,}, ticket {log.ranks[0][0].hex()}."
        say(f"8. All {log.eligible:,} tickets recomputed; the ranking is right. {first}")
        check_steps(log, log.draw["at"], say)


def check_entry(log: Log, receipt: Receipt, address: str, say: Say) -> None:
    """Check 10."""
    mine, index = entry_leaf(receipt, log.terms["campaign"], address), receipt.index
    if log.leaves[index] != mine:
        true = log.entries.get(mine[15:79].decode())
        need(true is None, f"your entry is number {true or 0:,} in the log, your receipt says {index:,}")
        is_entry = PLAIN_ENTRY.fullmatch(log.leaves[index])
        need(is_entry, f"your receipt says {index:,}, but that leaf is not an entry")
        whose = f"this e-mail and the receipt's nonce are not those of entry {index:,}"
        raise Fault(f"{whose}: type the address exactly as your mail prints it")
    need(proves(receipt, mine), "the proof in your receipt does not lead to the root it states")
    if index in log.removed:
        why = f"{log.removed[index]['type']}, {log.removed[index]['reason']}"
        raise Fault(f"your entry {index:,} took no part: removed before the seal ({why})")
    say(f"10. Your entry number {index:,} (its place in the log); {log.eligible:,} eligible.")
    if not log.ranks:
        return
    rank = next(rank for rank, (_, owner) in enumerate(log.ranks, 1) if owner == index)
    say(f"    Your ticket {log.ranks[rank - 1][0].hex()} is rank {rank:,}.")
    if rank in log.forfeited:
        say(f"    It was drawn, and forfeited ({log.forfeited[rank]}).")
    elif rank in log.holders():
        say("    YOU WON: it is among the lowest that are not forfeited.")
    elif log.holders():
        last = log.holders()[-1]
        ticket, owner = log.ranks[last - 1]
        say(f"    The winner's {ticket.hex()} is lower (entry {owner:,}, rank {last}).")


def check(show: Shown, mine: Mine, say: Say = print) -> str:
    """Checks 1 to 10: says what it finds and returns a good ending. Raises Fault at the first fault."""
    receipt = read_receipt(mine.receipt, "your receipt") if mine.receipt is not None else None
    witnesses = [read_vkey(vkey, 4, "a witness's key") for vkey in mine.witnesses]
    need(show.leaves, "the log holds no leaves")
    log = Log(show.leaves, read_leaf(show.leaves[0], 0))
    key = check_key(show, log.terms, mine.vkey, say)

    notes = ((show.sealed, "the sealed checkpoint"), (show.checkpoint, "the current checkpoint"))
    sealed, current = (read_checkpoint(as_text(note, what), what) if note is not None else None for note, what in notes)
    signed = [one for one in (sealed, current, receipt and receipt.checkpoint) if one]
    signed += [read_older(data, number) for number, data in enumerate(mine.older, 1)]
    check_signed(signed, key, say)
    for one in signed:
        sizes = f"{one.what} has {one.size:,} leaves, the current checkpoint {current.size:,}"
        need(one.size <= current.size, f"the log was rolled back: {sizes}")
    seen = [saw for one in signed if sealed and one.size >= sealed.size for saw in cosignatures(one, witnesses)]

    check_roots(log, current.size, signed)
    check_seals(log, sealed)
    only = f" R = {sealed.root.hex()}; leaf {sealed.size - 1:,} is the only seal." if sealed else ""
    say(f"3. All {current.size:,} leaves hash to these roots.{only}")
    check_leaves(log)
    say("4. Every leaf is well-formed and in order; no two commitments are equal.")
    for name, count in (("entries", len(log.entries)), ("eligible", log.eligible)):
        stated = log.seal[name] if log.seal else count
        need(stated == count, f"the seal states {stated:,} {name}, the leaves hold {count:,}")
    say(f"5. {len(log.entries):,} entries, {len(log.removed):,} of them removed, {log.eligible:,} eligible.")

    due, round = check_times(log)
    source = f"round {round:,}" if round else "the operator's own secret"
    say(f"6. The draw is due at {stamp_of(due)}, by {source}.")
    if log.seal and "draws_at" in log.seal:
        say(f"   LATE SEAL ({log.seal['reason']}): it moved the draw, which gives the publisher a veto on one draw.")
    if sealed and mine.letter is not None:
        seen.append(read_letter(mine.letter, sealed.root))
    proven = check_seal_time(log, round, seen, say) if sealed else False
    check_draw(log, sealed.root if sealed else b"", round, say)
    if receipt:
        check_entry(log, receipt, mine.email, say)
    return VERIFIED if proven else UNPROVEN


def check_receipt(mine: Mine, say: Say = print) -> str:
    """A receipt alone, by the vkey in one's mail: checks 1, 2 and 10 as far as they go without the log."""
    receipt = read_receipt(mine.receipt or b"", "your receipt")
    key = read_vkey(mine.vkey or "", 1, "the log's vkey")
    campaign = re.fullmatch(r".+/draws/([a-z0-9][a-z0-9_-]{0,63})/log", key.name)
    if not campaign:
        raise Fault("the vkey does not name the log of a campaign")
    signed = [receipt.checkpoint] + [read_older(data, number) for number, data in enumerate(mine.older, 1)]
    check_signed(signed, key, say)
    if not proves(receipt, entry_leaf(receipt, campaign[1], mine.email)):
        raise Fault(
            "the proof does not lead from this e-mail and the receipt's nonce to the signed root: the address (type it"
            " exactly as your mail prints it), the index or a line of the proof is wrong"
        )
    size, root = receipt.checkpoint.size, receipt.checkpoint.root.hex()
    say(f"10. Your entry number {receipt.index:,} (its place in the log) is under the root {root} of {size:,} leaves.")
    say("    Not checked without the whole draw: whether it was removed, the tickets, the winner.")
    return UNPROVEN


# ---- Where it all comes from -----------------------------------------------------------------------------------------
def read_file(path: str | Path) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise CannotBegin(f"cannot read {shown(str(path))}: {error.strerror}") from None


def files_of(bundle: str) -> Callable[[str], bytes | None]:
    """Reads a file of a bundle by name; None where there is none."""
    if Path(bundle).is_dir():
        return lambda name: read_file(Path(bundle, name)) if Path(bundle, name).is_file() else None
    read_file(bundle)
    try:
        archive = zipfile.ZipFile(bundle)
    except (OSError, zipfile.BadZipFile):
        raise Fault("the bundle is not a whole zip file") from None
    names = archive.namelist()
    need(len(set(names)) == len(names), "the bundle holds a file twice")

    def read(name: str) -> bytes | None:
        try:
            return archive.read(name) if name in names else None
        except Exception:  # zipfile raises many kinds for what is damaged or encrypted
            raise Fault(f"{name} in the bundle is damaged") from None

    return read


def read_bundle(read: Callable[[str], bytes | None]) -> Shown:
    """What a bundle shows, each file the one that manifest.json lists."""
    try:
        manifest = json.loads((read("manifest.json") or b"").decode("utf-8"))
        names = manifest["files"].keys()
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        raise Fault("the bundle has no manifest.json that lists its files") from None
    held: dict[str, bytes] = {}
    for name in sorted({*names, "rules.txt", "leaves.jsonl", "checkpoint"}):
        plain = re.fullmatch("[A-Za-z0-9_][A-Za-z0-9._-]*", name)
        need(plain, "manifest.json lists something that is not a plain file name")
        data = read(name)
        if data is None:
            raise Fault(f"the bundle lacks {name}")
        listed = sha256(data).hex() == manifest["files"].get(name)
        need(listed, f"{name} is not the file that manifest.json lists")
        held[name] = data
    leaves = held["leaves.jsonl"].split(b"\n")
    leaves = leaves[:-1] if leaves[-1] == b"" else leaves
    return Shown(held["rules.txt"], leaves, held["checkpoint"], held.get("sealed"), manifest)


def fetch(url: str) -> bytes | None:
    """What is served there; None for "not found"."""
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "open_draw.py"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in (404, 410):
            return None
        raise CannotBegin(f"{shown(url)} answers {error.code}") from None
    except (OSError, ValueError) as error:
        raise CannotBegin(f"cannot fetch {shown(url)}: {shown(str(error))}") from None


def tile_path(tile: int, width: int) -> str:
    """The end of a tile's address (tlog-tiles): number 1234067 is x001/x234/067, a partial tile ends in .p/<width>."""
    path = f"{tile % 1000:03}"
    while tile := tile // 1000:
        path = f"x{tile % 1000:03}/{path}"
    return path if width == 256 else f"{path}.p/{width}"


def read_entry_bundle(data: bytes, tile: int, width: int) -> list[bytes]:
    """The first `width` leaves in it. Before each stands its length, two bytes big-endian."""
    leaves, at = [], 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        leaves.append(data[at + 2 : end])
        at = end
    whole = at == len(data) and len(leaves) >= width
    need(whole, f"entry bundle {tile:,} of the log is truncated or malformed")
    return leaves[:width]


def walk(site: str) -> Shown:
    """What a site serves of a draw, by tlog-tiles."""
    base = site.rstrip("/")

    def served(*names: str) -> bytes:
        for name in names:
            data = fetch(f"{base}/{name}")
            if data is not None:
                return data
        raise Fault(f"the site does not serve {names[0]}")

    rules, sealed, checkpoint = served("rules.txt"), fetch(f"{base}/sealed"), served("log/checkpoint")
    size = read_checkpoint(as_text(checkpoint, "the current checkpoint"), "the current checkpoint").size
    leaves: list[bytes] = []
    while len(leaves) < size:
        tile, width = len(leaves) // 256, min(256, size - len(leaves))
        # A partial bundle may be gone once the full one is there.
        data = served(*(f"log/tile/entries/{tile_path(tile, w)}" for w in sorted({width, 256})))
        leaves += read_entry_bundle(data, tile, width)
    return Shown(rules, leaves, checkpoint, sealed)


# ---- The command -----------------------------------------------------------------------------------------------------
def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    many = {"action": "append", "default": []}
    parser.add_argument("what", help="a bundle (folder or zip), the address of a draw, or a receipt")
    parser.add_argument("--email", metavar="ADDRESS", help="with a receipt: your address, as its mail prints it")
    parser.add_argument("--bundle", metavar="FOLDER_OR_ZIP", help="with a receipt: the draw's bundle")
    parser.add_argument("--site", metavar="URL", help="with a receipt: the draw's address")
    parser.add_argument("--vkey", help="the log's key, as your mail prints it")
    parser.add_argument("--older", metavar="FILE", help="a receipt or checkpoint from before (repeatable)", **many)
    parser.add_argument("--witness", metavar="VKEY", help="the key of a witness you trust (repeatable)", **many)
    parser.add_argument("--letter", metavar="FILE.eml", help="the mail that told you R, saved with all its headers")
    return parser.parse_args()


def is_address(text: str) -> bool:
    return re.match("https?://", text) is not None


def run(given: argparse.Namespace) -> str:
    what, source, receipt = given.what, given.site or given.bundle, None
    if is_address(what) or what.endswith(".zip") or Path(what).is_dir() or zipfile.is_zipfile(what):
        if given.email or source:
            raise CannotBegin("--email, --bundle and --site go with a receipt")
        source = what
    else:
        receipt = read_file(what)
        wrong = (given.bundle and given.site) or (given.site and not is_address(given.site))
        if wrong or given.email is None or not (source or given.vkey):
            raise CannotBegin("a receipt needs --email, and one of --bundle, --site https://... or --vkey: see --help")
    older, letter = [read_file(path) for path in given.older], read_file(given.letter) if given.letter else None
    mine = Mine(given.vkey, receipt, given.email or "", older, given.witness, letter)
    if not source:
        return check_receipt(mine)
    return check(walk(source) if is_address(source) else read_bundle(files_of(source)), mine)


def main() -> int:
    try:
        print(run(arguments()))
    except Fault as fault:
        print(f"invalid: {fault}")
        return 1
    except CannotBegin as why:
        print(f"open_draw.py: {why}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
