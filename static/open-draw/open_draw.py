#!/usr/bin/env python3
# ruff: noqa: T201, S310, UP - it is a command that prints, fetches only http(s), and must run on Python 3.9
"""Check a draw made under "Open Draw v1". One file, Python 3.9 or later, nothing to install.

    open_draw.py .                                        a bundle: this folder, another one, or bundle.zip
    open_draw.py https://news.example/draws/win-100       the public log of a site
    open_draw.py RECEIPT.txt --email ADDRESS --bundle bundle.zip
    open_draw.py RECEIPT.txt --email ADDRESS --site https://news.example/draws/win-100
    open_draw.py RECEIPT.txt --email ADDRESS --vkey VKEY  the receipt alone

It trusts nothing it reads: it hashes every leaf, derives every ticket and finds the winners itself. The numbers
before its lines are those of section 5 of the protocol. The last line is one of
    verified | verified, seal time unproven | invalid: <the first fault, in words>
Exit code 0 for the first two, 1 for invalid, 2 when it could not begin (wrong usage, no such file, no network).

Sources: RFC 6962 (tree), RFC 8032 (Ed25519), RFC 5869 (HKDF), RFC 8785 (canonical JSON), RFC 9380 and drand quicknet
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
import os
import re
import sys
import time
import urllib.error
import urllib.request
import zipfile
from dataclasses import dataclass, field
from typing import Callable, Iterable, Optional

QUICKNET = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
QUICKNET_KEY = (
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
    "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
)
GENESIS, PERIOD = 1692803367, 3
DST = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
HOUR, DAY = 3600, 86400


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
    """The root over the first n leaf hashes, for every n in `sizes`. One pass for all of them: checkpoints whose
    roots it finds are consistent with each other, for they are trees over beginnings of one list."""
    wanted, found = set(sizes), {}
    peaks: list[bytes] = []  # the roots of the perfect subtrees so far, the largest first
    for n, peak in enumerate(hashes, 1):
        peaks.append(peak)
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
SQRT_M1 = pow(2, (Q - 1) // 4, Q)
Point = tuple


def add(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % Q, (p[1] + p[0]) * (q[1] + q[0]) % Q
    c, d = 2 * p[3] * q[3] * D % Q, 2 * p[2] * q[2] % Q
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % Q, g * h % Q, f * g % Q, e * h % Q


def multiply(k: int, p: Point) -> Point:
    result: Point = (0, 1, 1, 0)
    while k:
        if k & 1:
            result = add(result, p)
        p, k = add(p, p), k >> 1
    return result


def decode_point(data: bytes) -> Optional[Point]:
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (1 << 255) - 1
    if y >= Q:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, Q - 2, Q) % Q
    x = pow(square, (Q + 3) // 8, Q)
    if (x * x - square) % Q:
        x = x * SQRT_M1 % Q
    if (x * x - square) % Q or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = Q - x
    return x, y, 1, x * y % Q


def same_point(p: Point, q: Point) -> bool:
    return (p[0] * q[2] - q[0] * p[2]) % Q == 0 and (p[1] * q[2] - q[1] * p[2]) % Q == 0


BASE = decode_point(bytes.fromhex("58" + "66" * 31))


def ed25519_verifies(public: bytes, message: bytes, signature: bytes) -> bool:
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r = decode_point(public), decode_point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    return same_point(multiply(s, BASE), add(r, multiply(k, a)))


# ---- Signed notes, checkpoints, cosignatures (c2sp.org) --------------------------------------------------------------


def as_text(data: bytes, what: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Fault(f"{what} is not text in UTF-8") from None


def base64_of(text: str) -> Optional[bytes]:
    """Decoded, or None where it is not exactly what encoding would give (RFC 4648, section 4)."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return data if base64.b64encode(data).decode() == text else None


@dataclass(frozen=True)
class Key:
    name: str
    id: bytes
    public: bytes


def read_vkey(vkey: str, kind: int, what: str) -> Key:
    """A verifier key: name+id+base64(kind, public key). Kind 1 signs notes, kind 4 timestamps checkpoints."""
    parts = re.fullmatch(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)", vkey)
    data = base64_of(parts[3]) if parts else None
    if not parts or data is None or len(data) != 33 or data[0] != kind:
        raise Fault(f"{what} is not a vkey of the kind 0x{kind:02x}")
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
    head, blank, tail = note.rpartition("\n\n")
    if not blank or not tail:
        raise Fault(f"{what} is truncated: it carries no signature")
    if not tail.endswith("\n") or any(c < " " and c != "\n" for c in note):
        raise Fault(f"{what} is not a well-formed signed note")
    signatures = []
    for line in tail[:-1].split("\n"):
        parts = re.fullmatch(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)", line)
        data = base64_of(parts[2]) if parts else None
        if not parts or data is None or len(data) < 5:
            raise Fault(f"{what} has a signature line that is malformed or truncated")
        signatures.append((parts[1], data))
    lines = head.split("\n")
    root = base64_of(lines[2]) if len(lines) >= 3 else None
    if root is None or len(root) != 32 or not lines[0] or not all(lines[3:]) or not re.fullmatch(r"[1-9][0-9]{0,14}", lines[1]):
        raise Fault(f"{what} does not state origin, size and root, a line each")
    return Checkpoint(what, lines[0], int(lines[1]), root, (head + "\n").encode(), signatures)


def check_signature(checkpoint: Checkpoint, key: Key) -> None:
    """The log's own Ed25519 signature (kind 0x01). Signatures of unknown keys are ignored, as the format asks."""
    if checkpoint.origin != key.name:
        raise Fault(f"{checkpoint.what} is of another log: {shown(checkpoint.origin)}, not {shown(key.name)}")
    ours = [data[4:] for name, data in checkpoint.signatures if (name, data[:4]) == (key.name, key.id)]
    if not ours:
        raise Fault(f"{checkpoint.what} is not signed by the key of this log")
    if not all(ed25519_verifies(key.public, checkpoint.body, signature) for signature in ours):
        raise Fault(f"the log's signature on {checkpoint.what} is wrong")


