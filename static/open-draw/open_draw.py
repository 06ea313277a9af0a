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
Exit code 0 for the first two, 1 for invalid, 2 if it could not begin (wrong usage, no draw there, no network).

Sources: RFC 6962 (tree), RFC 8032 (Ed25519), RFC 5869 (HKDF), RFC 8785 (canonical JSON), RFC 9380 and drand's quicknet
(beacon), and the C2SP formats signed-note, tlog-checkpoint, tlog-tiles, tlog-proof, tlog-cosignature (c2sp.org).
"""

import argparse
import base64
import calendar
import email.policy
import email.utils
import hashlib
import hmac
import json
import re
import sys
import time
import urllib.request
import zipfile
from collections import namedtuple
from pathlib import Path

QUICKNET = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"  # drand's chain, and its key:
QUICKNET_KEY = bytes.fromhex(
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
    "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
)
GENESIS, PERIOD, HOUR, DAY = 1692803367, 3, 3600, 86400


class Fault(Exception):
    """What is wrong with the draw or the receipt, in one sentence."""


class CannotBegin(Exception):
    """Nothing was checked: wrong usage, a file that is not there, a network that does not answer."""


def need(holds, otherwise):
    """Nearly every check below is one such line: what must hold, and the fault where it does not."""
    if not holds:
        raise Fault(otherwise)


# ---- The tree (RFC 6962, section 2.1): one root stands for the whole list --------------------------------------------
def sha256(data):
    return hashlib.sha256(data).digest()


def roots(hashes, sizes):
    """The root over the first n leaf hashes, for every n in `sizes`: those of one list are consistent."""
    found, peaks = {}, []  # peaks: the roots of the perfect subtrees so far, the largest first
    for n, leaf in enumerate(hashes, 1):
        root, carry = leaf, n
        while carry % 2 == 0:
            root, carry = sha256(b"\1" + peaks.pop() + root), carry // 2
        peaks.append(root)
        if n in sizes:
            for left in reversed(peaks[:-1]):
                root = sha256(b"\1" + left + root)
            found[n] = root
    return found


# ---- Ed25519 (RFC 8032, section 5.1; points in extended coordinates X, Y, Z, T) --------------------------------------
Q, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, Q) % Q


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % Q, (p[1] + p[0]) * (q[1] + q[0]) % Q
    c, d = 2 * p[3] * q[3] * D % Q, 2 * p[2] * q[2] % Q
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % Q, g * h % Q, f * g % Q, e * h % Q


def multiply(k, p):
    result = (0, 1, 1, 0)
    while k:
        result = add(result, p) if k & 1 else result
        p, k = add(p, p), k >> 1
    return result


def decode_point(data):
    """The point that 32 bytes encode, or None (section 5.1.3)."""
    sign, y = divmod(int.from_bytes(data, "little"), 2**255)
    square = (y * y - 1) * pow(D * y * y + 1, -1, Q) % Q
    x = pow(square, (Q + 3) // 8, Q)
    x = x if x * x % Q == square else x * pow(2, (Q - 1) // 4, Q) % Q
    if y >= Q or x * x % Q != square or (x == 0 and sign):
        return None
    x = x if x & 1 == sign else Q - x
    return x, y, 1, x * y % Q


def ed25519_verifies(public, message, signature):
    r, a, base = (decode_point(data) for data in (signature[:32], public, b"\x58" + b"\x66" * 31))
    s = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or r is None or a is None or s >= ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    p, q = multiply(s, base), add(r, multiply(k, a))  # these must be the same point
    return (p[0] * q[2] - q[0] * p[2]) % Q == 0 and (p[1] * q[2] - q[1] * p[2]) % Q == 0


# ---- Signed notes, checkpoints, cosignatures, receipts (c2sp.org): who signed which tree -----------------------------
Key = namedtuple("Key", "name id public")
Checkpoint = namedtuple("Checkpoint", "what origin size root body signatures")  # signatures by (key name, key id)
Receipt = namedtuple("Receipt", "nonce index proof checkpoint")
NUMBER, BASE64_32 = "(?:0|[1-9][0-9]{0,14})", "[A-Za-z0-9+/]{43}="
SIGNATURE = "— ([!-*,-~]+) ((?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)\n"
NOTE = re.compile(f"(([!-~]+)\n([1-9][0-9]{{0,14}})\n({BASE64_32})\n(?:[^\\0-\\x1f]+\n)*)\n((?:{SIGNATURE})+)")
PROOF = ("c2sp.org/tlog-proof@v1", f"extra {BASE64_32}", f"index {NUMBER}")  # how a receipt begins; then hashes


def as_text(data, what):
    """Text, perhaps saved by a program that changed its line ends, put a mark before it or dropped the last one."""
    try:
        return data.decode("utf-8").lstrip("\ufeff").replace("\r\n", "\n").rstrip("\n") + "\n"
    except UnicodeDecodeError:
        raise Fault(f"{what} is not text in UTF-8") from None


def read_vkey(vkey, kind, what):
    """A verifier key: name+id+base64(kind, public key). Kind 1 signs notes, kind 4 timestamps checkpoints."""
    parts = re.fullmatch(r"([!-*,-~]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})", vkey)
    data = base64.b64decode(parts[3]) if parts else b"\0"
    need(data[0] == kind, f"{what} is not a vkey of the kind {kind}")
    id = sha256(parts[1].encode() + b"\n" + data)[:4]
    need(id.hex() == parts[2], f"{what} has a key id that does not belong to its key")
    return Key(parts[1], id, data[1:])


def read_checkpoint(data, what):
    found = NOTE.fullmatch(as_text(data, what))
    need(found, f"{what} is truncated or malformed: it must be origin, size, root, an empty line and signatures")
    signatures = {}
    for name, text in re.findall(SIGNATURE, found[5]):
        signature = base64.b64decode(text)
        signatures.setdefault((name, signature[:4]), []).append(signature[4:])
    return Checkpoint(what, found[2], int(found[3]), base64.b64decode(found[4]), found[1].encode(), signatures)


def read_receipt(data, what):
    """A receipt: which entry, the nonce that only its owner has, the proof that it is in the tree that was signed."""
    head, _, note = as_text(data, what).partition("\n\n")
    lines = head.rstrip("\n").split("\n")
    for n, line in enumerate(lines + [""] * (3 - len(lines))):
        form = PROOF[n] if n < 3 else BASE64_32
        words = (form, "extra and the nonce", "index and a number", "a hash")[min(n, 3)]
        need(re.fullmatch(form, line), f"line {n + 1} of {what} is missing, truncated or changed: it must be {words}")
    need(note, f"{what} is truncated: no checkpoint follows its proof")
    checkpoint, index = read_checkpoint(note.encode(), f"the checkpoint in {what}"), int(lines[2][6:])
    need(index < checkpoint.size, f"{what} is for entry {index:,}, but its tree has only {checkpoint.size:,} leaves")
    return Receipt(base64.b64decode(lines[1][6:]), index, [base64.b64decode(line) for line in lines[3:]], checkpoint)


def read_older(data, number):
    """A receipt or a checkpoint kept from before: the log must still hold all that it held then."""
    if data.lstrip(b"\xef\xbb\xbf").startswith(b"c2sp.org/tlog-proof@"):
        return read_receipt(data, f"older receipt {number}").checkpoint
    return read_checkpoint(data, f"older checkpoint {number}")


def entry_leaf(receipt, campaign, address):
    """The leaf of the person who holds the receipt's nonce and the address, as the receipt's mail prints it."""
    message = b"open-draw/1\0%s\0%s" % (campaign.encode(), address.encode("utf-8", "surrogateescape"))
    return b'{"commitment":"%s","type":"entry"}' % hmac.new(receipt.nonce, message, "sha256").hexdigest().encode()


def proves(receipt, leaf):
    """Whether the proof, with no hash too many or too few, leads from the leaf to the signed root (RFC 9162)."""
    root, index, last = sha256(b"\0" + leaf), receipt.index, receipt.checkpoint.size - 1
    for neighbour in receipt.proof:
        while last and index == last and not index & 1:  # the last of an odd row goes up as it is
            index, last = index >> 1, last >> 1
        if not last:
            return False
        root = sha256(b"\1" + neighbour + root) if index & 1 else sha256(b"\1" + root + neighbour)
        index, last = index >> 1, last >> 1
    return not last and root == receipt.checkpoint.root


# ---- Leaves: canonical JSON (RFC 8785) leaves no choice of bytes, so each is matched as text -------------------------
def record(**members):
    return r"\{" + ",".join(f'"{name}":{pattern}' for name, pattern in members.items()) + r"\}"


HASH, HEX, DRAND, OPERATOR = '"[0-9a-f]{64}"', '"(?:[0-9a-f]{2})*"', '"drand"', '"operator"'
RANKED = record(index=NUMBER, rank=NUMBER, ticket=HASH)
SHAPES = {
    "number": NUMBER,
    "time": '"[1-9][0-9]{3}-(?:0[1-9]|1[0-2])-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"',
    "code": '"[a-z0-9][a-z0-9_-]{0,63}"',
    "hash": HASH,
    "origin": r'"[!#-*,-\[\]-~]+"',
    "pinned-beacon": record(chain=HEX, kind=DRAND, round=NUMBER) + "|" + record(commitment=HASH, kind=OPERATOR),
    "beacon": record(kind=DRAND, round=NUMBER, signature=HEX) + "|" + record(kind=OPERATOR, secret=HEX),
    "ranking": rf"\[(?:{RANKED}(?:,{RANKED})*)?\]",
    "known-reason": '"(?:no_answer|declined|ineligible|erasure)"',
    "version": '"open-draw/1"',
    "word": '"[a-z]+"',
}
LEAVES = {  # the members of each type in canonical order, each with its shape; only a late seal has those with a "?"
    "open": "alternates=number beacon=pinned-beacon campaign=code claim_days=number closes_at=time draws_at=time"
    " opens_at=time origin=origin protocol=version rules_sha256=hash seals_at=time type=word winners=number",
    "entry": "commitment=hash type=word",
    "withdraw": "index=number reason=code type=word",
    "exclude": "index=number reason=code type=word",
    "seal": "at=time draws_at=time? eligible=number entries=number reason=code? round=number? type=word",
    "draw": "at=time beacon=beacon ranking=ranking type=word",
    "forfeit": "at=time rank=number reason=known-reason type=word",
    "award": "at=time rank=number type=word",
    "paid": "at=time rank=number type=word",
    "void": "at=time reason=code type=word",
}
PLAIN_ENTRY = re.compile(rb'\{"commitment":"[0-9a-f]{64}","type":"entry"\}')


def seconds(stamp):
    return calendar.timegm([int(digits) for digits in re.findall("[0-9]+", stamp)])


def stamp_of(at):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def read_leaf(data, n):
    """Leaf n with exactly the members of its type, in canonical form."""
    need(len(data) <= 65535, f"leaf {n:,} is longer than 65,535 bytes")
    text = data.decode("latin-1")
    kind = (re.findall('"type":"([a-z]+)"', text) or [""])[0]
    need(kind in LEAVES, f"leaf {n:,} is of an unknown type")
    at, mark = 0, r"\{"
    for member in LEAVES[kind].split():
        name, shape = member.rstrip("?").split("=")
        found = re.compile(f'{mark}"{name}":({SHAPES[shape]})').match(text, at)
        if found and (shape != "time" or found[1] == f'"{stamp_of(seconds(found[1]))}"'):  # a day that exists
            at, mark = found.end(), ","
        else:
            need(member[-1] == "?", f'leaf {n:,} ({kind}) is ill-formed: here must stand "{name}" and a {shape}')
    need(text[at:] == "}", f"leaf {n:,} ({kind}) is ill-formed: it must end here")
    return json.loads(text)


# ---- The draw, check by check ----------------------------------------------------------------------------------------
# What the publisher shows (a bundle's files, or what a site serves), and what the reader brings.
Shown = namedtuple("Shown", "rules leaves checkpoint sealed manifest")
Mine = namedtuple("Mine", "vkey receipt email older witnesses letter", defaults=(None, None, "", (), (), None))
# Which leaves a log may take in each of its states, and a rank's prize in each of its own; and the states that follow.
LOG = {"open": "entry withdraw exclude seal void", "sealed": "draw void", "drawn": "forfeit award paid", "void": ""}
LOG_AFTER = {"seal": "sealed", "draw": "drawn", "void": "void"}
PRIZE = {"drawn": "award forfeit", "awarded": "paid forfeit", "paid": "", "forfeited": "", "not offered": ""}
PRIZE_AFTER = {"award": "awarded", "paid": "paid", "forfeit": "forfeited"}


def check_signed(checkpoints, key, say):
    """Check 2. Each has the log's own signature (kind 1; unknown keys are ignored), and no two of one size conflict."""
    for n, one in enumerate(checkpoints):
        what, ours = one.what, one.signatures.get((key.name, key.id))
        need(one.origin == key.name, f"{what} is of another log: {one.origin}, not {key.name}")
        need(ours, f"{what} is not signed by the key of this log")
        for signature in ours:
            need(len(signature) == 64, f"the log's signature on {what} is {len(signature)} bytes long, not 64")
            need(ed25519_verifies(key.public, one.body, signature), f"the log's signature on {what} is wrong")
        for two in checkpoints[:n]:
            both = f"{two.what} and {what}, both signed, have {one.size:,} leaves and different roots"
            need(one.size != two.size or one.root == two.root, f"the log was forked: {both}")
    say("2. Signed by the log: " + ", ".join(f"{one.what} ({one.size:,} leaves)" for one in checkpoints) + ".")


