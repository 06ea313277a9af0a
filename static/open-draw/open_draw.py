#!/usr/bin/env python3
# ruff: noqa: T201, S310, PLR0912 - a command that prints, that fetches only http(s), and whose checks stand in one list
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
import gzip
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
    """The root over the first n leaf hashes, for every n in `sizes`, in one pass. Checkpoints that have these roots
    are consistent with each other: they are trees over beginnings of one and the same list."""
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


def split(size: int) -> int:
    """The largest power of two below `size`: where RFC 6962 divides a tree."""
    return 1 << ((size - 1).bit_length() - 1)


def proof_length(index: int, size: int) -> int:
    if size == 1:
        return 0
    k = split(size)
    return 1 + (proof_length(index, k) if index < k else proof_length(index - k, size - k))


def root_by_proof(leaf: bytes, index: int, size: int, proof: list[bytes]) -> bytes:
    """The root that an inclusion proof of the right length leads to (RFC 6962, section 2.1.1, read backwards)."""
    if size == 1:
        return leaf
    k = split(size)
    if index < k:
        return node_hash(root_by_proof(leaf, index, k, proof[:-1]), proof[-1])
    return node_hash(proof[-1], root_by_proof(leaf, index - k, size - k, proof[:-1]))


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
    """The point that 32 bytes encode, or None (RFC 8032, section 5.1.3)."""
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
    a, r, base = decode_point(public), decode_point(signature[:32]), decode_point(b"\x58" + b"\x66" * 31)
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or base is None or s >= ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    p, q = multiply(s, base), add(r, multiply(k, a))  # these must be the same point
    return (p[0] * q[2] - q[0] * p[2]) % Q == 0 and (p[1] * q[2] - q[1] * p[2]) % Q == 0


# ---- Signed notes, checkpoints, cosignatures (c2sp.org) --------------------------------------------------------------


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


@dataclass(frozen=True)
class Key:
    name: str
    id: bytes
    public: bytes


def read_vkey(vkey: str, kind: int, what: str) -> Key:
    """A verifier key: name+id+base64(kind, public key). Kind 1 signs notes, kind 4 timestamps checkpoints."""
    parts = re.fullmatch(r"([!-*,-~]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})", vkey)
    data = base64_of(parts[3]) if parts else b""
    if not parts or len(data) != 33 or data[0] != kind:
        raise Fault(f"{what} is not a vkey of the kind {kind}")
    if sha256(parts[1].encode() + b"\n" + data)[:4].hex() != parts[2]:
        raise Fault(f"{what} has a key id that does not belong to its key")
    return Key(parts[1], bytes.fromhex(parts[2]), data[1:])


@dataclass(frozen=True)
class Checkpoint:
    what: str
    origin: str
    size: int
    root: bytes
    body: bytes
    signatures: list[tuple[str, bytes]]  # key name; key id and signature


def read_checkpoint(note: str, what: str) -> Checkpoint:
    head, _, tail = note.rpartition("\n\n")
    if not head or not tail:
        raise Fault(f"{what} is truncated: it carries no signature")
    if not tail.endswith("\n") or any(c < " " and c != "\n" for c in note):
        raise Fault(f"{what} is not a well-formed signed note")
    signatures = []
    for line in tail[:-1].split("\n"):
        parts = re.fullmatch(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)", line)
        data = base64_of(parts[2]) if parts else b""
        if not parts or len(data) < 5:
            raise Fault(f"{what} has a signature line that is malformed or truncated")
        signatures.append((parts[1], data))
    lines = head.split("\n")
    stated = len(lines) >= 3 and all(lines) and re.fullmatch("[1-9][0-9]{0,14}", lines[1]) and len(base64_of(lines[2])) == 32
    if not stated:
        raise Fault(f"{what} does not state origin, size and root, a line each")
    return Checkpoint(what, lines[0], int(lines[1]), base64_of(lines[2]), (head + "\n").encode(), signatures)


def check_signature(checkpoint: Checkpoint, key: Key) -> None:
    """The log's own Ed25519 signature (kind 1). Signatures of unknown keys are ignored, as the format asks."""
    if checkpoint.origin != key.name:
        raise Fault(f"{checkpoint.what} is of another log: {shown(checkpoint.origin)}, not {key.name}")
    ours = [data[4:] for name, data in checkpoint.signatures if (name, data[:4]) == (key.name, key.id)]
    if not ours:
        raise Fault(f"{checkpoint.what} is not signed by the key of this log")
    for signature in ours:
        if len(signature) != 64:
            raise Fault(f"the log's signature on {checkpoint.what} is {len(signature)} bytes long, not 64")
        if not ed25519_verifies(key.public, checkpoint.body, signature):
            raise Fault(f"the log's signature on {checkpoint.what} is wrong")