def cosignatures(checkpoint: Checkpoint, witnesses: list[Key]) -> list[tuple[str, int]]:
    """Who saw this checkpoint and when, of the witnesses we know (kind 0x04: 8 bytes of time, then the signature)."""
    seen = []
    for key in witnesses:
        for name, data in checkpoint.signatures:
            if (name, data[:4]) != (key.name, key.id):
                continue
            at = int.from_bytes(data[4:12], "big")
            message = b"cosignature/v1\ntime %d\n" % at + checkpoint.body
            if len(data) != 76 or not ed25519_verifies(key.public, message, data[12:]):
                raise Fault(f"the cosignature of {shown(name)} on {checkpoint.what} is wrong")
            seen.append((name, at))
    return seen


def check_forks(checkpoints: list[Checkpoint]) -> None:
    """Two signed checkpoints of one size and different roots are a proof of fraud by themselves."""
    for n, one in enumerate(checkpoints):
        for other in checkpoints[n + 1 :]:
            if one.size == other.size and one.root != other.root:
                raise Fault(f"the log was forked: {one.what} and {other.what} have the size {one.size:,} and different roots, both signed")


# ---- Receipts (c2sp.org/tlog-proof) and entries ----------------------------------------------------------------------


@dataclass(frozen=True)
class Receipt:
    nonce: bytes
    index: int
    proof: list[bytes]
    checkpoint: Checkpoint


def read_receipt(data: bytes, what: str = "your receipt") -> Receipt:
    # Mail programs may change line ends, add a byte order mark, or drop the last line end: no harm.
    text = as_text(data, what).lstrip("\ufeff").replace("\r\n", "\n").rstrip("\n") + "\n"
    head, blank, note = text.partition("\n\n")
    lines = head.rstrip("\n").split("\n")
    if lines[0] != "c2sp.org/tlog-proof@v1":
        raise Fault(f"{what} does not begin with c2sp.org/tlog-proof@v1: it is no receipt, or its beginning is missing")
    if len(lines) < 2 or not lines[1].startswith("extra "):
        raise Fault(f"{what} has no extra line, which holds the nonce")
    nonce = base64_of(lines[1][6:])
    if nonce is None or len(nonce) != 32:
        raise Fault(f"the nonce in {what} is not 32 bytes of base64")
    if len(lines) < 3 or not re.fullmatch(r"index (0|[1-9][0-9]{0,14})", lines[2]):
        raise Fault(f"{what} has no index line with a number")
    proof = [base64_of(line) or b"" for line in lines[3:]]
    for number, item in enumerate(proof, 4):
        if len(item) != 32:
            raise Fault(f"line {number} of {what} is not a hash of 32 bytes in base64")
    if not blank:
        raise Fault(f"{what} is truncated: no checkpoint follows its proof")
    receipt = Receipt(nonce, int(lines[2][6:]), proof, read_checkpoint(note, f"the checkpoint in {what}"))
    if receipt.index >= receipt.checkpoint.size:
        raise Fault(f"{what} is for entry {receipt.index:,}, but its tree has only {receipt.checkpoint.size:,} leaves")
    length = proof_length(receipt.index, receipt.checkpoint.size)
    if len(proof) != length:
        raise Fault(f"the proof in {what} has {len(proof)} lines; entry {receipt.index:,} of {receipt.checkpoint.size:,} needs {length}")
    return receipt


def commitment(nonce: bytes, campaign: str, address: str) -> str:
    message = b"\0".join((b"open-draw/1", campaign.encode(), address.encode("utf-8", "surrogateescape")))
    return hmac.new(nonce, message, "sha256").hexdigest()


def entry_leaf(of: str) -> bytes:
    return b'{"commitment":"%s","type":"entry"}' % of.encode()


def receipt_proves(receipt: Receipt, leaf: bytes) -> bool:
    at = receipt.checkpoint
    return root_by_proof(leaf_hash(leaf), receipt.index, at.size, receipt.proof) == at.root


# ---- Leaves: canonical JSON (RFC 8785, restricted) and their members -------------------------------------------------