class Log:
    """One draw's log, and what is known of it so far. Each check says what it found; the first fault ends them all."""

    def __init__(self, show, say):
        need(show.leaves, "the log holds no leaves")
        self.leaves, self.terms, self.say = show.leaves, read_leaf(show.leaves[0], 0), say
        self.entries, self.removed = {}, {}  # commitment: index; index: the leaf that removed it
        self.state, self.seal, self.draw, self.void, self.steps = "open", None, None, None, []
        self.ranks, self.prizes = [], {}  # (ticket, index) of all eligible, in order; rank: state of its prize

    @property
    def eligible(self):
        return len(self.entries) - len(self.removed)

    def check_key(self, show, given):
        """Check 1. The vkey is from the reader's own mail if given, else from the rules; they may not differ."""
        terms, origin = self.terms, self.terms.get("origin", "")
        need(terms["type"] == "open", "leaf 0 does not open a log")
        named = origin.endswith(f"/draws/{terms['campaign']}/log")
        need(named, "the origin in leaf 0 is not that of its campaign's log")
        opens, closes, seals, draws = (seconds(terms[f"{name}_at"]) for name in ("opens", "closes", "seals", "draws"))
        order = "opens_at < closes_at <= seals_at <= draws_at - 1 h"
        need(opens < closes <= seals <= draws - HOUR, f"the times in leaf 0 are not in order: {order}")
        ranks = terms["winners"] + terms["alternates"]
        need(terms["winners"] and ranks <= 500, "leaf 0 has no winners, or more than 500 winners and alternates")
        good = sha256(show.rules).hex() == terms["rules_sha256"]
        need(good, "the rules are not those that leaf 0 names: their SHA-256 differs")
        vkeys = set(re.findall(re.escape(origin.encode()) + rb"\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}", show.rules))
        need(len(vkeys) < 2, "the rules hold more than one vkey of this log")
        need(vkeys or given, "the rules do not hold the log's vkey: give the one that your mail prints")
        need(not vkeys or not given or given.encode() in vkeys, "the vkey you gave is not the one in the rules")
        vkey = given or vkeys.pop().decode()
        key = read_vkey(vkey, 1, "the log's vkey")
        need(key.name == origin, f"the vkey is of another log: {key.name}, not {origin}")
        true = {"protocol": "open-draw/1", "campaign": terms["campaign"], "origin": origin, "vkey": vkey}
        true["size"] = len(self.leaves)
        for name in true if show.manifest else ():
            need(show.manifest.get(name) == true[name], f"the {name} in manifest.json is not that of the log")
        whence = "which you gave" if given else "from the rules: compare it with the one in your mail"
        self.say(f"1. The log's key is {vkey} ({whence}). Origin, leaf 0 and rules agree.")
        return key

    def check_roots(self, signed, current, sealed):
        """Check 3. The leaves hash to every signed root: they are consistent. The last sealed leaf is the only seal."""
        for one in signed:
            sizes = f"{one.what} has {one.size:,} leaves, the current checkpoint {current.size:,}"
            need(one.size <= current.size, f"the log was rolled back: {sizes}")
        count = len(self.leaves)
        need(count == current.size, f"the log holds {count:,} leaves, its checkpoint counts {current.size:,}")
        self.hashes = [sha256(b"\0" + leaf) for leaf in self.leaves]
        found = roots(self.hashes, {one.size for one in signed})
        for one in signed:
            root = f"the root of {one.what}: it is signed, so leaves were changed or the log was forked"
            need(found[one.size] == one.root, f"the leaves do not hash to {root}")
        seals = [n for n, leaf in enumerate(self.leaves) if leaf.endswith(b'"type":"seal"}')]
        need(sealed or not seals, "the log holds a seal, but the sealed checkpoint is missing")
        need(len(seals) < 2, f"the log has more than one seal: leaves {' and '.join(f'{n:,}' for n in seals[:2])}")
        last = sealed.size - 1 if sealed else 0
        need(not sealed or seals == [last], f"leaf {last:,}, the last under the sealed checkpoint, is not a seal")
        only = f" R = {sealed.root.hex()}; leaf {last:,} is the only seal." if sealed else ""
        self.say(f"3. All {count:,} leaves hash to these roots.{only}")

    def check_leaves(self):
        """Checks 4 and 5. Every leaf is well-formed and may stand where it does; the seal counts what there is."""
        latest = ""
        for n, data in enumerate(self.leaves[1:], 1):
            if PLAIN_ENTRY.fullmatch(data) and self.state == "open":
                first = self.entries.setdefault(data[15:79], n)
                need(first == n, f"leaves {first:,} and {n:,} have the same commitment")
                continue
            leaf = read_leaf(data, n)
            kind, index, at = leaf["type"], leaf.get("index"), leaf.get("at", latest)
            what = f"leaf {n:,} ({kind})"
            need(kind in LOG[self.state].split(), f"{what} may not stand in a log that is {self.state}")
            need(at >= latest, f"{what} is dated before what it follows")
            latest, self.state = at, LOG_AFTER.get(kind, self.state)
            if index is not None:
                earlier = index < n and PLAIN_ENTRY.fullmatch(self.leaves[index])
                need(earlier, f"{what} does not name an earlier entry")
                need(index not in self.removed, f"{what} removes entry {index:,} a second time")
                self.removed[index] = f"({kind}, {leaf['reason']})"
            elif "rank" in leaf:
                self.steps.append((n, leaf))
            else:
                setattr(self, kind, leaf)  # the seal, the draw, the void
        self.say("4. Every leaf is well-formed and in order; no two commitments are equal.")
        for name, count in (("entries", len(self.entries)), ("eligible", self.eligible)):
            stated = self.seal[name] if self.seal else count
            need(stated == count, f"the seal states {stated:,} {name}, the leaves hold {count:,}")
        entries, removed = len(self.entries), len(self.removed)
        self.say(f"5. {entries:,} entries, {removed:,} of them removed, {self.eligible:,} eligible.")

    def check_times(self):
        """Check 6. The round that the draw must use (0 for an operator's): from leaf 0, or moved by a late seal."""
        beacon, seal = self.terms["beacon"], self.seal or {}
        drand, due, round = beacon["kind"] == "drand", seconds(self.terms["draws_at"]), beacon.get("round", 0)
        need(not drand or beacon["chain"] == QUICKNET, "leaf 0 names another beacon chain than drand's quicknet")
        pinned = f"round {round:,}, but the first round at or after draws_at is {round_at(due):,}"
        need(not drand or 0 < round == round_at(due), f"leaf 0 pins {pinned}")
        early = seal and seal["at"] < self.terms["seals_at"]  # an operator's may be closed early, and drawn at once
        need(not early or not drand, "the seal is dated before seals_at")
        late = seconds(seal["at"]) + HOUR - due if seal else 0
        need(late <= 7 * DAY, "the seal is more than seven days late: the campaign is void")
        words, moves = "it may not move the draw", {}
        if late > 0:
            due += -(-late // DAY) * DAY
            round = round_at(due) if drand else 0
            moves = {"draws_at": stamp_of(due), "reason": seal.get("reason"), **({"round": round} if drand else {})}
            to = stamp_of(due) + (f", round {round:,}" if drand else "")
            words = f"it must give a reason and move the draw to {to}"
        moved = {name: seal[name] for name in ("draws_at", "reason", "round") if name in seal}
        need(moved == moves, f"the seal is {'' if moves else 'not '}late: {words}")
        due = seal["at"] if early else stamp_of(due)
        need(not self.draw or self.draw["at"] >= due, "the draw is dated before it was due")
        source = f"round {round:,}" if drand else "the operator's own secret"
        self.say(f"6. The draw is due at {due}, by {source}.")
        if self.draw:
            self.say(f"   It was made at {self.draw['at']}.")
        if moves:
            self.say(f"   LATE SEAL ({seal['reason']}): the draw moved, which gives the publisher a veto on one draw.")
        return round

    def check_seal_time(self, round, seen):
        """Whether anybody but the publisher saw R before the round's time. Nothing in the log itself dates the seal."""
        before = stamp_of(GENESIS + (round - 1) * PERIOD)
        if not round:
            self.say("   OPERATOR-TRUSTED: who knows the secret can try entries until a friend wins. No seal helps.")
            return False
        for who, at in sorted(set(seen)):
            when = "before" if at < before else "NOT before"
            self.say(f"   R was seen at {at} by {who} {when} the round of {before}.")
        proven = any(at < before for _, at in seen)
        if not proven:
            inbox = f"look in your inbox for the mail with R, from before {before}."
            self.say(f"   Nobody's word but the publisher's dates R: {inbox}")
        return proven

    def check_beacon(self, round):
        """Check 7. The 32 bytes B that the draw is made from."""
        pinned, beacon = self.terms["beacon"], self.draw["beacon"]
        need(beacon["kind"] == pinned["kind"], "the draw's beacon is not of the kind that leaf 0 names")
        if not round:
            secret = bytes.fromhex(beacon["secret"])
            need(len(secret) == 32, f"the operator's secret is {len(secret)} bytes long, not 32")
            kept = sha256(secret).hex() == pinned["commitment"]
            need(kept, "the operator's secret is not the one that leaf 0 commits to")
            self.say("7. The operator's secret is the one that leaf 0 commits to.")
            return secret
        used, signature = beacon["round"], bytes.fromhex(beacon["signature"])
        need(used == round, f"the draw used round {used:,} of the beacon, not round {round:,}")
        need(len(signature) == 48, f"the beacon's signature is {len(signature)} bytes long, not 48")
        need(signature[0] & 0xC0 == 0x80, "the beacon's signature is not a compressed point, or is infinity")
        good = bls_verifies(round, signature)
        need(good is not False, f"the beacon's signature is not drand's for round {round:,}")
        if good:
            self.say(f"7. The beacon's signature is drand's for round {round:,} (checked with py_arkworks_bls12381).")
        else:
            self.say("7. The beacon's signature was NOT CHECKED: that needs pip install py_arkworks_bls12381.")
            self.say(f"   Compare it: https://api.drand.sh/{QUICKNET}/public/{round} must show {signature.hex()}")
        return sha256(signature)

    def check_ranking(self, root, b):
        """Check 8. Every ticket anew, and the ranking from them."""
        hashes = [(self.hashes[index], index) for index in self.entries.values() if index not in self.removed]
        self.ranks = ranked(root, b, hashes)
        stated, count = self.draw["ranking"], min(self.eligible, self.terms["winners"] + self.terms["alternates"])
        need(count, "a draw was made with nobody eligible")
        need(len(stated) == count, f"the ranking has {len(stated):,} ranks, not {count:,}")
        for rank, (ticket, index) in enumerate(self.ranks[:count], 1):
            right = stated[rank - 1] == {"index": index, "rank": rank, "ticket": ticket.hex()}
            need(right, f"the ranking is wrong at rank {rank}: it belongs to entry {index:,}, ticket {ticket.hex()}")
        first = f"Rank 1 is entry {self.ranks[0][1]:,}, ticket {self.ranks[0][0].hex()}."
        self.say(f"8. All {self.eligible:,} tickets recomputed; the ranking is right. {first}")

    def check_steps(self):
        """Check 9. Forfeits, awards and payments; the lowest rank not used yet takes over a forfeited prize."""
        winners, days, ranks = self.terms["winners"], self.terms["claim_days"], len(self.draw["ranking"])
        self.prizes = dict.fromkeys(range(1, 1 + min(winners, ranks)), "drawn")
        offered = dict.fromkeys(self.prizes, seconds(self.draw["at"]))  # when the time to answer began
        for n, leaf in self.steps:
            kind, rank, at = leaf["type"], leaf["rank"], seconds(leaf["at"])
            what, prize = f"leaf {n:,} ({kind}, rank {rank:,})", self.prizes.get(rank, "not offered")
            need(kind in PRIZE[prize].split(), f"{what} may not follow: that rank's prize is {prize}")
            waited = leaf.get("reason") != "no_answer" or at >= offered[rank] + days * DAY
            need(waited, f"{what} comes before the {days:,} days to answer were over")
            self.prizes[rank], lowest = PRIZE_AFTER[kind], 1 + len(self.prizes)
            if kind == "forfeit" and lowest <= ranks:
                self.prizes[lowest], offered[lowest] = "drawn", at
        self.say(f"9. {len(self.steps):,} forfeits, awards and payments, in order and in time.")
        for rank, leaf in ((leaf["rank"], leaf) for _, leaf in self.steps if leaf["type"] == "forfeit"):
            self.say(f"   Forfeited: entry {self.ranks[rank - 1][1]:,} (rank {rank}, {leaf['reason']}).")
        for rank in self.holders():
            self.say(f"   Winner: entry {self.ranks[rank - 1][1]:,} (rank {rank}, {self.prizes[rank]}).")
        if len(self.holders()) < winners:
            self.say(f"   Prizes not awarded, for want of alternates: {winners - len(self.holders())}.")

    def holders(self):
        return [rank for rank, prize in self.prizes.items() if prize != "forfeited"]

    def check_entry(self, receipt, address):
        """Check 10."""
        mine, index = entry_leaf(receipt, self.terms["campaign"], address), receipt.index
        true = self.entries.get(mine[15:79], index)
        need(true == index, f"your entry is number {true:,} in the log, your receipt says {index:,}")
        need(PLAIN_ENTRY.fullmatch(self.leaves[index]), f"your receipt says {index:,}, but that leaf is not an entry")
        whose = f"this e-mail and the receipt's nonce are not those of entry {index:,}"
        need(mine == self.leaves[index], f"{whose}: type the address exactly as your mail prints it")
        need(proves(receipt, mine), "the proof in your receipt does not lead to the root it states")
        gone = f"your entry {index:,} took no part: removed before the seal {self.removed.get(index)}"
        need(index not in self.removed, gone)
        self.say(f"10. Your entry number {index:,} (its place in the log); {self.eligible:,} eligible.")
        for rank, (ticket, owner) in enumerate(self.ranks, 1):
            if owner != index:
                continue
            self.say(f"    Your ticket {ticket.hex()} is rank {rank:,}.")
            if self.prizes.get(rank) == "forfeited":
                self.say("    It was drawn, and forfeited.")
            elif rank in self.prizes:
                self.say("    YOU WON: it is among the lowest that are not forfeited.")
            elif self.holders():
                last = self.holders()[-1]
                lower, winner = self.ranks[last - 1]
                self.say(f"    The winner's {lower.hex()} is lower (entry {winner:,}, rank {last}).")


def ranked(root, b, hashes):
    """Tickets: HKDF-SHA256 (RFC 5869), salt R, key material B, info the entry's leaf hash. The lowest wins."""
    prk = hmac.new(root, b, "sha256").digest()
    return sorted((hmac.new(prk, hash + b"\1", "sha256").digest(), index) for hash, index in hashes)


def round_at(at):
    """quicknet's first round at or after a time."""
    return -(-(at - GENESIS) // PERIOD) + 1


def bls_verifies(round, signature):
    """BLS12-381, signature in G1, by a library (pip install py_arkworks_bls12381); None where it is not installed."""
    try:
        from py_arkworks_bls12381 import GT, G1Point, G2Point

        point = G1Point.from_compressed_bytes(signature)  # else off the curve, or outside the subgroup
    except ImportError:
        return None
    except ValueError:
        return False
    message = G1Point.hash_to_curve(sha256(round.to_bytes(8, "big")), b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_")
    holds = GT.pairing(point, G2Point()) == GT.pairing(message, G2Point.from_compressed_bytes(QUICKNET_KEY))
    return holds and point.to_compressed_bytes() == signature  # no second spelling of a point


def cosignatures(checkpoint, witnesses):
    """Which of the witnesses we know saw this checkpoint, and when (kind 4: 8 bytes of time, then the signature)."""
    for key in witnesses:
        for data in checkpoint.signatures.get((key.name, key.id), []):
            at = int.from_bytes(data[:8], "big")
            message = b"cosignature/v1\ntime %d\n" % at + checkpoint.body
            good = at < 2**34 and ed25519_verifies(key.public, message, data[8:])
            need(good, f"the cosignature of {key.name} on {checkpoint.what} is wrong")
            yield f"witness {key.name}", stamp_of(at)


def read_letter(data, root):
    """Who received the seal's letter, and when: from the uppermost Received line, that of the reader's own provider."""
    body, by, at = "", None, None
    try:
        letter = email.message_from_bytes(data, policy=email.policy.default)
        body = "\n".join(part.get_content() for part in letter.walk() if part.get_content_type() == "text/plain")
        received = " ".join(str(letter["Received"]).split())
        by = re.search(r"\bby ([!-~]+)", received)
        at = email.utils.parsedate_to_datetime(received.rpartition(";")[2])
        at = stamp_of(at.timestamp()) if at.tzinfo else None
    except Exception:  # noqa: S110 - the parser raises many kinds for what is no letter
        pass
    need(base64.b64encode(root).decode() in body, "the letter cannot be read, or does not state the sealed root R")
    need(by and at, "the letter has no Received line with a time: save it with all its headers")
    return f"the mail in your inbox, received by {by[1]},", at


def check(show, mine, say=print):
    """Checks 1 to 10: says what it finds and returns a good ending. Raises Fault at the first fault."""
    receipt = read_receipt(mine.receipt, "your receipt") if mine.receipt is not None else None
    witnesses = [read_vkey(vkey, 4, "a witness's key") for vkey in mine.witnesses]
    log = Log(show, say)
    key = log.check_key(show, mine.vkey)
    sealed = read_checkpoint(show.sealed, "the sealed checkpoint") if show.sealed is not None else None
    current = read_checkpoint(show.checkpoint, "the current checkpoint")
    signed = [one for one in (sealed, current, receipt and receipt.checkpoint) if one]
    signed += [read_older(data, number) for number, data in enumerate(mine.older, 1)]
    check_signed(signed, key, say)
    log.check_roots(signed, current, sealed)
    log.check_leaves()
    round, proven = log.check_times(), False
    if sealed:
        seen = [saw for one in signed if one.size >= sealed.size for saw in cosignatures(one, witnesses)]
        seen += [read_letter(mine.letter, sealed.root)] if mine.letter is not None else []
        proven = log.check_seal_time(round, seen)
    need(sealed or mine.letter is None, "a letter states the sealed root R, but this log shows no seal")
    if log.void:
        say(f"   Void since {log.void['at']} ({log.void['reason']}): there is no draw.")
    elif log.draw:
        log.check_ranking(sealed.root, log.check_beacon(round))
        log.check_steps()
    else:
        say("   Sealed, not drawn yet." if sealed else "   Not sealed yet: entries may still come and go.")
    if receipt:
        log.check_entry(receipt, mine.email)
    return "verified" if proven else "verified, seal time unproven"


def check_receipt(mine, say=print):
    """A receipt alone, by the vkey in one's mail: checks 1, 2 and 10 as far as they go without the log."""
    receipt, key = read_receipt(mine.receipt, "your receipt"), read_vkey(mine.vkey, 1, "the log's vkey")
    campaign = re.fullmatch(r".+/draws/([a-z0-9][a-z0-9_-]{0,63})/log", key.name)
    need(campaign, "the vkey does not name the log of a campaign")
    older = [read_older(data, number) for number, data in enumerate(mine.older, 1)]
    check_signed([receipt.checkpoint, *older], key, say)
    good = proves(receipt, entry_leaf(receipt, campaign[1], mine.email))
    wrong = "the address (type it exactly as your mail prints it), the index or a line of the proof is wrong"
    need(good, f"the proof does not lead from this e-mail and the receipt's nonce to the signed root: {wrong}")
    size, root = receipt.checkpoint.size, receipt.checkpoint.root.hex()
    say(f"10. Your entry number {receipt.index:,} (its place in the log) is under the root {root} of {size:,} leaves.")
    say("    Not checked without the whole draw: whether it was removed, the tickets, the winner.")
    return "verified, seal time unproven"


# ---- Where it all comes from: a folder, a zip file or a site, each as a function that reads a file by its name -------
WEB = ("http://", "https://")


def read_file(path):
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise CannotBegin(f"cannot read {path}: {error.strerror}") from None


def unzipped(path):
    packed = len(read_file(path))
    try:
        archive = zipfile.ZipFile(path)
    except Exception:  # zipfile raises many kinds for what is damaged
        raise Fault("the bundle is not a whole zip file") from None
    names, size = archive.namelist(), sum(info.file_size for info in archive.infolist())
    need(len(names) == len(set(names)), "the bundle holds a file twice")
    need(size <= max(10**7, 100 * packed), "the bundle inflates more than a hundredfold: no list of hashes does")

    def read(name):
        try:
            if name not in names:
                return None
            info = archive.getinfo(name)
            need(info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED), "only these inflate within a limit")
            with archive.open(info) as file:
                return file.read(info.file_size)
        except Exception:
            raise Fault(f"{name} in the bundle is damaged") from None

    return read


def fetch(url):
    """What is served there; None for "not found"."""
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            data = answer.read(2**25)  # an honest answer is smaller: 256 leaves
            whole = not answer.length and len(data) < 2**25
    except Exception as error:  # a foreign server can provoke OSError, ValueError and HTTPException
        if getattr(error, "code", 0) in (404, 410):
            return None
        raise CannotBegin(f"cannot fetch {url!a}: {error!a}") from None
    if not whole:
        raise CannotBegin(f"what {url} serves was cut short, or is too large")
    return data


def read_bundle(read):
    """What a bundle shows, each file the one that manifest.json lists."""
    try:
        text = as_text(read("manifest.json") or b"", "manifest.json")
        # The hook turns an object in which a name stands twice into None.
        manifest = json.loads(text, object_pairs_hook=lambda it: dict(it) if len(dict(it)) == len(it) else None)
        files = {**manifest["files"]}
    except (ValueError, RecursionError, TypeError, KeyError):
        raise Fault("the bundle has no manifest.json that lists its files, each once") from None
    held = {}
    for name in sorted({*files, "rules.txt", "leaves.jsonl", "checkpoint"}):
        plain = re.fullmatch("[A-Za-z0-9_][A-Za-z0-9._-]*", name)
        need(plain, "manifest.json lists something that is not a plain file name")
        held[name] = read(name)
        need(held[name] is not None, f"the bundle lacks {name}")
        need(sha256(held[name]).hex() == files.get(name), f"{name} is not the file that manifest.json lists")
    leaves = held["leaves.jsonl"].split(b"\n")
    return Shown(held["rules.txt"], leaves[:-1], held["checkpoint"], held.get("sealed"), manifest)


def tile_path(tile, width):
    """The end of a tile's address (tlog-tiles): number 1234067 is x001/x234/067, a partial tile ends in .p/<width>."""
    path = f"{tile % 1000:03}"
    while tile := tile // 1000:
        path = f"x{tile % 1000:03}/{path}"
    return path if width == 256 else f"{path}.p/{width}"


def read_entry_bundle(data, tile, width):
    """The first `width` leaves in it. Before each stands its length, two bytes big-endian."""
    leaves, at = [], 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        leaves.append(data[at + 2 : end])
        at = end
    whole = at == len(data) and len(leaves) >= width
    need(whole, f"entry bundle {tile:,} of the log is truncated or malformed")
    return leaves[:width]


def read_site(read):
    """What a site serves of a draw, by tlog-tiles: 256 leaves a file."""
    checkpoint, rules, sealed = (read(name) for name in ("log/checkpoint", "rules.txt", "sealed"))
    if checkpoint is None:
        raise CannotBegin("no draw is served there; its address looks like https://news.example/draws/win-100")
    need(rules is not None, "the site does not serve rules.txt")
    leaves, size = [], read_checkpoint(checkpoint, "the current checkpoint").size
    while len(leaves) < size:
        tile, width = len(leaves) // 256, min(256, size - len(leaves))
        # A partial bundle may be gone once the full one is there.
        names = [f"log/tile/entries/{tile_path(tile, w)}" for w in sorted({width, 256})]
        data = next((data for data in map(read, names) if data is not None), None)
        need(data is not None, f"the site does not serve {names[0]}")
        leaves += read_entry_bundle(data, tile, width)
    return Shown(rules, leaves, checkpoint, sealed, None)


def read_source(source):
    if source.startswith(WEB):
        return read_site(lambda name: fetch(f"{source.rstrip('/')}/{name}"))
    if not Path(source).is_dir():
        return read_bundle(unzipped(source))
    if not Path(source, "manifest.json").is_file():
        raise CannotBegin(f"{source} holds no bundle: there is no manifest.json in it")
    return read_bundle(lambda name: read_file(Path(source, name)) if Path(source, name).is_file() else None)


# ---- The command -----------------------------------------------------------------------------------------------------
def run():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    many = {"action": "append", "default": []}
    parser.add_argument("what", help="a bundle (folder or zip), the address of a draw, or a receipt")
    parser.add_argument("--email", metavar="ADDRESS", help="with a receipt: your address, as its mail prints it")
    parser.add_argument("--bundle", "--site", metavar="WHERE", help="with a receipt: the draw's bundle or address")
    parser.add_argument("--vkey", help="the log's key, as your mail prints it")
    parser.add_argument("--older", metavar="FILE", help="a receipt or checkpoint from before (repeatable)", **many)
    parser.add_argument("--witness", metavar="VKEY", help="the key of a witness you trust (repeatable)", **many)
    parser.add_argument("--letter", metavar="FILE.eml", help="the mail that told you R, saved with all its headers")
    given = parser.parse_args()
    what, source, receipt = given.what, given.bundle, None
    if what.startswith(WEB) or what.endswith(".zip") or Path(what).is_dir() or zipfile.is_zipfile(what):
        if given.email or source:
            raise CannotBegin("--email, --bundle and --site go with a receipt")
        source = what
    else:
        receipt = read_file(what)
        if given.email is None or not (source or given.vkey):
            raise CannotBegin("a receipt needs --email, and one of --bundle, --site https://... or --vkey: see --help")
        if not source and (given.witness or given.letter):
            raise CannotBegin("--witness and --letter need the draw itself: --bundle or --site")
    older, letter = [read_file(path) for path in given.older], read_file(given.letter) if given.letter else None
    mine = Mine(given.vkey, receipt, given.email or "", older, given.witness, letter)
    return check(read_source(source), mine) if source else check_receipt(mine)


if __name__ == "__main__":
    try:
        print(run())
    except Fault as fault:
        print(f"invalid: {fault}")
        sys.exit(1)
    except (CannotBegin, MemoryError) as why:
        print(f"open_draw.py: {why}" if str(why) else "open_draw.py: not enough memory", file=sys.stderr)
        sys.exit(2)