def cosignatures(checkpoint: Checkpoint, witnesses: list[Key]) -> list[tuple[str, int]]:
    """Which of the witnesses we know saw this checkpoint, and when (kind 4: 8 bytes of time, then the signature)."""
    seen = []
    for key in witnesses:
        for data in [data for name, data in checkpoint.signatures if (name, data[:4]) == (key.name, key.id)]:
            at = int.from_bytes(data[4:12], "big")
            message = b"cosignature/v1\ntime %d\n" % at + checkpoint.body
            if at >= 2**34 or not ed25519_verifies(key.public, message, data[12:]):
                raise Fault(f"the cosignature of {key.name} on {checkpoint.what} is wrong")
            seen.append((f"witness {key.name}", at))
    return seen


def check_signed(checkpoints: list[Checkpoint], key: Key) -> None:
    """Every one is signed, and no two signed ones conflict: of one size with different roots they prove fraud."""
    for checkpoint in checkpoints:
        check_signature(checkpoint, key)
    for n, one in enumerate(checkpoints):
        for two in checkpoints[n + 1 :]:
            if one.size == two.size and one.root != two.root:
                raise Fault(f"the log was forked: {one.what} and {two.what}, both signed, have {one.size:,} leaves and different roots")


# ---- Receipts (c2sp.org/tlog-proof) and entries ----------------------------------------------------------------------


@dataclass(frozen=True)
class Receipt:
    nonce: bytes
    index: int
    proof: list[bytes]
    checkpoint: Checkpoint


def read_receipt(data: bytes, what: str) -> Receipt:
    head, blank, note = as_saved(data, what).partition("\n\n")
    lines = [*head.rstrip("\n").split("\n"), "", ""]
    if lines[0] != "c2sp.org/tlog-proof@v1":
        raise Fault(f"{what} does not begin with c2sp.org/tlog-proof@v1: it is no receipt, or its beginning is missing")
    if not lines[1].startswith("extra "):
        raise Fault(f"{what} has no extra line, which holds the nonce")
    nonce = base64_of(lines[1][6:])
    if len(nonce) != 32:
        raise Fault(f"the nonce in {what} is not 32 bytes in base64")
    if not re.fullmatch("index (0|[1-9][0-9]{0,14})", lines[2]):
        raise Fault(f"{what} has no line with its index")
    index, proof = int(lines[2][6:]), [base64_of(line) for line in lines[3:-2]]
    for number, item in enumerate(proof, 4):
        if len(item) != 32:
            raise Fault(f"line {number} of {what} is not a hash of 32 bytes in base64")
    if not blank:
        raise Fault(f"{what} is truncated: no checkpoint follows its proof")
    checkpoint = read_checkpoint(note, f"the checkpoint in {what}")
    if index >= checkpoint.size:
        raise Fault(f"{what} is for entry {index:,}, but its tree has only {checkpoint.size:,} leaves")
    length = proof_length(index, checkpoint.size)
    if len(proof) != length:
        raise Fault(f"the proof in {what} has {len(proof)} lines; entry {index:,} of {checkpoint.size:,} needs {length}")
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
    signed = receipt.checkpoint
    return root_by_proof(leaf_hash(leaf), receipt.index, signed.size, receipt.proof) == signed.root


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
    return lambda value: isinstance(value, dict) and value.keys() == tests.keys() and all(tests[k](value[k]) for k in tests)


slug, hash_hex, some_hex = text("[a-z0-9][a-z0-9_-]{0,63}"), text("[0-9a-f]{64}"), text("([0-9a-f]{2})*")
drand_terms = record(kind=text("drand"), chain=some_hex, round=number(1))
operator_terms = record(kind=text("operator"), commitment=hash_hex)
drand_beacon = record(kind=text("drand"), round=number(1), signature=some_hex)
operator_beacon = record(kind=text("operator"), secret=some_hex)
ranked = record(rank=number(1), index=number(0), ticket=hash_hex)
REASONS = ("no_answer", "declined", "ineligible", "erasure")
LEAVES: dict[str, dict[str, Test]] = {
    "open": {
        **{"protocol": text("open-draw/1"), "origin": text("[!-*,-~]+"), "campaign": slug, "rules_sha256": hash_hex},
        **{"opens_at": is_time, "closes_at": is_time, "seals_at": is_time, "draws_at": is_time},
        **{"winners": number(1), "alternates": number(0), "claim_days": number(0)},
        "beacon": lambda value: drand_terms(value) or operator_terms(value),
    },
    "entry": {"commitment": hash_hex},
    "withdraw": {"index": number(0), "reason": slug},
    "exclude": {"index": number(0), "reason": slug},
    "seal": {"at": is_time, "entries": number(0), "eligible": number(0)},
    "draw": {
        "at": is_time,
        "beacon": lambda value: drand_beacon(value) or operator_beacon(value),
        "ranking": lambda value: isinstance(value, list) and all(map(ranked, value)),
    },
    "forfeit": {"at": is_time, "rank": number(1), "reason": lambda value: value in REASONS},
    "award": {"at": is_time, "rank": number(1)},
    "paid": {"at": is_time, "rank": number(1)},
    "void": {"at": is_time, "reason": slug},
}
LATE: dict[str, Test] = {"draws_at": is_time, "reason": slug}  # a late seal has these too, and a drand one its new round
PLAIN_ENTRY = re.compile(rb'\{"commitment":"[0-9a-f]{64}","type":"entry"\}')  # the only canonical form of an entry