def seconds(stamp: str) -> int:
    """POSIX seconds of YYYY-MM-DDTHH:MM:SSZ. Raises ValueError for any other form and for days that do not exist."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", stamp):
        raise ValueError(stamp)
    at = calendar.timegm(time.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ"))
    if stamp_of(at) != stamp:
        raise ValueError(stamp)
    return at


def stamp_of(at: int) -> str:
    return "%04d-%02d-%02dT%02d:%02d:%02dZ" % time.gmtime(at)[:6]


def is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and seconds(value) is not None
    except ValueError:
        return False


def text_like(pattern: str) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def number_from(least: int) -> Callable[[object], bool]:
    return lambda value: type(value) is int and value >= least  # a bool is an int to isinstance


def members(**tests: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, dict) and value.keys() == tests.keys() and all(tests[k](value[k]) for k in tests)


slug, hash_hex, any_hex = text_like("[a-z0-9][a-z0-9_-]{0,63}"), text_like("[0-9a-f]{64}"), text_like("([0-9a-f]{2})*")
origin_like = text_like("[!-*,-~]+")  # printable ASCII without space and plus, as a key's name must be
drand_terms = members(kind=text_like("drand"), chain=any_hex, round=number_from(1))
operator_terms = members(kind=text_like("operator"), commitment=hash_hex)
drand_beacon = members(kind=text_like("drand"), round=number_from(1), signature=any_hex)
operator_beacon = members(kind=text_like("operator"), secret=any_hex)
ranked = members(rank=number_from(1), index=number_from(0), ticket=hash_hex)
REASONS = ("no_answer", "declined", "ineligible", "erasure")

# What each type of leaf must hold; of the late members a seal holds all that apply, or none.
LEAVES: dict[str, dict[str, Callable[[object], bool]]] = {
    "open": {
        "protocol": text_like("open-draw/1"), "origin": origin_like, "campaign": slug, "rules_sha256": hash_hex,
        "opens_at": is_time, "closes_at": is_time, "seals_at": is_time, "draws_at": is_time,
        "winners": number_from(1), "alternates": number_from(0), "claim_days": number_from(0),
        "beacon": lambda value: drand_terms(value) or operator_terms(value),
    },
    "entry": {"commitment": hash_hex},
    "withdraw": {"index": number_from(0), "reason": slug},
    "exclude": {"index": number_from(0), "reason": slug},
    "seal": {"at": is_time, "entries": number_from(0), "eligible": number_from(0)},
    "draw": {
        "at": is_time, "beacon": lambda value: drand_beacon(value) or operator_beacon(value),
        "ranking": lambda value: isinstance(value, list) and all(map(ranked, value)),
    },
    "forfeit": {"at": is_time, "rank": number_from(1), "reason": lambda value: value in REASONS},
    "award": {"at": is_time, "rank": number_from(1)},
    "paid": {"at": is_time, "rank": number_from(1)},
    "void": {"at": is_time, "reason": slug},
}  # fmt: skip
LATE = {"draws_at": is_time, "reason": slug, "round": number_from(1)}


def canonical(data: bytes) -> object:
    """The value that `data` encodes. Raises ValueError unless re-encoding gives the same bytes."""

    def integer(digits: str) -> int:
        if abs(int(digits)) > 2**53:
            raise ValueError(digits)
        return int(digits)

    def refuse(text: str) -> object:
        raise ValueError(text)

    def check(value: object) -> None:
        if value is None or (isinstance(value, dict) and not all(key.isascii() for key in value)):
            raise ValueError("null, or a key beyond ASCII")
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            check(inner)

    value = json.loads(data.decode("utf-8"), parse_int=integer, parse_float=refuse, parse_constant=refuse)
    check(value)
    if json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8") != data:
        raise ValueError("not the canonical form")
    return value


def read_leaf(data: bytes, n: int) -> dict:
    """Leaf number n, every member of the right type and none too many."""
    if len(data) > 65535:
        raise Fault(f"leaf {n:,} is longer than 65,535 bytes")
    try:
        leaf = canonical(data)
    except (ValueError, RecursionError):
        raise Fault(f"leaf {n:,} is not canonical JSON") from None
    kind = leaf.get("type") if isinstance(leaf, dict) else None
    if not isinstance(kind, str) or kind not in LEAVES:
        raise Fault(f"leaf {n:,} is of an unknown type")
    wanted = dict(LEAVES[kind], type=lambda value: True)
    if kind == "seal" and not LATE.keys().isdisjoint(leaf):
        wanted.update((name, test) for name, test in LATE.items() if name != "round" or name in leaf)
    if leaf.keys() - wanted.keys():
        raise Fault(f"leaf {n:,} ({kind}) has a member that does not belong there")
    for name in sorted(wanted):
        if name not in leaf:
            raise Fault(f"leaf {n:,} ({kind}) lacks its {name}")
        if not wanted[name](leaf[name]):
            raise Fault(f"leaf {n:,} ({kind}) has an ill-formed {name}")
    return leaf


# ---- The log as a whole ----------------------------------------------------------------------------------------------

PLAIN_ENTRY = re.compile(rb'\{"commitment":"[0-9a-f]{64}","type":"entry"\}')  # the only canonical form of an entry


@dataclass
class Log:
    leaves: list[bytes]
    open: dict
    hashes: list[bytes] = field(default_factory=list)
    entries: dict[str, int] = field(default_factory=dict)  # commitment: index
    removed: dict[int, dict] = field(default_factory=dict)
    seal: Optional[dict] = None
    draw: Optional[dict] = None
    void: Optional[dict] = None
    steps: list[tuple[int, dict]] = field(default_factory=list)
    ranks: list[tuple[bytes, int]] = field(default_factory=list)  # ticket and index of every eligible entry, the best first
    forfeited: dict[int, str] = field(default_factory=dict)

    @property
    def operator(self) -> bool:
        return self.open["beacon"]["kind"] == "operator"

    def holders(self) -> list[int]:
        """The ranks that hold a prize: the lowest not forfeited, among those that the ranking holds."""
        ranks = range(1, 1 + len(self.draw["ranking"]))
        return [rank for rank in ranks if rank not in self.forfeited][: self.open["winners"]]


def check_terms(leaf: dict) -> None:
    """Leaf 0 by itself."""
    if leaf["type"] != "open":
        raise Fault("leaf 0 does not open a log")
    if not leaf["origin"].endswith(f"/draws/{leaf['campaign']}/log"):
        raise Fault("the origin in leaf 0 is not that of the campaign's log")
    opens, closes, seals, draws = (seconds(leaf[name]) for name in ("opens_at", "closes_at", "seals_at", "draws_at"))
    if not opens < closes <= seals <= draws - HOUR:
        raise Fault("the times in leaf 0 are not in order: opens_at < closes_at <= seals_at <= draws_at - 1 h")
    if leaf["winners"] + leaf["alternates"] > 500:
        raise Fault("leaf 0 has more than 500 winners and alternates")


def check_leaf(log: Log, leaf: dict, n: int) -> None:
    """Whether leaf n may stand here; if so it is noted in the log."""
    kind = leaf["type"]
    if log.void:
        raise Fault(f"leaf {n:,} follows the void, which ends the log")
    if kind == "open":
        raise Fault(f"leaf {n:,} opens the log a second time")
    if kind in ("entry", "withdraw", "exclude") and log.seal:
        raise Fault(f"leaf {n:,} ({kind}) comes after the seal")
    if kind == "entry":
        first = log.entries.setdefault(leaf["commitment"], n)
        if first != n:
            raise Fault(f"leaves {first:,} and {n:,} have the same commitment")
    elif kind in ("withdraw", "exclude"):
        index = leaf["index"]
        if index >= n or not PLAIN_ENTRY.fullmatch(log.leaves[index]):
            raise Fault(f"leaf {n:,} ({kind}) does not name an earlier entry")
        if index in log.removed:
            raise Fault(f"leaf {n:,} ({kind}) removes entry {index:,}, which was removed before")
        log.removed[index] = leaf
    elif kind == "seal":
        log.seal = leaf
    elif kind == "draw":
        if not log.seal:
            raise Fault(f"leaf {n:,} (draw) comes before the seal")
        if log.draw:
            raise Fault(f"leaf {n:,} is a second draw")
        log.draw = leaf
    elif kind == "void":
        if log.draw:
            raise Fault(f"leaf {n:,} (void) comes after the draw")
        log.void = leaf
    elif not log.draw:
        raise Fault(f"leaf {n:,} ({kind}) comes before the draw")
    else:
        log.steps.append((n, leaf))


def check_leaves(log: Log) -> None:
    for n, data in enumerate(log.leaves[1:], 1):
        if PLAIN_ENTRY.fullmatch(data):
            check_leaf(log, {"type": "entry", "commitment": data[15:79].decode()}, n)
        else:
            check_leaf(log, read_leaf(data, n), n)


def check_counts(log: Log) -> None:
    counted = {"entries": len(log.entries), "eligible": len(log.entries) - len(log.removed)}
    for name, count in counted.items():
        if log.seal and log.seal[name] != count:
            raise Fault(f"the seal counts {log.seal[name]:,} {name}, the leaves hold {count:,}")


# ---- Times and the beacon --------------------------------------------------------------------------------------------


def round_at(at: int) -> int:
    """The first quicknet round at or after a time."""
    return -(-(at - GENESIS) // PERIOD) + 1


def round_time(number: int) -> int:
    return GENESIS + (number - 1) * PERIOD


def check_times(log: Log) -> tuple[int, int]:
    """When the draw is due, and by which round: from leaf 0, or moved by whole days by a late seal."""
    terms, seal = log.open["beacon"], log.seal
    due, number = seconds(log.open["draws_at"]), terms.get("round", 0)
    if not log.operator and terms["chain"] != QUICKNET:
        raise Fault("leaf 0 names another beacon chain than drand's quicknet")
    if not log.operator and number != round_at(due):
        raise Fault(f"leaf 0 pins round {number:,}, but the first round at or after draws_at is {round_at(due):,}")
    if seal is None:
        return due, number
    sealed = seconds(seal["at"])
    if sealed < seconds(log.open["seals_at"]) and not log.operator:
        raise Fault("the seal is dated before seals_at")
    if sealed > due - HOUR:
        days = max(1, -(-(sealed + HOUR - due) // DAY))
        if days > 7:
            raise Fault("the seal is more than seven days late: the campaign is void")
        due += days * DAY
        number = 0 if log.operator else round_at(due)
        if seal.get("draws_at") != stamp_of(due) or seal.get("round", 0) != number:
            raise Fault(f"the seal is late and must move the draw to {stamp_of(due)}" + (f", round {number:,}" if number else ""))
    elif "draws_at" in seal:
        raise Fault("the seal moves the draw without being late")
    if log.draw and seconds(log.draw["at"]) < sealed:
        raise Fault("the draw is dated before the seal")
    early = log.operator and sealed < seconds(log.open["seals_at"])  # only an operator's campaign may be closed early
    if log.draw and seconds(log.draw["at"]) < due and not early:
        raise Fault("the draw is dated before it was due")
    return due, number


def bls_by_arkworks(number: int, signature: bytes) -> bool:
    from py_arkworks_bls12381 import GT, G1Point, G2Point

    try:
        point = G1Point.from_compressed_bytes(signature)  # refuses what is off the curve or outside the subgroup
    except ValueError:
        return False
    message = G1Point.hash_to_curve(sha256(number.to_bytes(8, "big")), DST)
    public = G2Point.from_compressed_bytes(bytes.fromhex(QUICKNET_KEY))
    return GT.pairing(point, G2Point()) == GT.pairing(message, public)


def bls_by_py_ecc(number: int, signature: bytes) -> bool:
    from py_ecc.bls.g2_primitives import pubkey_to_G1, signature_to_G2, subgroup_check
    from py_ecc.bls.hash_to_curve import hash_to_G1
    from py_ecc.optimized_bls12_381 import G2, is_inf, pairing

    try:
        point = pubkey_to_G1(signature)  # whatever its name says: a compressed point of G1
    except ValueError:
        return False
    if is_inf(point) or not subgroup_check(point):
        return False
    message = hash_to_G1(sha256(number.to_bytes(8, "big")), DST, hashlib.sha256)
    public = signature_to_G2(bytes.fromhex(QUICKNET_KEY))
    return pairing(G2, point) == pairing(public, message)


def bls_library(number: int, signature: bytes) -> Optional[str]:
    """The name of the library by which the signature holds; None where none is installed."""
    if signature[0] & 0xC0 != 0x80:
        raise Fault("the beacon's signature is not a compressed point other than infinity")
    for name, verify in (("py_arkworks_bls12381", bls_by_arkworks), ("py_ecc", bls_by_py_ecc)):
        try:
            holds = verify(number, signature)
        except ImportError:
            continue
        if not holds:
            raise Fault(f"the beacon's signature is not drand's for round {number:,}")
        return name
    return None


def check_beacon(log: Log, number: int, say: Callable[[str], None]) -> bytes:
    """Check 7: the 32 bytes B that the draw was made from."""
    beacon = log.draw["beacon"]
    if beacon["kind"] != log.open["beacon"]["kind"]:
        raise Fault("the draw's beacon is not of the kind that leaf 0 names")
    if log.operator:
        secret = bytes.fromhex(beacon["secret"])
        if len(secret) != 32:
            raise Fault(f"the operator's secret is {len(secret)} bytes long, not 32")
        if sha256(secret).hex() != log.open["beacon"]["commitment"]:
            raise Fault("the operator's secret is not the one that leaf 0 commits to")
        say("7. The operator's secret is the one that leaf 0 commits to.")
        return secret
    if beacon["round"] != number:
        raise Fault(f"the draw used round {beacon['round']:,} of the beacon, not round {number:,}")
    signature = bytes.fromhex(beacon["signature"])
    if len(signature) != 48:
        raise Fault(f"the beacon's signature is {len(signature)} bytes long, not 48")
    library = bls_library(number, signature)
    if library:
        say(f"7. The beacon's signature is drand's for round {number:,} (checked with {library}).")
    else:
        say("7. The beacon's signature was NOT checked: no BLS library is installed (pip install py_arkworks_bls12381). Compare it:")
        say(f"   https://api.drand.sh/{QUICKNET}/public/{number} must show {signature.hex()}")
    return sha256(signature)


# ---- The draw and what follows it ------------------------------------------------------------------------------------


def rank_entries(log: Log, root: bytes, b: bytes) -> None:
    """Every eligible entry's ticket, by HKDF-SHA256 with R as salt and B as key material, in ascending order."""
    prk = hmac.new(root, b, "sha256").digest()
    for index in log.entries.values():
        if index not in log.removed:
            log.ranks.append((hmac.new(prk, log.hashes[index] + b"\1", "sha256").digest(), index))
    log.ranks.sort()


