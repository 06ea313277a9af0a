#!/usr/bin/env python3
# ruff: noqa: T201, S310 - a command that prints, and that fetches only http(s)
"""Check a draw made under "Open Draw v1". One file, Python 3.9 or later, nothing to install.

    open_draw.py .                                        a bundle: this folder, another one, or bundle.zip
    open_draw.py https://news.example/draws/win-100       the public log of a site
    open_draw.py RECEIPT.txt --email ADDRESS --site https://news.example/draws/win-100      (or --bundle bundle.zip)
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
import hashlib
import hmac
import json
import re
import sys
import time
import urllib.request
import zipfile
from collections import namedtuple
from email import message_from_bytes, policy, utils
from pathlib import Path

QUICKNET = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"  # drand's chain, and its key:
QUICKNET_KEY = bytes.fromhex(
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
    "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
)
GENESIS, PERIOD, HOUR, DAY = 1692803367, 3, 3600, 86400


class Fault(Exception):
    """What is wrong with the draw or the receipt, in one sentence."""


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
            for left in peaks[-2::-1]:
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
    half = multiply(k >> 1, add(p, p)) if k else (0, 1, 1, 0)
    return add(half, p) if k & 1 else half


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
Key = namedtuple("Key", "name kind id public")
Checkpoint = namedtuple("Checkpoint", "what origin size root body signatures")
Receipt = namedtuple("Receipt", "nonce index proof checkpoint")
NUMBER, BASE64_32 = "(?:0|[1-9][0-9]{0,14})", "[A-Za-z0-9+/]{43}="
VKEY = r"\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})"  # after the key's name
SIGNATURE = "— ([!-*,-~]+) ((?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)\n"
BODY = f"([!-~]+)\n([1-9][0-9]{{0,14}})\n({BASE64_32})\n(?:[^\\0-\\x1f]+\n)*"  # origin, size, root
NOTE = re.compile(f"(?:c2sp.org/tlog-proof@v1\n(?:.+\n)+\n)?({BODY})\n((?:{SIGNATURE})+)")  # perhaps in a receipt
RECEIPT = ("c2sp.org/tlog-proof@v1", f"extra {BASE64_32}", f"index {NUMBER}", BASE64_32)  # its lines; the last recurs


def as_text(data):
    """Text, perhaps saved by a program that changed its line ends, put a mark before it or dropped the last one."""
    return data.decode("utf-8", "replace").lstrip("\ufeff").replace("\r\n", "\n").rstrip("\n") + "\n"


def read_vkey(vkey, kind, what):
    """A verifier key: name+id+base64(kind, public key). Kind 1 signs notes, kind 4 timestamps checkpoints."""
    parts = re.fullmatch("([!-*,-~]+)" + VKEY, vkey)
    need(parts, f"{what} is not a whole vkey")
    data = base64.b64decode(parts[3])
    id = sha256(parts[1].encode() + b"\n" + data)[:4]
    need(data[0] == kind and id.hex() == parts[2], f"{what} is not of the kind {kind}, or its id is of another key")
    return Key(parts[1], kind, id, data[1:])


def read_checkpoint(data, what):
    found = NOTE.fullmatch(as_text(data))
    need(found, f"{what} is truncated or malformed: it must be origin, size, root, an empty line and signatures")
    signatures = [(name, base64.b64decode(text)) for name, text in re.findall(SIGNATURE, found[5])]
    return Checkpoint(what, found[2], int(found[3]), base64.b64decode(found[4]), found[1].encode(), signatures)


def signed_at(one, key):
    """When the key signed a checkpoint (kind 4; else 0: no time is in it). Signatures of other keys are ignored."""
    for name, data in one.signatures:
        if (name, data[:4]) == (key.name, key.id):
            at = int.from_bytes(data[4:12], "big") if key.kind == 4 else 0
            message = b"cosignature/v1\ntime %d\n%s" % (at, one.body) if key.kind == 4 else one.body
            good = at < 2**34 and ed25519_verifies(key.public, message, data[12 if key.kind == 4 else 4 :])
            need(good, f"the signature of {key.name} on {one.what} is wrong")
            yield at


def check_signed(checkpoints, key, say):
    """Check 2. Each is signed by the log's key, and no two of one size conflict."""
    for one in checkpoints:
        need(one.origin == key.name, f"{one.what} is of another log: {one.origin}, not {key.name}")
        need(list(signed_at(one, key)), f"{one.what} is not signed by the key of this log")
        two = next(two for two in checkpoints if two.size == one.size)
        need(two.root == one.root, f"the log was forked: {two.what} and {one.what} differ at {one.size:,} leaves")
    say("2. Signed by the log: " + ", ".join(f"{one.what} ({one.size:,} leaves)" for one in checkpoints) + ".")