def refuse(value: object) -> object:
    raise ValueError(value)


def check_values(value: object) -> None:
    if value is None or (type(value) is int and abs(value) > 2**53):
        refuse(value)
    if isinstance(value, dict) and not all(key.isascii() for key in value):
        refuse(value)
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        check_values(inner)


def canonical(data: bytes) -> object:
    """The value that `data` encodes. Raises ValueError unless encoding it again gives the same bytes."""
    value = json.loads(data.decode("utf-8"), parse_float=refuse, parse_constant=refuse)
    check_values(value)
    if json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8") != data:
        refuse(value)
    return value


def read_leaf(data: bytes, n: int) -> dict:
    """Leaf n with the members of its type, each well-formed, and no others."""
    if len(data) > 65535:
        raise Fault(f"leaf {n:,} is longer than 65,535 bytes")
    try:
        leaf = canonical(data)
    except (ValueError, RecursionError):
        raise Fault(f"leaf {n:,} is not canonical JSON") from None
    kind = leaf.get("type") if isinstance(leaf, dict) else None
    if not isinstance(leaf, dict) or not isinstance(kind, str) or kind not in LEAVES:
        raise Fault(f"leaf {n:,} is of an unknown type")
    tests = {**LEAVES[kind], "type": text(kind)}
    if kind == "seal" and {"draws_at", "reason", "round"} & leaf.keys():
        tests.update(LATE, **({"round": number(1)} if "round" in leaf else {}))
    if leaf.keys() - tests.keys():
        raise Fault(f"leaf {n:,} ({kind}) has a member that does not belong there")
    for name in sorted(tests):
        if name not in leaf:
            raise Fault(f"leaf {n:,} ({kind}) lacks its {name}")
        if not tests[name](leaf[name]):
            raise Fault(f"leaf {n:,} ({kind}) has an ill-formed {name}")
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

    def holders(self) -> list[int]:
        """The ranks that hold a prize: the lowest of the ranking that are not forfeited."""
        ranks = range(1, 1 + min(self.eligible, self.terms["winners"] + self.terms["alternates"]))
        return [rank for rank in ranks if rank not in self.forfeited][: self.terms["winners"]]


def check_terms(leaf: dict) -> None:
    if leaf["type"] != "open":
        raise Fault("leaf 0 does not open a log")
    if not leaf["origin"].endswith(f"/draws/{leaf['campaign']}/log"):
        raise Fault("the origin in leaf 0 is not that of its campaign's log")
    opens, closes, seals, draws = (seconds(leaf[name]) for name in ("opens_at", "closes_at", "seals_at", "draws_at"))
    if not opens < closes <= seals <= draws - HOUR:
        raise Fault("the times in leaf 0 are not in order: opens_at < closes_at <= seals_at <= draws_at - 1 h")
    if leaf["winners"] + leaf["alternates"] > 500:
        raise Fault("leaf 0 has more than 500 winners and alternates")


def check_roots(log: Log, size: int, checkpoints: list[Checkpoint]) -> None:
    """The leaves hash to every signed root, and so these are consistent with each other."""
    if len(log.leaves) != size:
        raise Fault(f"the log holds {len(log.leaves):,} leaves, its checkpoint counts {size:,}")
    log.hashes = [leaf_hash(leaf) for leaf in log.leaves]
    found = roots(log.hashes, (checkpoint.size for checkpoint in checkpoints))
    for checkpoint in checkpoints:
        if found[checkpoint.size] != checkpoint.root:
            raise Fault(
                f"the leaves do not hash to the root of {checkpoint.what}: it is signed, so leaves were changed or the log was forked"
            )


def check_seals(log: Log, sealed: Checkpoint | None) -> None:
    """The last leaf under the sealed checkpoint is the only seal. Members are sorted, so every seal ends like this."""
    seals = [n for n, leaf in enumerate(log.leaves) if leaf.endswith(b'"type":"seal"}')]
    if sealed and sealed.size - 1 not in seals:
        raise Fault(f"leaf {sealed.size - 1:,}, the last under the sealed checkpoint, is not a seal")
    if seals and not sealed:
        raise Fault(f"leaf {seals[0]:,} is a seal, but the sealed checkpoint is missing")
    if len(seals) > 1:
        raise Fault(f"the log has more than one seal: leaves {seals[0]:,} and {seals[1]:,}")