def check_ranking(log: Log) -> None:
    stated = log.draw["ranking"]
    length = min(len(log.ranks), log.open["winners"] + log.open["alternates"])
    if not length:
        raise Fault("a draw was made with nobody eligible")
    if len(stated) != length:
        raise Fault(f"the ranking holds {len(stated):,} ranks, not {length:,}")
    for rank, (ticket, index) in enumerate(log.ranks[:length], 1):
        if stated[rank - 1] != {"rank": rank, "index": index, "ticket": ticket.hex()}:
            raise Fault(f"rank {rank} of the ranking is wrong: it belongs to entry {index:,} with the ticket {ticket.hex()}")


def check_steps(log: Log, say: Callable[[str], None]) -> None:
    """Check 9: forfeits, awards and payments, each by somebody who may have it, in order and in time."""
    last = seconds(log.draw["at"])
    offered = dict.fromkeys(log.holders(), last)  # rank: when its claim time began
    awarded: set[int] = set()
    paid: set[int] = set()
    for n, leaf in log.steps:
        kind, rank, at = leaf["type"], leaf["rank"], seconds(leaf["at"])
        if at < last:
            raise Fault(f"leaf {n:,} ({kind}) is dated before the leaf it follows")
        last = at
        if rank > len(log.draw["ranking"]):
            raise Fault(f"leaf {n:,} ({kind}) names rank {rank}, which is not in the ranking")
        if rank in log.forfeited:
            raise Fault(f"leaf {n:,} ({kind}) names rank {rank}, which is forfeited")
        # Somebody who asks to be erased may be an alternate; all else concerns those who hold a prize.
        if rank not in offered and leaf.get("reason") != "erasure":
            raise Fault(f"leaf {n:,} ({kind}) names rank {rank}, which holds no prize")
        if rank in paid:
            raise Fault(f"leaf {n:,} ({kind}) names rank {rank}, which is paid")
        if kind == "forfeit":
            if leaf["reason"] == "no_answer" and at < offered[rank] + log.open["claim_days"] * DAY:
                raise Fault(f"leaf {n:,} forfeits rank {rank} for no answer before the {log.open['claim_days']} days to claim were over")
            log.forfeited[rank] = leaf["reason"]
            for holder in log.holders():
                offered.setdefault(holder, at)
        elif kind == "award":
            if rank in awarded:
                raise Fault(f"leaf {n:,} awards rank {rank} a second time")
            awarded.add(rank)
        else:
            if rank not in awarded:
                raise Fault(f"leaf {n:,} pays rank {rank} before it was awarded")
            paid.add(rank)
        say(f"   {leaf['at']} rank {rank}: {kind}" + (f" ({leaf['reason']})" if kind == "forfeit" else ""))
    say("9. Forfeits, awards and payments are in order and in time." if log.steps else "9. No forfeit, award or payment so far.")
    for rank in log.holders():
        state = "paid" if rank in paid else "awarded" if rank in awarded else "drawn"
        say(f"   Winner: entry {log.ranks[rank - 1][1]:,} (rank {rank}, {state}).")
    if len(log.holders()) < log.open["winners"]:
        say(f"   Not awarded, for want of alternates: {log.open['winners'] - len(log.holders())} of {log.open['winners']} prizes.")