def read_receipt(data):
    """A receipt: which entry, the nonce that only its owner has, the proof that it is in the tree that was signed."""
    lines = as_text(data).partition("\n\n")[0].rstrip("\n").split("\n")
    for n in range(max(3, len(lines))):
        good = n < len(lines) and re.fullmatch(RECEIPT[min(n, 3)], lines[n])
        need(good, f"line {n + 1} of your receipt is missing, truncated or changed")
    index, checkpoint = int(lines[2][6:]), read_checkpoint(data, "the checkpoint in your receipt")
    need(index < checkpoint.size, f"your receipt is for entry {index:,}, but its tree has {checkpoint.size:,} leaves")
    nonce, *proof = (base64.b64decode(line[-44:]) for line in [lines[1], *lines[3:]])
    return Receipt(nonce, index, proof, checkpoint)


def entry_leaf(nonce, campaign, address):
    """The leaf of the person who holds the receipt's nonce and the address, as the receipt's mail prints it."""
    message = b"open-draw/1\0%s\0%s" % (campaign.encode(), address.encode("utf-8", "surrogateescape"))
    return b'{"commitment":"%s","type":"entry"}' % hmac.new(nonce, message, "sha256").hexdigest().encode()


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
SHAPES = {
    "number": NUMBER,
    "time": '"[1-9][0-9]{3}-(?:0[1-9]|1[0-2])-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"',
    "code": '"[a-z0-9][a-z0-9_-]{0,63}"',
    "hash": '"[0-9a-f]{64}"',
    "hex": '"(?:[0-9a-f]{2})*"',
    "origin": r'"[!#-*,-\[\]-~]+"',
}
LEAVES = {  # the members of each type, each with its shape or exact text; only a late seal has those with a "?"
    "open": 'protocol="open-draw/1" origin=origin campaign=code rules_sha256=hash opens_at=time closes_at=time'
    " seals_at=time draws_at=time winners=number alternates=number claim_days=number beacon=pinned",
    "entry": "commitment=hash",
    "withdraw": "index=number reason=code",
    "exclude": "index=number reason=code",
    "seal": "at=time entries=number eligible=number draws_at?=time reason?=code round?=number",
    "draw": "at=time beacon=beacon ranking=ranking",
    "forfeit": 'at=time rank=number reason="(no_answer|declined|ineligible|erasure)"',
    "award": "at=time rank=number",
    "paid": "at=time rank=number",
    "void": "at=time reason=code",
}
# Which leaves a log may take in each of its states, and what follows; how a rank's prize must stand, and what follows.
LOG = {"open": "entry withdraw exclude seal void", "sealed": "draw void", "drawn": "forfeit award paid", "void": ""}
LOG_AFTER = {"seal": "sealed", "draw": "drawn", "void": "void"}
PRIZE = {"award": ("drawn", "awarded"), "paid": ("awarded", "paid"), "forfeit": ("drawn awarded", "forfeited")}


def record(members):
    """The pattern of an object with these members, in the order of their names."""
    text = ""
    for name, shape in (member.split("=") for member in sorted(members.split())):
        text += f'(,"{name.rstrip("?")}":({SHAPES.get(shape, shape)}))' + ("?" if name.endswith("?") else "")
    return r"\{" + text.replace(",", "", 1) + r"\}"


RANKED = record("rank=number index=number ticket=hash")
SHAPES["ranking"] = rf"\[({RANKED}(,{RANKED})*)?\]"
SHAPES["beacon"] = record('kind="drand" round=number signature=hex') + "|" + record('kind="operator" secret=hex')
SHAPES["pinned"] = record('kind="drand" chain=hex round=number') + "|" + record('kind="operator" commitment=hash')
FORMS = {kind: re.compile(record(f'type="{kind}" {members}')) for kind, members in LEAVES.items()}


def seconds(stamp):
    return calendar.timegm([int(digits) for digits in re.findall("[0-9]+", stamp)])