def check_leaves(log: Log) -> None:
    """Every leaf is well-formed and allowed where it stands."""
    for n, data in enumerate(log.leaves[1:], 1):
        if PLAIN_ENTRY.fullmatch(data) and not log.seal and not log.void:
            first = log.entries.setdefault(data[15:79].decode(), n)
            if first != n:
                raise Fault(f"leaves {first:,} and {n:,} have the same commitment")
        else:
            check_leaf(log, read_leaf(data, n), n)


def check_leaf(log: Log, leaf: dict, n: int) -> None:
    kind = leaf["type"]
    if log.void:
        raise Fault(f"leaf {n:,} ({kind}) follows the void, which ends a log")
    if kind == "open":
        raise Fault(f"leaf {n:,} opens the log a second time")
    if kind in ("entry", "withdraw", "exclude") and log.seal:
        raise Fault(f"leaf {n:,} ({kind}) comes after the seal")
    if kind in ("withdraw", "exclude"):
        if leaf["index"] >= n or not PLAIN_ENTRY.fullmatch(log.leaves[leaf["index"]]):
            raise Fault(f"leaf {n:,} ({kind}) does not name an earlier entry")
        if log.removed.setdefault(leaf["index"], leaf) is not leaf:
            raise Fault(f"leaf {n:,} ({kind}) removes entry {leaf['index']:,} a second time")
    elif kind == "seal":
        log.seal = leaf
    elif kind == "draw":
        if log.draw or not log.seal:
            raise Fault(f"leaf {n:,} is a second draw" if log.draw else f"leaf {n:,} (draw) comes before the seal")
        log.draw = leaf
    elif kind == "void":
        if log.draw:
            raise Fault(f"leaf {n:,} (void) comes after the draw")
        log.void = leaf
    elif not log.draw:
        raise Fault(f"leaf {n:,} ({kind}) comes before the draw")
    else:
        log.steps.append((n, leaf))


def check_counts(log: Log) -> None:
    for name, count in (("entries", len(log.entries)), ("eligible", log.eligible)):
        if log.seal and log.seal[name] != count:
            raise Fault(f"the seal states {log.seal[name]:,} {name}, the leaves hold {count:,}")


# ---- Times and the beacon --------------------------------------------------------------------------------------------