# ---- When was it sealed? ---------------------------------------------------------------------------------------------


def read_letter(data: bytes, root: bytes) -> tuple[str, int]:
    """Who received the seal's letter, and when, by the uppermost Received line: that of the reader's own mail provider."""
    letter = email.message_from_bytes(data, policy=email.policy.default)
    texts = [part.get_content() for part in letter.walk() if part.get_content_type() == "text/plain"]
    if not any(base64.b64encode(root).decode() in text for text in texts):
        raise Fault("the letter does not state the sealed root R")
    received = str(letter.get("Received", ""))
    try:
        at = email.utils.parsedate_to_datetime(received.rpartition(";")[2].strip())
    except (TypeError, ValueError):
        raise Fault("the letter has no Received line with a time: save it with all its headers") from None
    by = re.search(r"\bby\s+(\S+)", received)
    return shown(by[1] if by else "your mail provider"), int(at.timestamp())


def check_seal_time(log: Log, before: int, seen: list[tuple[str, int]], say: Callable[[str], None]) -> bool:
    """Check 6, second half: whether anybody else saw R before the beacon's round. Nothing in the log dates the seal."""
    if log.operator:
        say("   OPERATOR-TRUSTED: whoever knows the secret could try entries until a friend wins. No time of the seal helps.")
        return False
    for who, at in seen:
        say(f"   {who} saw R at {stamp_of(at)}, {'before' if at < before else 'but NOT before'} the round's time {stamp_of(before)}.")
    if any(at < before for _, at in seen):
        return True
    say(f"   No independent time of R was given: look in your inbox for the mail with R, dated before {stamp_of(before)}.")
    return False


# ---- All checks, in order --------------------------------------------------------------------------------------------