def stamp_of(at):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def read_leaf(data, n):
    """Leaf n with exactly the members of its type, in canonical form."""
    text = data.decode("latin-1")
    kind = (re.findall('"type":"([a-z]+)"', text) or [""])[0]
    need(kind in FORMS and len(data) <= 65535, f"leaf {n:,} is of an unknown type, or longer than 65,535 bytes")
    need(FORMS[kind].fullmatch(text), f"leaf {n:,} ({kind}) is ill-formed: not canonical, or not with its members")
    leaf = json.loads(text)
    times = [leaf[name] for name in leaf if name.endswith("at")]
    need(all(at == stamp_of(seconds(at)) for at in times), f"leaf {n:,} ({kind}) is ill-formed: there is no such day")
    return leaf


# ---- The draw, check by check ----------------------------------------------------------------------------------------
# What the publisher shows (a bundle's files, or what a site serves), and what the reader brings.
Shown = namedtuple("Shown", "rules leaves checkpoint sealed manifest")
Mine = namedtuple("Mine", "vkey receipt email older witnesses letter", defaults=(None, None, "", (), (), None))


class Log:
    """One draw's log, and what is known of it so far. Each check says what it found; the first fault ends them all."""

    def __init__(self, leaves, say):
        need(leaves, "the log holds no leaves")
        self.leaves, self.terms, self.say = leaves, read_leaf(leaves[0], 0), say
        self.hashes = [sha256(b"\0" + leaf) for leaf in leaves]
        self.entries, self.removed = {}, {}  # commitment: index; index: the leaf that removed it
        self.seal = self.draw = self.void = None
        self.steps, self.ranks = [], []  # what follows the draw; (ticket, index) of all eligible, the lowest first
        self.prizes, self.holders = {}, []  # rank: what became of its prize; the ranks that hold one

    def check_key(self, show, given):
        """Check 1. The vkey is from the reader's own mail if given, else from the rules; they may not differ."""
        terms = self.terms
        need(terms["type"] == "open", "leaf 0 does not open a log")
        origin, campaign, ranks = terms["origin"], terms["campaign"], terms["winners"] + terms["alternates"]
        need(origin.endswith(f"/draws/{campaign}/log"), "the origin in leaf 0 is not that of its campaign's log")
        opens, closes, seals, draws = (seconds(terms[f"{name}_at"]) for name in ("opens", "closes", "seals", "draws"))
        good = opens < closes <= seals <= draws - HOUR and terms["winners"] > 0 and ranks <= 500
        must = "there must be opens_at < closes_at <= seals_at <= draws_at - 1 h, 1 winner, at most 500 ranks"
        need(good, f"the terms in leaf 0 are not possible: {must}")
        need(sha256(show.rules).hex() == terms["rules_sha256"], "the rules are not those that leaf 0 names, or missing")
        found = {match[0] for match in re.finditer(re.escape(origin) + VKEY, show.rules.decode("latin-1"))}
        vkey = given or min(found, default="")
        need(vkey and found <= {vkey}, f"the log's vkey is unclear: {len(found)} in the rules, {given or 'none'} given")
        key = read_vkey(vkey, 1, "the log's vkey")
        need(key.name == origin, f"the vkey is of another log: {key.name}, not {origin}")
        true = {"vkey": vkey, "size": len(self.leaves)}
        true.update({name: terms[name] for name in ("protocol", "origin", "campaign")})
        good = all((show.manifest or true).get(name) == true[name] for name in true)
        need(good, f"manifest.json is of another log: not of {len(self.leaves):,} leaves, {vkey}")
        whence = "which you gave" if given else "from the rules: compare it with the one in your mail"
        self.say(f"1. The log's key is {vkey} ({whence}). Origin, leaf 0 and rules agree.")
        return key

    def check_roots(self, signed, current, sealed):
        """Check 3. The leaves hash to every signed root: they are consistent. The last sealed leaf is the only seal."""
        count, seals = len(self.leaves), [n for n, leaf in enumerate(self.leaves) if leaf.endswith(b'"type":"seal"}')]
        need(count == current.size, f"the log holds {count:,} leaves, its checkpoint counts {current.size:,}")
        found = roots(self.hashes, {one.size for one in signed})
        for one in signed:
            need(one.size <= count, f"the log was rolled back: to {count:,} leaves, {one.what} has {one.size:,}")
            need(found[one.size] == one.root, f"the leaves do not hash to the root of {one.what}: changed, or forked")
        need(sealed or not seals, "the log holds a seal, but the sealed checkpoint is missing")
        last = sealed.size - 1 if sealed else 0
        need(not sealed or seals == [last], f"leaf {last:,}, where the sealed checkpoint ends, is not the only seal")
        only = f" R = {sealed.root.hex()}; leaf {last:,} is the only seal." if sealed else ""
        self.say(f"3. All {count:,} leaves hash to these roots.{only}")

    def check_leaves(self):
        """Checks 4 and 5. Every leaf is well-formed and may stand where it does; the seal counts what there is."""
        state, latest = "open", ""
        for n, data in enumerate(self.leaves[1:], 1):
            leaf = read_leaf(data, n)
            kind, at = leaf["type"], leaf.get("at", latest)
            what = f"leaf {n:,} ({kind})"
            need(kind in LOG[state].split(), f"{what} may not stand in a log that is {state}")
            need(at >= latest, f"{what} is dated before what it follows")
            latest, state = at, LOG_AFTER.get(kind, state)
            if kind == "entry":
                first = self.entries.setdefault(leaf["commitment"], n)
                need(first == n, f"leaves {first:,} and {n:,} have the same commitment")
            elif "index" in leaf:
                index = leaf["index"]
                earlier = index < n and self.leaves[index].endswith(b'"type":"entry"}')
                need(earlier and index not in self.removed, f"{what} does not name an earlier entry not yet removed")
                self.removed[index] = f"({kind}, {leaf['reason']})"
            elif "rank" in leaf:
                self.steps.append((n, leaf))
            else:
                setattr(self, kind, leaf)  # the seal, the draw, the void
        self.say("4. Every leaf is well-formed and in order; no two commitments are equal.")
        entries, removed = len(self.entries), len(self.removed)
        self.eligible = entries - removed
        good = not self.seal or (self.seal["entries"], self.seal["eligible"]) == (entries, self.eligible)
        need(good, f"the seal counts wrong: the leaves hold {entries:,} entries, {self.eligible:,} of them eligible")
        self.say(f"5. {entries:,} entries, {removed:,} of them removed, {self.eligible:,} eligible.")

    def check_times(self):
        """Check 6. The round that the draw must use (0 for an operator's): from leaf 0, or moved by a late seal."""
        beacon, seal, due = self.terms["beacon"], self.seal or {}, seconds(self.terms["draws_at"])
        drand, first = beacon["kind"] == "drand", -(-(due - GENESIS) // PERIOD) + 1
        need(not drand or beacon["chain"] == QUICKNET, "leaf 0 names another beacon chain than drand's quicknet")
        pinned = not drand or 0 < beacon["round"] == first
        need(pinned, f"leaf 0 does not pin the first round at or after draws_at, which is {first:,}")
        early = seal and seal["at"] < self.terms["seals_at"]  # an operator's may be closed early, and drawn at once
        need(not early or not drand, "the seal is dated before seals_at")
        late = max(0, -((due - HOUR - seconds(seal["at"])) // DAY)) if seal else 0  # days, rounded up
        need(late <= 7, "the seal is more than seven days late: the campaign is void")
        due += late * DAY
        round = first + late * DAY // PERIOD if drand else 0
        moves = (stamp_of(due), round or None, True) if late else (None, None, False)
        right = (seal.get("draws_at"), seal.get("round"), "reason" in seal) == moves
        must = f"must give a reason and move the draw to {stamp_of(due)}" if late else "may not move the draw"
        need(right, f"the seal is late by {late} days: it {must}")
        due = seal["at"] if early else stamp_of(due)
        need(not self.draw or self.draw["at"] >= due, "the draw is dated before it was due")
        self.say(f"6. The draw is due at {due}, by " + (f"round {round:,}." if drand else "the operator's own secret."))
        if self.draw:
            self.say(f"   It was made at {self.draw['at']}.")
        if late:
            self.say(f"   LATE SEAL ({seal['reason']}): the draw moved, which gives the publisher a veto on one draw.")
        return round

    def check_seal_time(self, round, seen):
        """Whether anybody but the publisher saw R before the round's time. Nothing in the log itself dates the seal."""
        if not round:
            self.say("   OPERATOR-TRUSTED: who knows the secret can try entries until a friend wins. No seal helps.")
            return False
        before = stamp_of(GENESIS + (round - 1) * PERIOD)
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
            kept = len(secret) == 32 and sha256(secret).hex() == pinned["commitment"]
            need(kept, "the operator's secret is not the 32 bytes that leaf 0 commits to")
            self.say("7. The operator's secret is the one that leaf 0 commits to.")
            return secret
        used, signature = beacon["round"], bytes.fromhex(beacon["signature"])
        need(used == round, f"the draw used round {used:,} of the beacon, not round {round:,}")
        point = len(signature) == 48 and signature[0] & 0xC0 == 0x80  # compressed, and not infinity
        need(point, f"the beacon's signature of {len(signature)} bytes is not a compressed point of 48, or is infinity")
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
        prk = hmac.new(root, b, "sha256").digest()  # HKDF (RFC 5869): salt R, key material B, info the leaf hash
        eligible = [index for index in self.entries.values() if index not in self.removed]
        self.ranks = sorted((hmac.new(prk, self.hashes[n] + b"\1", "sha256").digest(), n) for n in eligible)
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
            need(prize in PRIZE[kind][0].split(), f"{what} may not follow: that rank's prize is {prize}")
            waited = leaf.get("reason") != "no_answer" or at >= offered[rank] + days * DAY
            need(waited, f"{what} comes before the {days:,} days to answer were over")
            self.prizes[rank], lowest = PRIZE[kind][1], 1 + len(self.prizes)
            if kind == "forfeit" and lowest <= ranks:
                self.prizes[lowest], offered[lowest] = "drawn", at
        self.holders = [rank for rank, prize in self.prizes.items() if prize != "forfeited"]
        self.say(f"9. {len(self.steps):,} forfeits, awards and payments, in order and in time.")
        for rank, leaf in ((leaf["rank"], leaf) for _, leaf in self.steps if leaf["type"] == "forfeit"):
            self.say(f"   Forfeited: entry {self.ranks[rank - 1][1]:,} (rank {rank}, {leaf['reason']}).")
        for rank in self.holders:
            self.say(f"   Winner: entry {self.ranks[rank - 1][1]:,} (rank {rank}, {self.prizes[rank]}).")
        if len(self.holders) < winners:
            self.say(f"   Prizes not awarded, for want of alternates: {winners - len(self.holders)}.")

    def check_entry(self, receipt, address):
        """Check 10. The reader's own entry, by the receipt and the address; its ticket and its place."""
        mine, n = entry_leaf(receipt.nonce, self.terms["campaign"], address), receipt.index
        true = self.entries.get(json.loads(mine)["commitment"], n)
        need(true == n, f"your entry is number {true:,} in the log, your receipt says {n:,}")
        whose = f"this e-mail and the receipt's nonce are not those of entry {n:,}"
        need(mine == self.leaves[n], f"{whose}: type the address exactly as your mail prints it")
        need(proves(receipt, mine), "the proof in your receipt does not lead to the root it states")
        need(n not in self.removed, f"your entry {n:,} took no part: removed before the seal {self.removed.get(n)}")
        self.say(f"10. Your entry number {n:,} (its place in the log); {self.eligible:,} eligible.")
        if not self.ranks:
            return
        rank = 1 + [owner for _, owner in self.ranks].index(n)
        self.say(f"    Your ticket {self.ranks[rank - 1][0].hex()} is rank {rank:,}.")
        if self.prizes.get(rank) == "forfeited":
            self.say("    It was drawn, and forfeited.")
        elif rank in self.holders:
            self.say("    YOU WON: it is among the lowest that are not forfeited.")
        elif self.holders:
            lower, winner = self.ranks[self.holders[-1] - 1]
            self.say(f"    The winner's {lower.hex()} is lower (entry {winner:,}, rank {self.holders[-1]}).")


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


def read_letter(data, root):
    """Who received the seal's letter, and when: from the uppermost Received line, that of the reader's own provider."""
    try:
        letter = message_from_bytes(data, policy=policy.default)
        body = "\n".join(part.get_content() for part in letter.walk() if part.get_content_type() == "text/plain")
        received = " ".join(letter["Received"].split())
        by = re.search(r"\bby ([!-~]+)", received)[1]
        at = utils.parsedate_to_datetime(received.rpartition(";")[2])
        at = stamp_of(at.timestamp()) if at.tzinfo and base64.b64encode(root).decode() in body else None
    except Exception:  # the parser raises many kinds for what is no letter
        at = None
    need(at, "the letter cannot be read, has no Received line with a time, or does not state the sealed root R")
    return f"the mail in your inbox, received by {by},", at


def check(show, mine, say=print):
    """Checks 1 to 10: says what it finds and returns a good ending. Raises Fault at the first fault."""
    receipt = read_receipt(mine.receipt) if mine.receipt is not None else None
    witnesses = [read_vkey(vkey, 4, "a witness's key") for vkey in mine.witnesses]
    log = Log(show.leaves, say)
    key = log.check_key(show, mine.vkey)
    sealed = read_checkpoint(show.sealed, "the sealed checkpoint") if show.sealed is not None else None
    current = read_checkpoint(show.checkpoint, "the current checkpoint")
    signed = [one for one in (sealed, current, receipt and receipt.checkpoint) if one]
    signed += [read_checkpoint(data, f"older file {n}") for n, data in enumerate(mine.older, 1)]
    check_signed(signed, key, say)
    log.check_roots(signed, current, sealed)
    log.check_leaves()
    round, proven = log.check_times(), False
    need(sealed or mine.letter is None, "a letter states the sealed root R, but this log shows no seal")
    if sealed:
        covers = [(one, key) for one in signed if one.size >= sealed.size for key in witnesses]
        seen = [(f"witness {key.name}", stamp_of(at)) for one, key in covers for at in signed_at(one, key)]
        seen += [read_letter(mine.letter, sealed.root)] if mine.letter is not None else []
        proven = log.check_seal_time(round, seen)
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
    receipt, key = read_receipt(mine.receipt), read_vkey(mine.vkey, 1, "the log's vkey")
    campaign = re.fullmatch(r".+/draws/([a-z0-9][a-z0-9_-]{0,63})/log", key.name)
    need(campaign, "the vkey does not name the log of a campaign")
    older = [read_checkpoint(data, f"older file {n}") for n, data in enumerate(mine.older, 1)]
    check_signed([receipt.checkpoint, *older], key, say)
    good = proves(receipt, entry_leaf(receipt.nonce, campaign[1], mine.email))
    wrong = "the address (type it exactly as your mail prints it), the index or a line of the proof is wrong"
    need(good, f"the proof does not lead from this e-mail and the receipt's nonce to the signed root: {wrong}")
    size, root = receipt.checkpoint.size, receipt.checkpoint.root.hex()
    say(f"10. Your entry number {receipt.index:,} (its place in the log) is under the root {root} of {size:,} leaves.")
    say("    Not checked without the whole draw: whether it was removed, the tickets, the winner.")
    return "verified, seal time unproven"


# ---- Where it all comes from: a folder, a zip file or a site ---------------------------------------------------------
WEB = ("http://", "https://")


def fetch(url):
    """What is served there; None for "not found"."""
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            data = answer.read(2**25)  # an honest answer is smaller: 256 leaves
            if not answer.length and len(data) < 2**25:
                return data
    except Exception as error:  # a foreign server can provoke OSError, ValueError and HTTPException
        if getattr(error, "code", 0) in (404, 410):
            return None
        raise ConnectionError(f"cannot fetch {url!a}: {error!a}") from None
    raise ConnectionError(f"what {url} serves was cut short, or is too large")


def tile_path(tile):
    """A tile's number in its address (tlog-tiles): 1234067 is x001/x234/067."""
    *high, low = f"{tile:,}".split(",")
    return "".join(f"x{digits:0>3}/" for digits in high) + f"{low:0>3}"


def read_site(url):
    """What a site serves of a draw, by tlog-tiles: 256 leaves a file, each after its length in two bytes."""
    checkpoint, rules, sealed = (fetch(f"{url}/{name}") for name in ("log/checkpoint", "rules.txt", "sealed"))
    if checkpoint is None:
        raise ConnectionError("no draw is served there; its address looks like https://news.example/draws/win-100")
    leaves, size = [], read_checkpoint(checkpoint, "the current checkpoint").size
    while len(leaves) < size:
        tile, width, at = len(leaves) // 256, min(256, size - len(leaves)), 0
        path = f"{url}/log/tile/entries/{tile_path(tile)}"  # a partial file may be gone once the full one is there
        partial = fetch(f"{path}.p/{width}") if width < 256 else None
        data = partial or fetch(path) or b""
        for _ in range(width if partial else 256):
            end = at + 2 + int.from_bytes(data[at : at + 2], "big")
            leaves.append(data[at + 2 : end])
            at = end
        need(at == len(data), f"entry bundle {tile:,} of the log is missing, truncated, malformed or too long")
    return Shown(rules or b"", leaves[:size], checkpoint, sealed, None)


def read_source(source):
    """What a site or a bundle shows: a folder, or a zip file, of which no file may inflate without end."""
    if source.startswith(WEB):
        return read_site(source.rstrip("/"))
    folder, files, most = Path(source), {}, -1
    if not folder.is_dir():
        most = max(10**7, 100 * folder.stat().st_size)
        try:
            folder = zipfile.Path(source)
            members = {info.filename: info.file_size for info in folder.root.infolist() if info.compress_type in (0, 8)}
        except Exception:  # zipfile raises many kinds for what is damaged
            raise Fault("the bundle is not a whole zip file") from None
        good = len(members) == len(folder.root.infolist()) and sum(members.values()) <= most
        need(good, "the bundle holds a file twice, one not deflated, or inflates more than a hundredfold")
    elif not (folder / "manifest.json").is_file():
        raise FileNotFoundError(f"{source} holds no bundle: there is no manifest.json in it")

    def read(name):
        try:
            with (folder / name).open("rb") as file:
                return file.read(most)
        except Exception:  # not there, or damaged
            raise Fault(f"{name} in the bundle is missing or damaged") from None

    text = as_text(read("manifest.json"))
    try:  # the hook turns an object in which a name stands twice into None
        manifest = json.loads(text, object_pairs_hook=lambda it: dict(it) if len(dict(it)) == len(it) else None)
        listed = {**dict.fromkeys(("checkpoint", "leaves.jsonl", "rules.txt")), **manifest["files"]}
    except (ValueError, RecursionError, TypeError, KeyError):
        raise Fault("manifest.json does not list the bundle's files, each once") from None
    for name in sorted(listed):
        need(re.fullmatch("[A-Za-z0-9_][A-Za-z0-9._-]*", name), "manifest.json lists what is not a plain file name")
        files[name] = read(name)
        need(sha256(files[name]).hex() == listed[name], f"{name} is not the file that manifest.json lists")
    *leaves, rest = files["leaves.jsonl"].split(b"\n")
    need(not rest, "leaves.jsonl does not end with a whole line: its last leaf is cut off, or something follows it")
    return Shown(files["rules.txt"], leaves, files["checkpoint"], files.get("sealed"), manifest)


# ---- The command -----------------------------------------------------------------------------------------------------
def run():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    many, read = {"action": "append", "default": []}, lambda path: Path(path).read_bytes()
    parser.add_argument("what", help="a bundle (folder or zip), the address of a draw, or a receipt")
    parser.add_argument("--email", metavar="ADDRESS", help="with a receipt: your address, as its mail prints it")
    parser.add_argument("--bundle", "--site", metavar="WHERE", help="with a receipt: the draw's bundle or address")
    parser.add_argument("--vkey", help="the log's key, as your mail prints it")
    parser.add_argument("--older", metavar="FILE", type=read, help="a receipt or checkpoint from before", **many)
    parser.add_argument("--witness", metavar="VKEY", help="the key of a witness you trust (repeatable)", **many)
    parser.add_argument("--letter", metavar="FILE.eml", type=read, help="the mail that told you R, with all headers")
    given = parser.parse_args()
    what, source, receipt = given.what, given.bundle, None
    if what.startswith(WEB) or what.endswith(".zip") or Path(what).is_dir() or zipfile.is_zipfile(what):
        if given.email or source:
            parser.error("--email, --bundle and --site go with a receipt")
        source = what
    elif given.email is None or not (source or given.vkey):
        parser.error("a receipt needs --email, and one of --bundle, --site https://... or --vkey")
    elif not source and (given.witness or given.letter):
        parser.error("--witness and --letter need the draw itself: --bundle or --site")
    else:
        receipt = read(what)
    mine = Mine(given.vkey, receipt, given.email or "", given.older, given.witness, given.letter)
    return check(read_source(source), mine) if source else check_receipt(mine)


if __name__ == "__main__":
    try:
        print(run())
    except Fault as fault:
        print(f"invalid: {fault}")
        sys.exit(1)
    except (OSError, MemoryError) as why:
        print(f"open_draw.py: {str(why) or 'not enough memory'}", file=sys.stderr)
        sys.exit(2)