def round_at(at: int) -> int:
    """quicknet's first round at or after a time."""
    return -(-(at - GENESIS) // PERIOD) + 1


def round_time(round: int) -> int:
    return GENESIS + (round - 1) * PERIOD


def check_times(log: Log) -> tuple[int, int]:
    """When the draw is due, and the round it must use (0 for an operator's): from leaf 0, or moved by a late seal."""
    beacon, seal, seals_at = log.terms["beacon"], log.seal, seconds(log.terms["seals_at"])
    due, round = seconds(log.terms["draws_at"]), beacon.get("round", 0)
    if not log.operator and beacon["chain"] != QUICKNET:
        raise Fault("leaf 0 names another beacon chain than drand's quicknet")
    if not log.operator and round != round_at(due):
        raise Fault(f"leaf 0 pins round {round:,}, but the first round at or after draws_at is {round_at(due):,}")
    if not seal:
        return due, round
    at = seconds(seal["at"])
    if at < seals_at and not log.operator:
        raise Fault("the seal is dated before seals_at")
    if at > due - HOUR:
        days = max(1, -(-(at + HOUR - due) // DAY))
        if days > 7:
            raise Fault("the seal is more than seven days late: the campaign is void")
        due += days * DAY
        round = 0 if log.operator else round_at(due)
        if seal.get("draws_at") != stamp_of(due) or seal.get("round", 0) != round:
            raise Fault(f"the seal is late and must move the draw to {stamp_of(due)}" + (f", round {round:,}" if round else ""))
    elif "draws_at" in seal:
        raise Fault("the seal moves the draw without being late")
    # Only an operator's campaign may be closed early, and then drawn at once.
    earliest = at if log.operator and at < seals_at else due
    if log.draw and seconds(log.draw["at"]) < earliest:
        raise Fault("the draw is dated before it was due")
    return due, round


def bls_by_arkworks(round: int, signature: bytes) -> bool:
    from py_arkworks_bls12381 import GT, G1Point, G2Point

    point = G1Point.from_compressed_bytes(signature)  # ValueError: off the curve, or outside the prime-order subgroup
    message = G1Point.hash_to_curve(sha256(round.to_bytes(8, "big")), DST)
    return GT.pairing(point, G2Point()) == GT.pairing(message, G2Point.from_compressed_bytes(QUICKNET_KEY))


def bls_by_py_ecc(round: int, signature: bytes) -> bool:
    from py_ecc.bls.g2_primitives import pubkey_to_G1, signature_to_G2, subgroup_check
    from py_ecc.bls.hash_to_curve import hash_to_G1
    from py_ecc.optimized_bls12_381 import G2, pairing

    point = pubkey_to_G1(signature)  # py_ecc's names: a public key is what it has in G1; ValueError: off the curve
    message = hash_to_G1(sha256(round.to_bytes(8, "big")), DST, hashlib.sha256)
    return subgroup_check(point) and pairing(G2, point) == pairing(signature_to_G2(QUICKNET_KEY), message)


def check_signature_of_beacon(round: int, signature: bytes) -> str | None:
    """The name of the library by which it is drand's; None where none is installed."""
    if len(signature) != 48:
        raise Fault(f"the beacon's signature is {len(signature)} bytes long, not 48")
    if signature[0] & 0xC0 != 0x80:
        raise Fault("the beacon's signature is not a compressed point, or is infinity")
    for name, holds in (("py_arkworks_bls12381", bls_by_arkworks), ("py_ecc", bls_by_py_ecc)):
        try:
            good = holds(round, signature)
        except ImportError:
            continue
        except ValueError:
            good = False
        if not good:
            raise Fault(f"the beacon's signature is not drand's for round {round:,}")
        return name
    return None


def check_beacon(log: Log, beacon: dict, round: int, say: Say) -> bytes:
    """The 32 bytes B that the draw is made from."""
    if beacon["kind"] != log.terms["beacon"]["kind"]:
        raise Fault("the draw's beacon is not of the kind that leaf 0 names")
    if log.operator:
        secret = bytes.fromhex(beacon["secret"])
        if len(secret) != 32:
            raise Fault(f"the operator's secret is {len(secret)} bytes long, not 32")
        if sha256(secret).hex() != log.terms["beacon"]["commitment"]:
            raise Fault("the operator's secret is not the one that leaf 0 commits to")
        say("7. The operator's secret is the one that leaf 0 commits to.")
        return secret
    if beacon["round"] != round:
        raise Fault(f"the draw used round {beacon['round']:,} of the beacon, not round {round:,}")
    signature = bytes.fromhex(beacon["signature"])
    library = check_signature_of_beacon(round, signature)
    if library:
        say(f"7. The beacon's signature is drand's for round {round:,} (checked with {library}).")
    else:
        say("7. The beacon's signature was NOT CHECKED: no BLS library is installed (pip install py_arkworks_bls12381).")
        say(f"   Compare it: https://api.drand.sh/{QUICKNET}/public/{round} must show {signature.hex()}")
    return sha256(signature)


# ---- The draw and what follows it ------------------------------------------------------------------------------------


def rank_entries(log: Log, root: bytes, b: bytes) -> None:
    """The ticket of every eligible entry: HKDF-SHA256 with R as salt, B as key material, the leaf hash as info."""
    prk = hmac.new(root, b, "sha256").digest()
    eligible = (index for index in log.entries.values() if index not in log.removed)
    log.ranks = sorted((hmac.new(prk, log.hashes[index] + b"\1", "sha256").digest(), index) for index in eligible)


def check_ranking(log: Log, stated: list[dict]) -> None:
    length = min(log.eligible, log.terms["winners"] + log.terms["alternates"])
    if not length:
        raise Fault("a draw was made with nobody eligible")
    if len(stated) != length:
        raise Fault(f"the ranking has {len(stated):,} ranks, not {length:,}")
    for rank, (ticket, index) in enumerate(log.ranks[:length], 1):
        if stated[rank - 1] != {"rank": rank, "index": index, "ticket": ticket.hex()}:
            raise Fault(f"the ranking is wrong at rank {rank}: it belongs to entry {index:,}, ticket {ticket.hex()}")


def check_steps(log: Log, drawn_at: str, say: Say) -> None:
    """Forfeits, awards and payments: each of a rank that may have it, in order and in time."""
    last = seconds(drawn_at)
    offered = dict.fromkeys(log.holders(), last)  # rank: when its claim time began
    state: dict[int, str] = {}
    for n, leaf in log.steps:
        kind, rank, at, reason = leaf["type"], leaf["rank"], seconds(leaf["at"]), leaf.get("reason")
        what = f"leaf {n:,} ({kind}, rank {rank:,})"
        if at < last:
            raise Fault(f"{what} is dated before what it follows")
        if rank > min(len(log.ranks), log.terms["winners"] + log.terms["alternates"]):
            raise Fault(f"{what} names a rank that is not in the ranking")
        if rank in log.forfeited:
            raise Fault(f"{what} names a rank that is forfeited")
        if rank not in offered:
            raise Fault(f"{what} names a rank that holds no prize")
        if state.get(rank) == "paid":
            raise Fault(f"{what} names a rank that is paid")
        if kind == "award" and rank in state:
            raise Fault(f"{what} names a rank that is awarded already")
        if kind == "paid" and rank not in state:
            raise Fault(f"{what} names a rank that was not awarded")
        if reason == "no_answer" and at < offered[rank] + log.terms["claim_days"] * DAY:
            raise Fault(f"{what} comes before the {log.terms['claim_days']:,} days to answer were over")
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
    if base64.b64encode(root).decode() not in body:
        raise Fault("the letter does not state the sealed root R")
    by, at = re.search(r"\bby ([!-~]+)", received), email.utils.parsedate_tz(received.rpartition(";")[2])
    if not by or not at or at[9] is None:
        raise Fault("the letter has no Received line with a time: save it with all its headers")
    return f"the mail in your inbox, received by {by[1]},", calendar.timegm((*at[:6], 0, 0, 0)) - at[9]


def check_seal_time(log: Log, before: int, seen: list[tuple[str, int]], say: Say) -> bool:
    """Whether anybody but the publisher saw R before the round's time. Nothing in the log itself dates the seal."""
    if log.operator:
        say("   OPERATOR-TRUSTED: who knows the secret can try entries until a friend wins. No time of the seal helps.")
        return False
    for who, at in sorted(set(seen)):
        say(f"   R was seen at {stamp_of(at)} by {who} {'before' if at < before else 'NOT before'} the round of {stamp_of(before)}.")
    if any(at < before for _, at in seen):
        return True
    say(f"   Nobody's word but the publisher's dates R: look in your inbox for the mail with R, from before {stamp_of(before)}.")
    return False


# ---- All checks, in order --------------------------------------------------------------------------------------------


@dataclass
class Shown:
    """What the publisher shows: a bundle's files, or what a site serves."""

    rules: bytes
    leaves: list[bytes]
    checkpoint: bytes
    sealed: bytes | None = None
    manifest: dict | None = None


@dataclass
class Mine:
    """What the reader brings."""

    vkey: str | None = None
    receipt: bytes | None = None
    email: str = ""
    older: list[bytes] = field(default_factory=list)
    witnesses: list[str] = field(default_factory=list)
    letter: bytes | None = None


def find_vkey(rules: bytes, origin: str, given: str | None) -> str:
    """The log's vkey: from the reader's own mail if given, else from the rules; they may not differ."""
    pattern = re.escape(origin.encode()) + rb"\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}"
    in_rules = {found.decode() for found in re.findall(pattern, rules)}
    if len(in_rules) > 1:
        raise Fault("the rules hold more than one vkey of this log")
    if not in_rules and not given:
        raise Fault("the rules do not hold the log's vkey: give the one that your mail prints")
    if in_rules and given and given not in in_rules:
        raise Fault("the vkey you gave is not the one in the rules")
    return given or min(in_rules)


def check_key(show: Shown, terms: dict, given: str | None, say: Say) -> Key:
    """Check 1."""
    check_terms(terms)
    if sha256(show.rules).hex() != terms["rules_sha256"]:
        raise Fault("the rules are not those that leaf 0 names: their SHA-256 differs")
    vkey = find_vkey(show.rules, terms["origin"], given)
    key = read_vkey(vkey, 1, "the log's vkey")
    if key.name != terms["origin"]:
        raise Fault(f"the vkey is of another log: {key.name}, not {terms['origin']}")
    true = {"protocol": "open-draw/1", "campaign": terms["campaign"], "origin": terms["origin"], "vkey": vkey, "size": len(show.leaves)}
    for name, value in true.items():
        if show.manifest is not None and show.manifest.get(name) != value:
            raise Fault(f"the {name} in manifest.json is not that of the log")
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
        ticket, index = log.ranks[0]
        say(f"8. All {log.eligible:,} tickets recomputed; the ranking is right. Rank 1 is entry {index:,}, ticket {ticket.hex()}.")
        check_steps(log, log.draw["at"], say)


def check_entry(log: Log, receipt: Receipt, address: str, say: Say) -> None:
    """Check 10."""
    mine, index = entry_leaf(receipt, log.terms["campaign"], address), receipt.index
    if log.leaves[index] != mine:
        true = log.entries.get(mine[15:79].decode())
        if true is not None:
            raise Fault(f"your entry is number {true:,} in the log, your receipt says {index:,}")
        if not PLAIN_ENTRY.fullmatch(log.leaves[index]):
            raise Fault(f"your receipt says {index:,}, but that leaf is not an entry")
        raise Fault(
            f"this e-mail and the receipt's nonce are not those of entry {index:,}: type the address exactly as your mail prints it"
        )
    if not proves(receipt, mine):
        raise Fault("the proof in your receipt does not lead to the root it states")
    gone = log.removed.get(index)
    if gone:
        raise Fault(f"your entry {index:,} took no part: removed before the seal ({gone['type']}, {gone['reason']})")
    say(f"10. Your entry number {index:,} (its place in the log); {log.eligible:,} eligible.")
    if log.ranks:
        say_place(log, index, say)


def say_place(log: Log, index: int, say: Say) -> None:
    rank = next(rank for rank, (_, owner) in enumerate(log.ranks, 1) if owner == index)
    say(f"    Your ticket {log.ranks[rank - 1][0].hex()} is rank {rank:,}.")
    if rank in log.forfeited:
        say(f"    It was drawn, and forfeited ({log.forfeited[rank]}).")
    elif rank in log.holders():
        say("    YOU WON: it is among the lowest that are not forfeited.")
    elif log.holders():
        last = log.holders()[-1]
        say(f"    The winner's {log.ranks[last - 1][0].hex()} is lower (entry {log.ranks[last - 1][1]:,}, rank {last}).")


def check(show: Shown, mine: Mine, say: Say = print) -> str:
    """Checks 1 to 10: says what it finds and returns a good ending. Raises Fault at the first fault."""
    receipt = read_receipt(mine.receipt, "your receipt") if mine.receipt is not None else None
    witnesses = [read_vkey(vkey, 4, "a witness's key") for vkey in mine.witnesses]
    if not show.leaves:
        raise Fault("the log holds no leaves")
    log = Log(show.leaves, read_leaf(show.leaves[0], 0))
    key = check_key(show, log.terms, mine.vkey, say)

    sealed = None
    if show.sealed is not None:
        sealed = read_checkpoint(as_text(show.sealed, "the sealed checkpoint"), "the sealed checkpoint")
    current = read_checkpoint(as_text(show.checkpoint, "the current checkpoint"), "the current checkpoint")
    signed = [checkpoint for checkpoint in (sealed, current, receipt and receipt.checkpoint) if checkpoint]
    signed += [read_older(data, number) for number, data in enumerate(mine.older, 1)]
    check_signed(signed, key)
    for one in signed:
        if one.size > current.size:
            raise Fault(f"the log was rolled back: {one.what} has {one.size:,} leaves, the current checkpoint {current.size:,}")
    seen = [saw for one in signed if sealed and one.size >= sealed.size for saw in cosignatures(one, witnesses)]
    say("2. Signed by the log: " + ", ".join(f"{one.what} ({one.size:,} leaves)" for one in signed) + ".")

    check_roots(log, current.size, signed)
    check_seals(log, sealed)
    only = f" R = {sealed.root.hex()}; leaf {sealed.size - 1:,} is the only seal." if sealed else ""
    say(f"3. All {current.size:,} leaves hash to these roots.{only}")
    check_leaves(log)
    say("4. Every leaf is well-formed and in order; no two commitments are equal.")
    check_counts(log)
    say(f"5. {len(log.entries):,} entries, {len(log.removed):,} of them removed, {log.eligible:,} eligible.")

    due, round = check_times(log)
    proven = False
    say(f"6. The draw is due at {stamp_of(due)}" + (f", by round {round:,}." if round else ", by the operator's own secret."))
    if log.seal and "draws_at" in log.seal:
        say(f"   LATE SEAL ({log.seal['reason']}): it moved the draw, which gives the publisher a veto on one draw.")
    if sealed:
        seen += [read_letter(mine.letter, sealed.root)] if mine.letter is not None else []
        proven = check_seal_time(log, round_time(round), seen, say)
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
    check_signed(signed, key)
    say("2. Signed by the log: " + ", ".join(f"{one.what} ({one.size:,} leaves)" for one in signed) + ".")
    if not proves(receipt, entry_leaf(receipt, campaign[1], mine.email)):
        raise Fault(
            "the proof does not lead from this e-mail and the receipt's nonce to the signed root: the address (type it exactly"
            " as your mail prints it), the index or a line of the proof is wrong"
        )
    size, root = receipt.checkpoint.size, receipt.checkpoint.root.hex()
    say(f"10. Your entry number {receipt.index:,} (its place in the log) is under the root {root} of {size:,} leaves.")
    say("    Not checked without the whole draw: whether it was removed, the tickets, the winner.")
    return UNPROVEN


# ---- Where it all comes from -----------------------------------------------------------------------------------------


def read_file(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise CannotBegin(f"cannot read {shown(path)}: {error.strerror}") from None


def files_of(bundle: str) -> Callable[[str], bytes | None]:
    """Reads a file of a bundle by name; None where there is none."""
    if Path(bundle).is_dir():
        return lambda name: read_file(str(Path(bundle, name))) if Path(bundle, name).is_file() else None
    read_file(bundle)
    try:
        archive = zipfile.ZipFile(bundle)
    except (OSError, zipfile.BadZipFile):
        raise Fault("the bundle is not a whole zip file") from None
    if len(set(archive.namelist())) < len(archive.namelist()):
        raise Fault("the bundle holds a file twice")

    def read(name: str) -> bytes | None:
        try:
            return archive.read(name) if name in archive.namelist() else None
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
        if not re.fullmatch("[A-Za-z0-9_][A-Za-z0-9._-]*", name):
            raise Fault("manifest.json lists something that is not a plain file name")
        data = read(name)
        if data is None:
            raise Fault(f"the bundle lacks {name}")
        if sha256(data).hex() != manifest["files"].get(name):
            raise Fault(f"{name} is not the file that manifest.json lists")
        held[name] = data
    leaves = held["leaves.jsonl"].split(b"\n")
    return Shown(held["rules.txt"], leaves[:-1] if leaves[-1] == b"" else leaves, held["checkpoint"], held.get("sealed"), manifest)


def fetch(url: str) -> bytes | None:
    """What is served there; None for "not found"."""
    request = urllib.request.Request(url, headers={"User-Agent": "open_draw.py", "Accept-Encoding": "gzip, identity"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            data = answer.read()
            return gzip.decompress(data) if answer.headers.get("Content-Encoding") == "gzip" else data
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in (404, 410):
            return None
        raise CannotBegin(f"{shown(url)} answers {error.code}") from None
    except (OSError, ValueError, EOFError) as error:
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
    if at != len(data) or len(leaves) < width:
        raise Fault(f"entry bundle {tile:,} of the log is truncated or malformed")
    return leaves[:width]


def walk(site: str) -> Shown:
    """What a site serves of a draw, by tlog-tiles."""

    def need(*names: str) -> bytes:
        for name in names:
            data = fetch(f"{site.rstrip('/')}/{name}")
            if data is not None:
                return data
        raise Fault(f"the site does not serve {names[0]}")

    rules, sealed, checkpoint = need("rules.txt"), fetch(f"{site.rstrip('/')}/sealed"), need("log/checkpoint")
    size = read_checkpoint(as_text(checkpoint, "the current checkpoint"), "the current checkpoint").size
    leaves: list[bytes] = []
    while len(leaves) < size:
        tile, width = len(leaves) // 256, min(256, size - len(leaves))
        # A partial bundle may be gone once the full one is there.
        data = need(*(f"log/tile/entries/{tile_path(tile, w)}" for w in sorted({width, 256})))
        leaves += read_entry_bundle(data, tile, width)
    return Shown(rules, leaves, checkpoint, sealed)


# ---- The command -----------------------------------------------------------------------------------------------------


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", help="a bundle (folder or zip), the address of a draw, or a receipt")
    parser.add_argument("--email", metavar="ADDRESS", help="with a receipt: your address, exactly as its mail prints it")
    parser.add_argument("--bundle", metavar="FOLDER_OR_ZIP", help="with a receipt: the draw's bundle")
    parser.add_argument("--site", metavar="URL", help="with a receipt: the draw's address")
    parser.add_argument("--vkey", help="the log's key, as your mail prints it")
    parser.add_argument("--older", metavar="FILE", action="append", default=[], help="a receipt or checkpoint from before (repeatable)")
    parser.add_argument("--witness", metavar="VKEY", action="append", default=[], help="the key of a witness you trust (repeatable)")
    parser.add_argument("--letter", metavar="FILE.eml", help="the mail that told you R, saved with all its headers")
    return parser.parse_args()


def is_address(text: str) -> bool:
    return re.match("https?://", text) is not None


def is_bundle(path: str) -> bool:
    return path.endswith(".zip") or Path(path).is_dir() or zipfile.is_zipfile(path)


def run(given: argparse.Namespace) -> str:
    mine = Mine(given.vkey, None, given.email or "", [read_file(path) for path in given.older], given.witness)
    mine.letter = read_file(given.letter) if given.letter else None
    source = given.site or given.bundle
    if is_address(given.what) or is_bundle(given.what):
        if given.email or source:
            raise CannotBegin("--email, --bundle and --site go with a receipt")
        source = given.what
    else:
        mine.receipt = read_file(given.what)
        if given.email is None or (given.bundle and given.site) or (given.site and not is_address(given.site)):
            raise CannotBegin("a receipt needs --email ADDRESS, and --bundle FOLDER_OR_ZIP or --site https://... (or --vkey VKEY)")
        if not source and not mine.vkey:
            raise CannotBegin("give --bundle, --site, or with --vkey the log's key as your mail prints it")
    if not source:
        return check_receipt(mine)
    return check(walk(source) if is_address(source) else read_bundle(files_of(source)), mine)


def main() -> int:
    given = arguments()
    try:
        print(run(given))
    except Fault as fault:
        print(f"invalid: {fault}")
        return 1
    except CannotBegin as why:
        print(f"open_draw.py: {why}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