@dataclass
class Record:
    """What the publisher shows: a bundle's files, or what a site serves."""

    rules: bytes
    leaves: list[bytes]
    checkpoint: bytes
    sealed: Optional[bytes] = None
    manifest: dict = field(default_factory=dict)


@dataclass
class Mine:
    """What the reader brings: all of it optional but what the usage asks for."""

    vkey: Optional[str] = None
    receipt: Optional[bytes] = None
    email: str = ""
    older: list[bytes] = field(default_factory=list)  # receipts or checkpoints kept from before
    witnesses: list[str] = field(default_factory=list)
    letter: Optional[bytes] = None


VERIFIED, UNPROVEN = "verified", "verified, seal time unproven"


def read_older(data: bytes, number: int) -> Checkpoint:
    what = f"older checkpoint {number}"
    if data.lstrip(b"\xef\xbb\xbf").startswith(b"c2sp.org/tlog-proof"):
        return read_receipt(data, f"older receipt {number}").checkpoint
    return read_checkpoint(as_text(data, what).lstrip("\ufeff").replace("\r\n", "\n").rstrip("\n") + "\n", what)


def find_key(record: Record, mine: Mine, terms: dict) -> tuple[Key, str, str]:
    """Check 1: the vkey from the rules or the reader's own mail; all who name one agree."""
    if sha256(record.rules).hex() != terms["rules_sha256"]:
        raise Fault("the rules are not those that leaf 0 names: their SHA-256 differs")
    pattern = re.escape(terms["origin"].encode()) + rb"\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}"
    in_rules = {found.decode() for found in re.findall(pattern, record.rules)}
    if len(in_rules) > 1:
        raise Fault("the rules hold more than one vkey of this log")
    if not in_rules and not mine.vkey:
        raise Fault("the rules do not hold the log's vkey: give the one in your mail")
    vkey = mine.vkey or min(in_rules)
    if in_rules - {vkey}:
        raise Fault("the vkey you gave is not the one in the rules")
    key = read_vkey(vkey, 1, "the log's vkey")
    if key.name != terms["origin"]:
        raise Fault(f"the vkey is of another log: {shown(key.name)}, not {terms['origin']}")
    expected = {"protocol": "open-draw/1", "campaign": terms["campaign"], "origin": terms["origin"], "vkey": vkey}
    for name, value in expected.items():
        if record.manifest.get(name, value) != value:
            raise Fault(f"the bundle's {name} is not that of the log")
    return key, vkey, "given by you" if mine.vkey else "from the rules; compare it with the one in your mail"


def check_roots(log: Log, size: int, checkpoints: list[Checkpoint], sealed: Optional[Checkpoint]) -> None:
    """Check 3, and the consistency of check 2: the leaves themselves hash to every signed root."""
    if len(log.leaves) != size:
        raise Fault(f"the log holds {len(log.leaves):,} leaves, its checkpoint counts {size:,}")
    log.hashes = [leaf_hash(leaf) for leaf in log.leaves]
    found = roots(log.hashes, (checkpoint.size for checkpoint in checkpoints))
    for checkpoint in checkpoints:
        if found[checkpoint.size] != checkpoint.root:
            forked = "" if checkpoint in checkpoints[:2] else "; the log was forked, and both histories are signed"
            raise Fault(f"the leaves do not hash to the root of {checkpoint.what}{forked}")
    seals = [n for n, leaf in enumerate(log.leaves) if leaf.endswith(b'"type":"seal"}')]  # canonical: members are sorted
    if sealed is None and seals:
        raise Fault(f"leaf {seals[0]:,} is a seal, but the sealed checkpoint is missing")
    if sealed and sealed.size - 1 not in seals:
        raise Fault(f"leaf {sealed.size - 1:,}, the last under the sealed checkpoint, is not a seal")
    if len(seals) > 1:
        raise Fault(f"the log holds {len(seals)} seals: leaves {seals[0]:,} and {seals[1]:,}")


def check_entry(log: Log, receipt: Receipt, mine: Mine) -> int:
    """Check 10, as far as the log goes: the entry's index."""
    mark = commitment(receipt.nonce, log.open["campaign"], mine.email)
    if log.leaves[receipt.index] != entry_leaf(mark):
        if mark in log.entries:
            raise Fault(f"your entry is number {log.entries[mark]:,} in the log, your receipt says {receipt.index:,}")
        if not PLAIN_ENTRY.fullmatch(log.leaves[receipt.index]):
            raise Fault(f"your receipt says {receipt.index:,}, but that leaf is not an entry")
        raise Fault(f"the nonce and this e-mail do not give the commitment of entry {receipt.index:,}: type the address as your receipt's mail prints it")
    if not receipt_proves(receipt, entry_leaf(mark)):
        raise Fault("the inclusion proof in your receipt does not lead to the root it states")
    gone = log.removed.get(receipt.index)
    if gone:
        raise Fault(f"your entry {receipt.index:,} was removed before the seal ({gone['type']}: {gone['reason']}) and took no part in the draw")
    return receipt.index


def say_entry(log: Log, index: int, say: Callable[[str], None]) -> None:
    eligible = len(log.entries) - len(log.removed)
    if not log.ranks:
        say(f"10. Your entry number {index:,} (its place in the log) is in it; {eligible:,} eligible so far.")
        return
    rank = next(rank for rank, (_, owner) in enumerate(log.ranks, 1) if owner == index)
    say(f"10. Your entry number {index:,} (its place in the log); {eligible:,} eligible; your ticket {log.ranks[rank - 1][0].hex()} is rank {rank:,};")
    if rank in log.forfeited:
        say(f"    your rank was drawn and then forfeited ({log.forfeited[rank]}).")
    elif rank in log.holders():
        say("    YOU WON: yours is among the lowest tickets that are not forfeited.")
    elif log.holders():
        last = log.holders()[-1]
        say(f"    the {'winner' if log.open['winners'] == 1 else 'last winner'}'s {log.ranks[last - 1][0].hex()} is lower (entry {log.ranks[last - 1][1]:,}, rank {last}).")
    else:
        say("    no prize is held by anybody any more.")


def check(record: Record, mine: Mine, say: Callable[[str], None] = print) -> str:
    """Checks 1 to 10; says what it found, returns one of the two good endings. Raises Fault at the first fault."""
    receipt = read_receipt(mine.receipt) if mine.receipt is not None else None
    if not record.leaves:
        raise Fault("the log holds no leaves")
    log = Log(record.leaves, read_leaf(record.leaves[0], 0))
    check_terms(log.open)
    key, vkey, whence = find_key(record, mine, log.open)
    witnesses = [read_vkey(text, 4, "a witness's key") for text in mine.witnesses]
    say(f"1. The log's key is {vkey} ({whence}); origin, leaf 0 and rules agree.")

    current = read_checkpoint(as_text(record.checkpoint, "the current checkpoint"), "the current checkpoint")
    sealed = read_checkpoint(as_text(record.sealed, "the sealed checkpoint"), "the sealed checkpoint") if record.sealed is not None else None
    checkpoints = [sealed, current] if sealed else [current, current]
    checkpoints += [receipt.checkpoint] if receipt else []
    checkpoints += [read_older(data, number) for number, data in enumerate(mine.older, 1)]
    for checkpoint in checkpoints:
        check_signature(checkpoint, key)
    check_forks(checkpoints)
    for checkpoint in checkpoints:
        if checkpoint.size > current.size:
            raise Fault(f"the log was rolled back: {checkpoint.what} counts {checkpoint.size:,} leaves, the current checkpoint only {current.size:,}")
    seen = [(f"Witness {name}", at) for c in checkpoints if sealed and c.size >= sealed.size for name, at in cosignatures(c, witnesses)]
    say("2. The log's signatures hold: " + ", ".join(f"{c.what} ({c.size:,} leaves)" for c in checkpoints[not sealed :]) + ".")

    if record.manifest.get("size", current.size) != current.size:
        raise Fault("the bundle's size is not that of the log")
    check_roots(log, current.size, checkpoints, sealed)
    say(f"3. All {current.size:,} leaves hash to these roots" + (f"; R = {sealed.root.hex()}; leaf {sealed.size - 1:,} is the only seal." if sealed else "."))
    check_leaves(log)
    say("4. Every leaf is well-formed and in order; no two commitments are equal.")
    check_counts(log)
    say(f"5. {len(log.entries):,} entries, {len(log.removed):,} of them removed, {len(log.entries) - len(log.removed):,} eligible.")

    due, number = check_times(log)
    proven = False
    if log.seal:
        if "draws_at" in log.seal:
            say(f"   LATE SEAL ({log.seal['reason']}): it moved the draw to {log.seal['draws_at']}, which gives the publisher a veto on one draw.")
        say(f"6. Sealed; due {stamp_of(due)}" + (f", which is round {number:,}." if number else ", by the operator's own secret."))
        if mine.letter is not None:
            by, at = read_letter(mine.letter, sealed.root)
            seen.append((f"The mail in your inbox (received by {by})", at))
        proven = check_seal_time(log, round_time(number), sorted(set(seen)), say)
    if log.draw:
        rank_entries(log, sealed.root, check_beacon(log, number, say))
        check_ranking(log)
        say(f"8. All {len(log.ranks):,} tickets recomputed; the ranking is right. Rank 1: entry {log.ranks[0][1]:,}, ticket {log.ranks[0][0].hex()}.")
        check_steps(log, say)
    elif log.void:
        say(f"   The campaign is void since {log.void['at']} ({log.void['reason']}): there is no draw.")
    else:
        say("   Sealed, not drawn yet." if log.seal else "   Not sealed yet: entries may still come and go.")
    if receipt:
        say_entry(log, check_entry(log, receipt, mine), say)
    return VERIFIED if proven else UNPROVEN


def check_receipt(mine: Mine, say: Callable[[str], None] = print) -> str:
    """A receipt alone, by the vkey in one's mail: checks 1, 2 and 10 as far as they go without the log."""
    receipt = read_receipt(mine.receipt)
    key = read_vkey(mine.vkey, 1, "the log's vkey")
    campaign = re.fullmatch(r".+/draws/([a-z0-9][a-z0-9_-]{0,63})/log", key.name)
    if not campaign:
        raise Fault("the vkey does not name the log of a campaign")
    checkpoints = [receipt.checkpoint] + [read_older(data, number) for number, data in enumerate(mine.older, 1)]
    for checkpoint in checkpoints:
        check_signature(checkpoint, key)
    check_forks(checkpoints)
    say(f"2. The log's signatures hold: " + ", ".join(f"{c.what} ({c.size:,} leaves)" for c in checkpoints) + ".")
    if not receipt_proves(receipt, entry_leaf(commitment(receipt.nonce, campaign[1], mine.email))):
        raise Fault("the proof does not lead from this nonce and e-mail to the signed root: the address (type it as the mail prints it), the index or a proof line is wrong")
    say(f"10. Your entry number {receipt.index:,} (its place in the log) is one of the {receipt.checkpoint.size:,} leaves under the root {receipt.checkpoint.root.hex()}.")
    say("    Not checked without the log: that it was not removed, the draw, its winner. Give --bundle or --site.")
    return UNPROVEN


# ---- Where the record comes from -------------------------------------------------------------------------------------


def read_file(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise CannotBegin(f"cannot read {shown(path)}: {error.strerror}") from None


def zip_reader(path: str) -> Callable[[str], Optional[bytes]]:
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile):
        raise Fault("the bundle is not a whole zip file") from None

    def read(name: str) -> Optional[bytes]:
        if archive.namelist().count(name) > 1:
            raise Fault(f"the bundle holds {name} twice")
        try:
            return archive.read(name) if name in archive.namelist() else None
        except Exception:  # zipfile raises half a dozen kinds for a damaged or encrypted member
            raise Fault(f"{name} in the bundle is damaged") from None

    return read


def folder_reader(folder: str) -> Callable[[str], Optional[bytes]]:
    def read(name: str) -> Optional[bytes]:
        path = os.path.join(folder, name)
        return read_file(path) if os.path.isfile(path) else None

    return read


def read_bundle(read: Callable[[str], Optional[bytes]]) -> Record:
    """The record in a bundle, each file the one that manifest.json lists."""
    data = read("manifest.json")
    if data is None:
        raise Fault("the bundle holds no manifest.json")
    try:
        manifest = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Fault("manifest.json is not JSON") from None
    files = manifest.get("files") if isinstance(manifest, dict) else None
    if not isinstance(files, dict):
        raise Fault("manifest.json does not list the bundle's files")
    held: dict[str, bytes] = {}
    for name in sorted(files):
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}", name):
            raise Fault("manifest.json lists a file under a name that is no plain file name")
        content = read(name)
        if content is None:
            raise Fault(f"the bundle lacks {name}, which its manifest.json lists")
        if sha256(content).hex() != files[name]:
            raise Fault(f"{name} is not the file that manifest.json lists: its SHA-256 differs")
        held[name] = content
    for name in ("rules.txt", "leaves.jsonl", "checkpoint"):
        if name not in held:
            raise Fault(f"manifest.json does not list {name}")
    if "vkey" in held and as_text(held["vkey"], "the file vkey").strip() != manifest.get("vkey"):
        raise Fault("the file vkey and manifest.json differ")
    leaves = held["leaves.jsonl"].split(b"\n")
    return Record(held["rules.txt"], leaves[:-1] if leaves[-1] == b"" else leaves, held["checkpoint"], held.get("sealed"), manifest)


def fetch(url: str) -> Optional[bytes]:
    """What is served there; None for "not found"."""
    request = urllib.request.Request(url, headers={"User-Agent": "open_draw.py", "Accept-Encoding": "gzip"})
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


def tile_path(number: int, width: int) -> str:
    """The end of a tile's address (tlog-tiles): 1234067 is x001/x234/067, a partial tile ends in .p/<width>."""
    path = f"{number % 1000:03d}"
    while number >= 1000:
        number //= 1000
        path = f"x{number % 1000:03d}/{path}"
    return path if width == 256 else f"{path}.p/{width}"


def read_entry_bundle(data: bytes, number: int, width: int) -> list[bytes]:
    """The first `width` leaves of a bundle: each has its length before it, two bytes big-endian."""
    leaves, at = [], 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 2], "big")
        leaves.append(data[at + 2 : at + 2 + length])
        at += 2 + length
    if at != len(data) or len(leaves) < width:
        raise Fault(f"entry bundle {number:,} of the log is truncated or malformed")
    return leaves[:width]


def walk(site: str) -> Record:
    """The record as a site serves it, by tlog-tiles."""
    site = site.rstrip("/")

    def need(name: str) -> bytes:
        data = fetch(f"{site}/{name}")
        if data is None:
            raise Fault(f"the site does not serve {name}")
        return data

    rules, sealed, checkpoint = need("rules.txt"), fetch(f"{site}/sealed"), need("log/checkpoint")
    size = read_checkpoint(as_text(checkpoint, "the current checkpoint"), "the current checkpoint").size
    leaves: list[bytes] = []
    while len(leaves) < size:
        number, width = len(leaves) // 256, min(256, size - len(leaves))
        data = fetch(f"{site}/log/tile/entries/{tile_path(number, width)}")
        if data is None:  # a partial bundle may be gone once the full one is there
            data = need(f"log/tile/entries/{tile_path(number, 256)}")
        leaves += read_entry_bundle(data, number, width)
    return Record(rules, leaves, checkpoint, sealed)


def read_record(source: str) -> Record:
    if re.match(r"https?://", source):
        return walk(source)
    if os.path.isdir(source):
        return read_bundle(folder_reader(source))
    read_file(source)  # says so where there is none
    return read_bundle(zip_reader(source))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", help="a bundle (folder or zip), the address of a draw, or a receipt")
    parser.add_argument("--email", help="for a receipt: your address, as the receipt's mail prints it")
    parser.add_argument("--bundle", metavar="FOLDER_OR_ZIP", help="for a receipt: the draw's bundle")
    parser.add_argument("--site", metavar="URL", help="for a receipt: the draw's address")
    parser.add_argument("--vkey", help="the log's key, as your mail prints it")
    parser.add_argument("--older", metavar="FILE", action="append", default=[], help="a receipt or checkpoint kept from before (may be repeated)")
    parser.add_argument("--witness", metavar="VKEY", action="append", default=[], help="the key of a witness you trust (may be repeated)")
    parser.add_argument("--letter", metavar="FILE.eml", help="the letter that told you the seal, saved with all its headers")
    return parser.parse_args()


def run(given: argparse.Namespace) -> str:
    mine = Mine(given.vkey, None, given.email or "", [read_file(path) for path in given.older], given.witness)
    mine.letter = read_file(given.letter) if given.letter else None
    what = given.what
    if re.match(r"https?://", what) or os.path.isdir(what) or what.endswith(".zip") or zipfile.is_zipfile(what):
        if given.email or given.bundle or given.site:
            raise CannotBegin("--email, --bundle and --site go with a receipt")
        return check(read_record(what), mine)
    mine.receipt = read_file(what)
    if given.email is None:
        raise CannotBegin("a receipt is checked with --email ADDRESS, as its mail prints it")
    if given.bundle and given.site:
        raise CannotBegin("give --bundle or --site, not both")
    if given.site and not re.match(r"https?://", given.site):
        raise CannotBegin("--site is an address that begins with https://")
    if given.bundle or given.site:
        return check(read_record(given.bundle or given.site), mine)
    if not mine.vkey:
        raise CannotBegin("give --bundle, --site, or the log's key from your mail with --vkey")
    return check_receipt(mine)


def main() -> int:
    given = arguments()
    try:
        print(run(given))
        return 0
    except Fault as fault:
        print(f"invalid: {fault}")
        return 1
    except CannotBegin as why:
        print(f"open_draw.py: {why}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
