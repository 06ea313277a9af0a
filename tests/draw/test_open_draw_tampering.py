"""What a cheating publisher or a broken file could show, each found with its own sentence by both verifiers."""

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.draw.maker import (
    DAY,
    GENESIS,
    HOUR,
    SCRIPT,
    SIGNATURES,
    Draw,
    Maker,
    Person,
    Signer,
    bundle,
    canonical,
    open_draw,
    stamp,
    zipped,
)
from tests.draw.verifiers import Case, Outcome, by_file, by_script, script_page

WITNESS = Signer("witness.example/w", b"w" * 32, 4)


class Scene:
    """A whole lawful draw; `forge` changes leaves and signs everything again, as only the publisher can."""

    def __init__(self, **others: Any) -> None:
        self.maker = Maker(Random(7), **others)
        for _ in range(9):
            self.maker.enter()
        self.maker.remove(3)
        self.me: Person = self.maker.people[5]
        self.early = self.maker.receipt(self.me)
        for _ in range(11):
            self.maker.enter()
        self.maker.remove(8, "exclude", "duplicate")
        self.maker.seal()
        self.seal = self.maker.size - 1
        self.before_draw = self.maker.checkpoint()

    def drawn(self, **others: Any) -> "Scene":
        self.maker.draw(**others)
        return self

    def settled(self) -> "Scene":
        self.drawn()
        self.maker.step("forfeit", 1, self.maker.drawn_at + 14 * DAY, "no_answer")
        self.maker.step("award", 2, self.maker.drawn_at + 15 * DAY)
        return self

    def forge(self, change: Callable[[list[bytes]], Any]) -> Draw:
        """`change` gets the list of leaves; the rest is signed anew around what it leaves behind."""
        change(self.maker.leaves)
        leaves = self.maker.leaves
        sealed = next((n for n, leaf in enumerate(leaves, 1) if b'"type":"seal"' in leaf), None)
        return self.maker.made(sealed=self.maker.checkpoint(sealed) if sealed else None)

    def edit(self, n: int, **members: Any) -> Draw:
        """Leaf n with other members; None takes one away."""

        def change(leaves: list[bytes]) -> None:
            leaf = {**json.loads(leaves[n]), **members}
            leaves[n] = canonical({name: value for name, value in leaf.items() if value is not None})

        return self.forge(change)

    def receipt(self) -> str:
        return self.maker.receipt(self.me, self.seal + 1)

    def mine(self, receipt: str | bytes | None = None, email: str | None = None, draw: Draw | None = None, **others: Any) -> Case:
        data = self.receipt() if receipt is None else receipt
        return Case.of(
            draw or self.maker.made(),
            receipt=data.encode() if isinstance(data, str) else data,
            email=self.me.email if email is None else email,
            **others,
        )


def flipped(note: str) -> str:
    """The note with its last signature changed."""
    head, _, signature = note.rstrip("\n").rpartition(" ")
    data = bytearray(base64.b64decode(signature))
    data[-20] ^= 1
    return f"{head} {base64.b64encode(data).decode()}\n"


def line(receipt: str, number: int, text: str | None) -> str:
    """The receipt with one line (from 0) replaced, or taken out."""
    lines = receipt.split("\n")
    lines[number : number + 1] = [] if text is None else [text]
    return "\n".join(lines)


def letter(root: bytes, at: str, encoding: str = "7bit") -> bytes:
    text = f"The draw is sealed.\n\nR = {base64.b64encode(root).decode()}\n"
    if encoding == "base64":
        text = base64.encodebytes(text.encode()).decode()
    if encoding == "quoted-printable":
        text = text.replace("=", "=3D")
    head = (
        f"Received: from paper.example by mx.mailbox.example with ESMTPS;\n\t{at}\n"
        "Received: by paper.example; Thu, 1 Jan 2009 00:00:00 +0000\n"
        f"Subject: Sealed\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: {encoding}\n\n"
    )
    return (head + text).encode()


def zip_of(draw: Draw, manifest: dict[str, Any] | None = None, **others: bytes | None) -> Case:
    return Case(zipped(bundle(draw, manifest, **{name.replace("_", "."): data for name, data in others.items()})))


def damaged(draw: Draw) -> Case:
    data = bytearray(zipped(bundle(draw)))
    data[data.index(b"leaves.jsonl") + 200] ^= 0xFF
    return Case(bytes(data))


def twice(draw: Draw) -> Case:
    files = bundle(draw)
    data = zipped({**files, "leaves.jsonm": files["leaves.jsonl"]})
    return Case(data.replace(b"leaves.jsonm", b"leaves.jsonl"))


def bomb() -> Case:
    files = bundle(DRAW)
    return Case(zipped({**files, "leaves.jsonl": b"\n" * 30_000_000}))


def liar() -> Case:
    """A bundle whose directory says that its leaves are shorter than what they inflate to."""
    data = bytearray(zipped(bundle(DRAW)))
    sizes = data.rindex(b"leaves.jsonl") - 46 + 24
    data[sizes : sizes + 4] = (100).to_bytes(4, "little")
    return Case(bytes(data))


def manifest_of(data: bytes) -> Case:
    return Case(zipped({**bundle(DRAW), "manifest.json": data}))


def early_letter() -> Case:
    maker = Maker(Random(7))
    maker.enter()
    return Case.of(maker.made(), letter=letter(b"r" * 32, BEFORE))


def before_the_first_round() -> Case:
    maker = Maker(Random(7), draws_at=GENESIS - 3)
    maker.enter()
    maker.seal()
    maker.draw(signature=SIGNATURES[1000])
    return Case.of(maker.made())


def unlisted_change(draw: Draw) -> Case:
    files = bundle(draw)
    return Case(zipped({**files, "leaves.jsonl": files["leaves.jsonl"].replace(b'"winners":1', b'"winners":2')}))


def fork(scene: Scene) -> Maker:
    """Another history under the same key."""
    other = Scene()
    other.maker.log = scene.maker.log
    other.maker.leaves[2] = b'{"commitment":"' + b"0" * 64 + b'","type":"entry"}'
    return other.maker


def rolled_back() -> Case:
    scene = Scene().settled()
    late = scene.maker.receipt(scene.me)
    del scene.maker.leaves[-1]
    return scene.mine(late)


def late(days: float, **members: Any) -> Draw:
    """Sealed `days` after the draw was due."""
    scene = Scene()
    return scene.edit(scene.seal, at=stamp(scene.maker.draws_at + int(days * DAY)), **members)


def insert(n: int, leaf: dict[str, Any] | bytes) -> Callable[[list[bytes]], None]:
    return lambda leaves: leaves.insert(n, leaf if isinstance(leaf, bytes) else canonical(leaf))


def raw(n: int, data: bytes) -> Case:
    """The log with other bytes as leaf n."""
    return Case.of(Scene().forge(lambda leaves: leaves.__setitem__(n, data)))


def after(*steps: tuple[Any, ...], winners: int = 1) -> Case:
    """A draw with these steps: kind, rank, days after the draw, reason."""
    scene = Scene(winners=winners).drawn()
    for kind, rank, days, *reason in steps:
        scene.maker.step(kind, rank, scene.maker.drawn_at + days * DAY, *reason)
    return Case.of(scene.maker.made())


def friend_wins() -> Case:
    scene = Scene()
    ranking = scene.drawn().maker.leaves.pop()
    leaf = json.loads(ranking)
    leaf["ranking"][0], leaf["ranking"][1] = (
        {**leaf["ranking"][1], "rank": 1},
        {**leaf["ranking"][0], "rank": 2},
    )
    scene.maker.append(leaf)
    return Case.of(scene.maker.made())


def draw_leaf(**members: Any) -> Case:
    scene = Scene().drawn()
    return Case.of(scene.edit(scene.maker.size - 1, **members))


def beacon(**members: Any) -> Case:
    return draw_leaf(beacon={"kind": "drand", "round": 1000, "signature": SIGNATURES[1000], **members})


def nobody() -> Case:
    maker = Maker(Random(7))
    maker.seal()
    maker.draw()
    return Case.of(maker.made())


def operators(secret: bytes) -> Case:
    scene = Scene(secret=b"s" * 32).drawn()
    return Case.of(scene.edit(scene.maker.size - 1, beacon={"kind": "operator", "secret": secret.hex()}))


def index_of_another() -> Case:
    """Entry 7's receipt with the index and the proof of entry 5."""
    scene = Scene().drawn()
    other = replace(scene.me, index=5)
    return scene.mine(scene.maker.receipt(other, scene.seal + 1))


def not_an_entry() -> Case:
    scene = Scene().drawn()
    return scene.mine(scene.maker.receipt(replace(scene.me, index=10, nonce=b"n" * 32), scene.seal + 1))


def of_another_campaign() -> Case:
    other = Scene(campaign="win-200")
    return Scene().drawn().mine(other.receipt())


def removed() -> Case:
    scene = Scene().drawn()
    scene.me = scene.maker.people[7]
    return scene.mine()


def bad_witness() -> Case:
    scene = Scene()
    cosigned = flipped(WITNESS.cosign(scene.before_draw, 5))
    return Case.of(scene.drawn().maker.made(sealed=cosigned), witnesses=[WITNESS.vkey])


def other_key() -> Draw:
    scene = Scene().drawn()
    body = scene.before_draw[: scene.before_draw.rindex("\n\n") + 1]
    return scene.maker.made(sealed=Signer(scene.maker.origin, b"k" * 32).note(body))


def letters(root: bytes | None, at: str, **others: str) -> Case:
    scene = Scene().drawn()
    return Case.of(scene.maker.made(), letter=letter(root or scene.maker.root, at, **others))


BEFORE, LONG_BEFORE = "Tue, 22 Aug 2023 18:05:00 +0200 (CEST)", 1692720000
COMMITMENT = b'{"commitment":"' + b"ab" * 32 + b'","type":"entry"}'
SCENE = Scene().settled()
DRAW = SCENE.maker.made()
LEAVES = bundle(DRAW)["leaves.jsonl"]
RECEIPT = SCENE.receipt()
ENTRY = {"type": "entry", "commitment": "ab" * 32}
QUICK = {"kind": "drand", "chain": "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971", "round": 1000}

TAMPERINGS: dict[str, tuple[Case, str]] = {
    # The bundle
    "half a zip file": (Case(zipped(bundle(DRAW))[:-40]), "the bundle is not a whole zip file"),
    "a zip file of nothing": (Case(b""), "the bundle is not a whole zip file"),
    "a damaged member": (damaged(DRAW), "leaves.jsonl in the bundle is missing or damaged"),
    "a file twice": (twice(DRAW), "the bundle holds a file twice"),
    "no manifest": (Case(zipped({"rules.txt": DRAW.rules})), "manifest.json in the bundle is missing or damaged"),
    "a manifest that is no JSON": (
        Case(zipped({"manifest.json": b"{"})),
        "manifest.json does not list the bundle's files, each once",
    ),
    "a manifest of another shape": (
        Case(zipped({"manifest.json": b'{"files":[]}'})),
        "manifest.json does not list the bundle's files, each once",
    ),
    "no rules": (zip_of(DRAW, rules_txt=None), "rules.txt in the bundle is missing or damaged"),
    "no leaves": (zip_of(DRAW, leaves_jsonl=b""), "the log holds no leaves"),
    "bytes after the last leaf": (zip_of(DRAW, leaves_jsonl=LEAVES + b"{}"), "leaves.jsonl does not end with a whole line"),
    "a last leaf cut off": (zip_of(DRAW, leaves_jsonl=LEAVES[:-1]), "leaves.jsonl does not end with a whole line"),
    "leaves changed after the manifest": (unlisted_change(DRAW), "leaves.jsonl is not the file that manifest.json lists"),
    "a file name that leaves the folder": (
        Case(zipped({"manifest.json": b'{"files":{"../x":""}}'})),
        "manifest.json lists what is not a plain file name",
    ),
    "a manifest nested without end": (manifest_of(b"[" * 10**6), "manifest.json does not list the bundle's files, each once"),
    "a manifest with a name twice": (
        manifest_of(bundle(DRAW)["manifest.json"].replace(b"{", b'{"size":1,', 1)),
        "manifest.json does not list the bundle's files, each once",
    ),
    "a manifest that lists a file twice": (
        manifest_of(bundle(DRAW)["manifest.json"].replace(b'"files": {', b'"files": {"vkey":":",', 1)),
        "manifest.json does not list the bundle's files, each once",
    ),
    "a manifest that is no text": (manifest_of(b"\xff{}"), "manifest.json does not list the bundle's files, each once"),
    "a zip file that inflates without end": (bomb(), "the bundle holds a file twice, one not deflated, or inflates"),
    "a zip file that lies about its sizes": (liar(), "leaves.jsonl in the bundle is missing or damaged"),
    "a manifest of another campaign": (zip_of(DRAW, {"campaign": "win-200"}), "manifest.json is of another log: not of 27"),
    "a manifest of another size": (zip_of(DRAW, {"size": 5}), "manifest.json is of another log: not of 27"),
    "a manifest of another key": (zip_of(DRAW, {"vkey": "x"}), "manifest.json is of another log: not of 27"),
    # Check 1
    "other rules": (zip_of(DRAW, rules_txt=DRAW.rules + b"!"), "the rules are not those that leaf 0 names"),
    "a vkey that is not in the rules": (
        Case.of(DRAW, vkey=Signer(SCENE.maker.origin, b"k" * 32).vkey),
        "the log's vkey is unclear: 1 in the rules, news.example/draws/win-100/log+",
    ),
    "no vkey of this log in the rules": (
        Case.of(Scene().edit(0, origin="else.example/draws/win-100/log")),
        "the log's vkey is unclear: 0 in the rules, none given",
    ),
    "a vkey of another log": (
        Case.of(Scene().edit(0, origin="else.example/draws/win-100/log"), vkey=SCENE.maker.log.vkey),
        "the vkey is of another log: news.example/draws/win-100/log, not else.example/draws/win-100/log",
    ),
    "an origin of another campaign": (
        Case.of(Scene().edit(0, campaign="win-200")),
        "the origin in leaf 0 is not that of its campaign's log",
    ),
    "two keys in the rules": (
        Case.of(Scene(extra_rules=Signer(SCENE.maker.origin, b"k" * 32).vkey).maker.made()),
        "the log's vkey is unclear: 2 in the rules, none given",
    ),
    "times out of order": (Case.of(Scene().edit(0, closes_at="2023-08-22T15:59:25Z")), "the terms in leaf 0 are not possible"),
    "an hour too little": (Case.of(Scene().edit(0, seals_at="2023-08-23T15:00:00Z")), "the terms in leaf 0 are not possible"),
    "too many winners": (Case.of(Scene().edit(0, winners=498)), "the terms in leaf 0 are not possible"),
    "no winners": (Case.of(Scene().edit(0, winners=0)), "the terms in leaf 0 are not possible"),
    # Check 2
    "a wrong signature under the seal": (
        Case.of(replace(DRAW, sealed=flipped(DRAW.sealed or ""))),
        "the signature of news.example/draws/win-100/log on the sealed checkpoint is wrong",
    ),
    "a seal signed by another key": (Case.of(other_key()), "the sealed checkpoint is not signed by the key of this log"),
    "half a checkpoint": (
        Case.of(replace(DRAW, checkpoint=DRAW.checkpoint[:-9])),
        "the signature of news.example/draws/win-100/log on the current checkpoint is wrong",
    ),
    "a checkpoint cut before its signature": (
        Case.of(replace(DRAW, checkpoint=DRAW.checkpoint[: DRAW.checkpoint.index("—")])),
        "the current checkpoint is truncated or malformed: it must be origin, size, root",
    ),
    "a checkpoint cut inside its root": (
        Case.of(replace(DRAW, checkpoint=SCENE.maker.log.note(f"{SCENE.maker.origin}\n30\nAAAA\n"))),
        "the current checkpoint is truncated or malformed: it must be origin, size, root",
    ),
    "the checkpoint of another log": (
        Case.of(replace(DRAW, checkpoint=Scene(campaign="win-200").maker.checkpoint())),
        "the current checkpoint is of another log: news.example/draws/win-200/log, not news.example/draws/win-100/log",
    ),
    "a log rolled back": (
        rolled_back(),
        "the log was rolled back: to 26 leaves, the checkpoint in your receipt has 27",
    ),
    "a fork, of the same size": (
        SCENE.mine(draw=DRAW, older=[fork(SCENE).checkpoint(SCENE.seal + 1).encode()]),
        "the log was forked: the sealed checkpoint and older file 1 differ at 24 leaves",
    ),
    "a fork, of another size": (
        SCENE.mine(draw=DRAW, older=[fork(SCENE).checkpoint(9).encode()]),
        "the leaves do not hash to the root of older file 1: changed, or forked",
    ),
    "a fork, in an older receipt": (
        SCENE.mine(draw=DRAW, older=[fork(SCENE).receipt(SCENE.me, 9).encode()]),
        "the leaves do not hash to the root of older file 1: changed, or forked",
    ),
    "an older file that is neither": (SCENE.mine(draw=DRAW, older=[b"\xff"]), "older file 1 is truncated or malformed"),
    "a wrong cosignature": (bad_witness(), "the signature of witness.example/w on the sealed checkpoint is wrong"),
    "a witness's key of the wrong kind": (Case.of(DRAW, witnesses=[DRAW.vkey]), "a witness's key is not of the kind 4"),
    # Check 3
    "an entry exchanged": (
        Case.of(replace(DRAW, leaves=[*DRAW.leaves[:4], COMMITMENT, *DRAW.leaves[5:]])),
        "the leaves do not hash to the root of the sealed checkpoint",
    ),
    "a payment forged": (
        Case.of(replace(DRAW, leaves=[*DRAW.leaves[:-1], DRAW.leaves[-1].replace(b"award", b"paid")])),
        "the leaves do not hash to the root of the current checkpoint",
    ),
    "a leaf dropped": (
        Case.of(replace(DRAW, leaves=DRAW.leaves[:-1])),
        "the log holds 26 leaves, its checkpoint counts 27",
    ),
    "a second seal": (
        Case.of(Scene().forge(lambda leaves: leaves.append(leaves[-1]))),
        "leaf 23, where the sealed checkpoint ends, is not the only seal",
    ),
    "a sealed checkpoint of another leaf": (
        Case.of(replace(DRAW, sealed=SCENE.maker.checkpoint(9))),
        "leaf 8, where the sealed checkpoint ends, is not the only seal",
    ),
    "the sealed checkpoint hidden": (Case.of(replace(DRAW, sealed=None)), "the log holds a seal, but the sealed checkpoint is missing"),
    # Check 4
    "spaces in a leaf": (raw(2, COMMITMENT.replace(b",", b", ")), "leaf 2 (entry) is ill-formed: not canonical, or not with its members"),
    "members not sorted": (
        raw(2, b'{"type":"entry","commitment":"' + b"ab" * 32 + b'"}'),
        "leaf 2 (entry) is ill-formed: not canonical, or not with its members",
    ),
    "a member twice": (
        raw(2, b'{"commitment":"","commitment":"","type":"entry"}'),
        "leaf 2 (entry) is ill-formed: not canonical, or not with its members",
    ),
    "a fraction": (
        raw(2, b'{"index":1.0,"reason":"a","type":"withdraw"}'),
        "leaf 2 (withdraw) is ill-formed: not canonical, or not with its members",
    ),
    "null": (raw(2, b'{"commitment":null,"type":"entry"}'), "leaf 2 (entry) is ill-formed: not canonical, or not with its members"),
    "a number too large": (
        raw(2, b'{"index":9007199254740994,"reason":"a","type":"withdraw"}'),
        "leaf 2 (withdraw) is ill-formed: not canonical, or not with its members",
    ),
    "a number out of a machine's reach": (raw(2, b'{"index":1%s,"reason":"a"}' % (b"0" * 9000)), "leaf 2 is of an unknown type"),
    "half a character": (
        raw(2, b'{"commitment":"\\ud800","type":"entry"}'),
        "leaf 2 (entry) is ill-formed: not canonical, or not with its members",
    ),
    "an escape that is not needed": (
        raw(2, b'{"commitment":"\\u00e9","type":"entry"}'),
        "leaf 2 (entry) is ill-formed: not canonical, or not with its members",
    ),
    "bytes that are no text": (
        raw(2, b'{"commitment":"\xff","type":"entry"}'),
        "leaf 2 (entry) is ill-formed: not canonical, or not with its members",
    ),
    "a byte order mark": (raw(2, b"\xef\xbb\xbf" + COMMITMENT), "leaf 2 (entry) is ill-formed: not canonical, or not with its members"),
    "an empty leaf": (raw(2, b""), "leaf 2 is of an unknown type"),
    "nested without end": (raw(2, b"[" * 60000 + b"]" * 5000), "leaf 2 is of an unknown type"),
    "a leaf too long": (raw(2, b'"' + b"a" * 65535 + b'"'), "leaf 2 is of an unknown type, or longer than 65,535 bytes"),
    "a leaf that is a list": (raw(2, b"[]"), "leaf 2 is of an unknown type"),
    "a leaf of an unknown type": (raw(2, b'{"type":"constructor"}'), "leaf 2 is of an unknown type"),
    "upper case hex": (raw(2, COMMITMENT.replace(b"ab", b"AB")), "leaf 2 (entry) is ill-formed: not canonical, or not with its members"),
    "a name in a leaf": (Case.of(Scene().edit(2, name="Ann")), "leaf 2 (entry) is ill-formed: not canonical, or not with its members"),
    "a member missing": (Case.of(Scene().edit(10, reason=None)), "leaf 10 (withdraw) is ill-formed: not canonical"),
    "free text as reason": (
        Case.of(Scene().edit(10, reason="On request")),
        "leaf 10 (withdraw) is ill-formed: not canonical, or not with its members",
    ),
    "true for a number": (Case.of(Scene().edit(10, index=True)), "leaf 10 (withdraw) is ill-formed: not canonical"),
    "a day that does not exist": (
        Case.of(Scene().edit(23, at="2023-02-30T00:00:00Z")),
        "leaf 23 (seal) is ill-formed: there is no such day",
    ),
    "a leap second": (
        Case.of(Scene().edit(23, at="2023-08-22T16:00:60Z")),
        "leaf 23 (seal) is ill-formed: there is no such day",
    ),
    "an entry after the seal": (Case.of(Scene().forge(insert(24, ENTRY))), "leaf 24 (entry) may not stand in a log that is sealed"),
    "an exclusion after the seal": (
        Case.of(Scene().forge(insert(24, {"type": "exclude", "index": 1, "reason": "a"}))),
        "leaf 24 (exclude) may not stand in a log that is sealed",
    ),
    "the same entry twice": (Case.of(Scene().forge(lambda leaves: leaves.insert(8, leaves[2]))), "leaves 2 and 8 have the same commitment"),
    "a withdrawal of a withdrawal": (Case.of(Scene().edit(22, index=10)), "leaf 22 (exclude) does not name an earlier entry"),
    "a withdrawal of a later entry": (Case.of(Scene().edit(10, index=12)), "leaf 10 (withdraw) does not name an earlier entry"),
    "a second removal": (Case.of(Scene().edit(22, index=3)), "leaf 22 (exclude) does not name an earlier entry not yet removed"),
    "a second opening": (
        Case.of(Scene().forge(lambda leaves: leaves.insert(5, leaves[0]))),
        "leaf 5 (open) may not stand in a log that is open",
    ),
    "no opening": (Case.of(Scene().forge(lambda leaves: leaves.pop(0))), "leaf 0 does not open a log"),
    "a second draw": (
        Case.of(Scene().drawn().forge(lambda leaves: leaves.append(leaves[-1]))),
        "leaf 25 (draw) may not stand in a log that is drawn",
    ),
    "a draw before the seal": (
        Case.of(Scene().drawn().forge(lambda leaves: leaves.insert(23, leaves.pop()))),
        "leaf 23 (draw) may not stand in a log that is open",
    ),
    "a prize before the draw": (
        Case.of(Scene().forge(insert(24, {"type": "award", "rank": 1, "at": "2023-08-24T00:00:00Z"}))),
        "leaf 24 (award) may not stand in a log that is sealed",
    ),
    "void after the draw": (
        Case.of(Scene().drawn().forge(insert(25, {"type": "void", "at": "2023-08-24T00:00:00Z", "reason": "a"}))),
        "leaf 25 (void) may not stand in a log that is drawn",
    ),
    "void before its seal": (
        Case.of(Scene().forge(insert(24, {"type": "void", "at": "2023-08-22T16:00:23Z", "reason": "a"}))),
        "leaf 24 (void) is dated before what it follows",
    ),
    "a draw after void": (
        Case.of(Scene().drawn().forge(insert(24, {"type": "void", "at": "2023-08-24T00:00:00Z", "reason": "a"}))),
        "leaf 25 (draw) may not stand in a log that is void",
    ),
    # Check 5
    "entries counted wrong": (Case.of(Scene().edit(23, entries=19)), "the seal counts wrong: the leaves hold 20 entries"),
    "eligible counted wrong": (Case.of(Scene().edit(23, eligible=20)), "the seal counts wrong: the leaves hold 20 entries"),
    # Check 6
    "a round of choice": (
        Case.of(Scene().edit(0, beacon={**QUICK, "round": 1001})),
        "leaf 0 does not pin the first round at or after draws_at, which is 1,000",
    ),
    "a round before drand's first": (
        before_the_first_round(),
        "leaf 0 does not pin the first round at or after draws_at, which is 0",
    ),
    "another chain": (
        Case.of(Scene().edit(0, beacon={**QUICK, "chain": "8990e7a9"})),
        "leaf 0 names another beacon chain than drand's quicknet",
    ),
    "sealed too early": (Case.of(Scene().edit(23, at="2023-08-22T15:59:23Z")), "the seal is dated before seals_at"),
    "late without a word": (
        Case.of(late(0)),
        "the seal is late by 1 days: it must give a reason and move the draw to 2023-08-24T15:59:24Z",
    ),
    "late by a day too few": (
        Case.of(late(1, draws_at="2023-08-24T15:59:24Z", reason="outage", round=29800)),
        "the seal is late by 2 days: it must give a reason and move the draw to 2023-08-25T15:59:24Z",
    ),
    "late, with a round of choice": (
        Case.of(late(0, draws_at="2023-08-24T15:59:24Z", reason="outage", round=29801)),
        "the seal is late by 1 days: it must give a reason and move the draw to 2023-08-24T15:59:24Z",
    ),
    "late by more than a week": (Case.of(late(7)), "the seal is more than seven days late: the campaign is void"),
    "moved without being late": (
        Case.of(Scene().edit(23, draws_at="2023-08-24T15:59:24Z", reason="outage", round=29800)),
        "the seal is late by 0 days: it may not move the draw",
    ),
    "half a late seal": (Case.of(Scene().edit(23, reason="outage")), "the seal is late by 0 days: it may not move the draw"),
    "drawn too early": (draw_leaf(at="2023-08-23T15:59:23Z"), "the draw is dated before it was due"),
    "a letter that states another root": (
        letters(b"r" * 32, "Tue, 22 Aug 2023 16:05:00 +0000"),
        "the letter cannot be read, has no Received line with a time, or does not state the sealed root R",
    ),
    "a letter before there is a seal": (early_letter(), "a letter states the sealed root R, but this log shows no seal"),
    "a letter that is no letter": (Case.of(DRAW, letter=b"\xff\0" * 999), "the letter cannot be read, has no Received line"),
    "a letter from beyond time": (letters(None, "Tue, 22 Aug 99999 16:05:00 +0000"), "the letter cannot be read, has no Received line"),
    "a letter without headers": (
        Case.of(DRAW, letter=b"Subject: x\n\n" + base64.b64encode(SCENE.maker.root)),
        "the letter cannot be read, has no Received line with a time, or does not state the sealed root R",
    ),
    # Check 7
    "a beacon of another round": (beacon(round=1001), "the draw used round 1,001 of the beacon, not round 1,000"),
    "a beacon too short": (beacon(signature=SIGNATURES[1000][:-2]), "the beacon's signature of 47 bytes is not a compressed point of 48"),
    "a beacon at infinity": (beacon(signature="c0" + "00" * 47), "the beacon's signature of 48 bytes is not a compressed point of 48"),
    "a beacon of another kind": (
        draw_leaf(beacon={"kind": "operator", "secret": "00" * 32}),
        "the draw's beacon is not of the kind that leaf 0 names",
    ),
    "another secret": (operators(b"t" * 32), "the operator's secret is not the 32 bytes that leaf 0 commits to"),
    "a secret too short": (operators(b"s" * 31), "the operator's secret is not the 32 bytes that leaf 0 commits to"),
    "a relay's randomness": (beacon(randomness="00" * 32), "leaf 24 (draw) is ill-formed: not canonical, or not with its members"),
    "a signature of choice": (beacon(signature="8f" + "5a" * 47), "the ranking is wrong at rank 1"),
    # Check 8
    "a friend put first": (friend_wins(), "the ranking is wrong at rank 1: it belongs to entry"),
    "a ranking cut short": (draw_leaf(ranking=[]), "the ranking has 0 ranks, not 4"),
    "nobody in the draw": (nobody(), "a draw was made with nobody eligible"),
    # Check 9
    "no answer, too soon": (
        after(("forfeit", 1, 13, "no_answer")),
        "leaf 25 (forfeit, rank 1) comes before the 14 days to answer were over",
    ),
    "no answer, too soon after the offer": (
        after(("forfeit", 1, 20, "no_answer"), ("forfeit", 2, 33, "no_answer")),
        "leaf 26 (forfeit, rank 2) comes before the 14 days to answer were over",
    ),
    "a rank skipped": (after(("award", 2, 1)), "leaf 25 (award, rank 2) may not follow: that rank's prize is not offered"),
    "paid without award": (after(("paid", 1, 1)), "leaf 25 (paid, rank 1) may not follow: that rank's prize is drawn"),
    "awarded twice": (after(("award", 1, 1), ("award", 1, 2)), "leaf 26 (award, rank 1) may not follow: that rank's prize is awarded"),
    "forfeited after payment": (
        after(("award", 1, 1), ("paid", 1, 2), ("forfeit", 1, 30, "declined")),
        "leaf 27 (forfeit, rank 1) may not follow: that rank's prize is paid",
    ),
    "forfeited twice": (
        after(("forfeit", 1, 1, "declined"), ("forfeit", 1, 2, "declined")),
        "leaf 26 (forfeit, rank 1) may not follow: that rank's prize is forfeited",
    ),
    "a rank beyond the ranking": (
        after(("forfeit", 5, 1, "erasure")),
        "leaf 25 (forfeit, rank 5) may not follow: that rank's prize is not offered",
    ),
    "an alternate who declines unasked": (
        after(("forfeit", 3, 1, "declined")),
        "leaf 25 (forfeit, rank 3) may not follow: that rank's prize is not offered",
    ),
    "an alternate erased, which would make one winner too many": (
        after(("forfeit", 2, 1, "erasure"), ("forfeit", 1, 2, "declined"), ("award", 3, 3)),
        "leaf 25 (forfeit, rank 2) may not follow: that rank's prize is not offered",
    ),
    "steps back in time": (after(("award", 1, 2), ("paid", 1, 1)), "leaf 26 (paid) is dated before what it follows"),
    "a reason of one's own": (
        after(("forfeit", 1, 20, "too_far_away")),
        "leaf 25 (forfeit) is ill-formed: not canonical, or not with its members",
    ),
    # Check 10
    "a receipt without its beginning": (
        SCENE.mine(RECEIPT[5:], draw=DRAW),
        "line 1 of your receipt is missing, truncated or changed",
    ),
    "an empty receipt": (
        SCENE.mine(b"", draw=DRAW),
        "line 1 of your receipt is missing, truncated or changed",
    ),
    "a receipt cut in its nonce": (
        SCENE.mine(RECEIPT[:50], draw=DRAW),
        "line 2 of your receipt is missing, truncated or changed",
    ),
    "a receipt without a nonce": (
        SCENE.mine(line(RECEIPT, 1, None), draw=DRAW),
        "line 2 of your receipt is missing, truncated or changed",
    ),
    "a receipt without its index": (
        SCENE.mine(line(RECEIPT, 2, None), draw=DRAW),
        "line 3 of your receipt is missing, truncated or changed",
    ),
    "a receipt cut in its proof": (
        SCENE.mine("\n".join(RECEIPT.split("\n")[:6])[:-3], draw=DRAW),
        "line 6 of your receipt is missing, truncated or changed",
    ),
    "a receipt cut after its proof": (
        SCENE.mine("\n".join(RECEIPT.split("\n")[:8]), draw=DRAW),
        "the checkpoint in your receipt is truncated or malformed",
    ),
    "a receipt cut in its checkpoint": (
        SCENE.mine(RECEIPT[: RECEIPT.index("—")], draw=DRAW),
        "the checkpoint in your receipt is truncated or malformed: it must be origin, size, root",
    ),
    "a receipt cut in its signature": (
        SCENE.mine(RECEIPT[:-10], draw=DRAW),
        "the checkpoint in your receipt is truncated or malformed: it must be origin, size, root",
    ),
    "a receipt cut in its signature, after whole groups of base64": (
        SCENE.mine(RECEIPT[:-9], draw=DRAW),
        "the signature of news.example/draws/win-100/log on the checkpoint in your receipt is wrong",
    ),
    "a receipt that is no text": (SCENE.mine(b"\xff\xfe", draw=DRAW), "line 1 of your receipt is missing, truncated or changed"),
    "another campaign's receipt": (
        of_another_campaign(),
        "the checkpoint in your receipt is of another log: news.example/draws/win-200/log, not news.example/draws/win-100/log",
    ),
    "somebody else's e-mail": (
        SCENE.mine(email="other@example.com", draw=DRAW),
        "this e-mail and the receipt's nonce are not those of entry 6: type the address exactly as your mail prints it",
    ),
    "an e-mail in other letters": (
        SCENE.mine(email=SCENE.me.email.upper(), draw=DRAW),
        "this e-mail and the receipt's nonce are not those of entry 6",
    ),
    "another nonce": (
        SCENE.mine(line(RECEIPT, 1, "extra " + base64.b64encode(b"n" * 32).decode()), draw=DRAW),
        "this e-mail and the receipt's nonce are not those of entry 6",
    ),
    "another index": (index_of_another(), "your entry is number 6 in the log, your receipt says 5"),
    "an index that is no entry": (not_an_entry(), "this e-mail and the receipt's nonce are not those of entry 10"),
    "an index outside the tree": (
        SCENE.mine(line(RECEIPT, 2, "index 24"), draw=DRAW),
        "your receipt is for entry 24, but its tree has 24 leaves",
    ),
    "a proof line changed": (
        SCENE.mine(line(RECEIPT, 4, base64.b64encode(b"p" * 32).decode()), draw=DRAW),
        "the proof in your receipt does not lead to the root it states",
    ),
    "a proof line too few": (
        SCENE.mine(line(RECEIPT, 4, None), draw=DRAW),
        "the proof in your receipt does not lead to the root it states",
    ),
    "a receipt's signature changed": (
        SCENE.mine(flipped(RECEIPT), draw=DRAW),
        "the signature of news.example/draws/win-100/log on the checkpoint in your receipt is wrong",
    ),
    "an entry removed": (removed(), "your entry 8 took no part: removed before the seal (exclude, duplicate)"),
    # A receipt alone
    "alone, somebody else's e-mail": (
        Case(None, RECEIPT.encode(), "other@example.com", DRAW.vkey),
        "the proof does not lead from this e-mail and the receipt's nonce to the signed root",
    ),
    "alone, another log's key": (
        Case(None, RECEIPT.encode(), SCENE.me.email, Signer("a/draws/b/log", b"k" * 32).vkey),
        "the checkpoint in your receipt is of another log: news.example/draws/win-100/log, not a/draws/b/log",
    ),
    "alone, a key of no campaign": (
        Case(None, RECEIPT.encode(), "a", Signer("a/log", b"k" * 32).vkey),
        "the vkey does not name the log of a campaign",
    ),
    "alone, half a key": (Case(None, RECEIPT.encode(), "a", DRAW.vkey[:-3]), "the log's vkey is not a whole vkey"),
    "alone, a key with another's id": (
        Case(None, RECEIPT.encode(), "a", DRAW.vkey[:-8] + "AAAAAAAA"),
        "the log's vkey is not of the kind 1, or its id is of another key",
    ),
    "alone, a fork": (
        Case(None, RECEIPT.encode(), SCENE.me.email, DRAW.vkey, [fork(SCENE).checkpoint(24).encode()]),
        "the log was forked: the checkpoint in your receipt and older file 1 differ at 24 leaves",
    ),
}  # fmt: skip


def cosigned(at: int) -> Case:
    scene = Scene()
    note = WITNESS.cosign(scene.before_draw, at)
    return Case.of(scene.drawn().maker.made(sealed=note), witnesses=[WITNESS.vkey])


def early_operator() -> Case:
    maker = Maker(Random(7), secret=b"s" * 32)
    for _ in range(5):
        maker.enter()
    maker.seal(maker.seals_at - 3 * DAY)
    maker.draw(maker.seal_at)
    return Case.of(maker.made())


def sealed_late() -> Case:
    scene = Maker(Random(7))
    for _ in range(3):
        scene.enter()
    scene.seal(scene.draws_at - HOUR + 1)
    return Case.of(scene.made())


def erased_alternate() -> Case:
    return after(("forfeit", 1, 2, "declined"), ("forfeit", 2, 2, "erasure"), ("award", 3, 3))


GOOD: dict[str, tuple[Case, str, str]] = {
    "no word but the publisher's": (Case.of(DRAW), "verified, seal time unproven", "Nobody's word but the publisher's dates R"),
    "a witness before the round": (
        cosigned(LONG_BEFORE), "verified",
        "R was seen at 2023-08-22T16:00:00Z by witness witness.example/w before",
    ),
    "a witness after the round": (cosigned(LONG_BEFORE + 2 * DAY), "verified, seal time unproven", "NOT before the round of"),
    "a witness nobody knows": (replace(cosigned(LONG_BEFORE), witnesses=[]), "verified, seal time unproven", "Nobody's word"),
    "a letter before the round": (
        letters(None, BEFORE), "verified",
        "2023-08-22T16:05:00Z by the mail in your inbox, received by mx.mailbox.example,",
    ),
    "a letter in base64": (letters(None, BEFORE, encoding="base64"), "verified", "by the mail in your inbox"),
    "a quoted-printable letter": (letters(None, BEFORE, encoding="quoted-printable"), "verified", "by the mail in your inbox"),
    "a letter too late": (letters(None, "Wed, 23 Aug 2023 15:59:24 GMT"), "verified, seal time unproven", "NOT before the round of"),
    "an operator, closed early": (early_operator(), "verified, seal time unproven", "OPERATOR-TRUSTED"),
    "an operator, closed early and drawn at once": (
        early_operator(), "verified, seal time unproven",
        "6. The draw is due at 2023-08-19T15:59:24Z, by the operator's own secret.",
    ),
    "when it was made": (early_operator(), "verified, seal time unproven", "   It was made at 2023-08-19T15:59:24Z."),
    "sealed late": (sealed_late(), "verified, seal time unproven", "LATE SEAL (outage)"),
    "sealed, not drawn": (Case.of(Scene().maker.made()), "verified, seal time unproven", "Sealed, not drawn yet."),
    "an alternate erased, whom the prize falls to": (erased_alternate(), "verified, seal time unproven", "(rank 3, awarded)."),
    "prizes left over": (
        after(*(("forfeit", n, n, "declined") for n in (1, 2, 3, 4))), "verified, seal time unproven",
        "for want of alternates: 1",
    ),
    "my receipt": (SCENE.mine(draw=DRAW), "verified, seal time unproven", "10. Your entry number 6 (its place in the log); 18 eligible."),
    "my early receipt": (SCENE.mine(SCENE.early, draw=DRAW), "verified, seal time unproven", "10. Your entry number 6"),
    "my receipt as a mail program saved it": (
        SCENE.mine("\ufeff" + RECEIPT.rstrip("\n").replace("\n", "\r\n"), draw=DRAW),
        "verified, seal time unproven",
        "10. Your entry number 6",
    ),
    "my receipt alone": (Case(None, RECEIPT.encode(), SCENE.me.email, DRAW.vkey), "verified, seal time unproven", "under the root"),
    "an older receipt beside it": (
        SCENE.mine(draw=DRAW, older=[SCENE.early.encode()]), "verified, seal time unproven",
        "older file 1 (11 leaves)",
    ),
    "a bundle that is only stored": (Case(zipped(bundle(DRAW), 0)), "verified, seal time unproven", "8. All 18 tickets recomputed"),
}  # fmt: skip


@pytest.fixture(scope="module")
def page(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return script_page(browser, tmp_path_factory.mktemp("page"))


def check_tamperings(outcomes: list[Outcome]) -> None:
    for (name, (_, sentence)), outcome in zip(TAMPERINGS.items(), outcomes, strict=True):
        assert outcome.ending.startswith(f"invalid: {sentence}"), name
    assert len(TAMPERINGS) > 100


def check_good(outcomes: list[Outcome]) -> None:
    for (name, (_, ending, line)), outcome in zip(GOOD.items(), outcomes, strict=True):
        assert outcome.ending == ending, name
        assert any(line in said for said in outcome.said), (name, outcome.said)


def test_the_file_finds_every_tampering() -> None:
    check_tamperings(by_file(case for case, _ in TAMPERINGS.values()))


def test_the_file_accepts_what_is_lawful() -> None:
    check_good(by_file(case for case, _, _ in GOOD.values()))


@pytest.mark.browser
def test_the_browser_finds_every_tampering_and_says_the_same(page: Any) -> None:
    cases = [case for case, _ in TAMPERINGS.values()]
    outcomes = by_script(page, cases)
    check_tamperings(outcomes)
    assert [outcome.comparable for outcome in outcomes] == [outcome.comparable for outcome in by_file(cases)]


@pytest.mark.browser
def test_the_browser_accepts_what_is_lawful_and_says_the_same(page: Any) -> None:
    cases = [case for case, _, _ in GOOD.values()]
    outcomes = by_script(page, cases)
    check_good(outcomes)
    assert [outcome.comparable for outcome in outcomes] == [outcome.comparable for outcome in by_file(cases)]


@pytest.mark.parametrize("length", range(0, len(RECEIPT.encode()) - 1, 7))
def test_no_beginning_of_a_receipt_is_ever_verified(length: int) -> None:
    mine = open_draw.Mine(DRAW.vkey, RECEIPT.encode()[:length], SCENE.me.email)
    with pytest.raises(open_draw.Fault):
        open_draw.check_receipt(mine, lambda line: None)


@pytest.mark.parametrize(
    "signature", [SIGNATURES[42], "94385d48ab9d338824a523ff7d310fbeeac0184598d56b49f27857bcd3ef91f6ead1c7ef99c9beee47784ebba5c635de"]
)
def test_with_a_bls_library_a_beacon_of_choice_is_refused(signature: str, tmp_path: Path) -> None:
    maker = Maker(Random(7))
    maker.enter()
    maker.seal()
    maker.draw(signature=signature)
    for name, data in bundle(maker.made()).items():
        (tmp_path / name).write_bytes(data)
    show = open_draw.read_source(str(tmp_path))
    with pytest.raises(open_draw.Fault, match="the beacon's signature is not drand's for round 1,000"):
        open_draw.check(show, open_draw.Mine(), lambda line: None)


BAD_INPUT = [  # what issues of trust begin with: each has its own sentence
    "a receipt cut in its proof",
    "a receipt cut in its checkpoint",
    "another campaign's receipt",
    "somebody else's e-mail",
    "another index",
    "a proof line changed",
    "a receipt's signature changed",
    "a log rolled back",
    "a fork, of the same size",
    "a fork, of another size",
    "a beacon of another round",
    "another chain",
    "a beacon too short",
]


@pytest.mark.parametrize("name", BAD_INPUT)
def test_the_command_says_it_in_one_sentence_and_ends_with_1(name: str, tmp_path: Path) -> None:
    case, sentence = TAMPERINGS[name]
    (tmp_path / "bundle.zip").write_bytes(case.zip or b"")
    given: list[str] = ["bundle.zip"]
    if case.receipt is not None:
        (tmp_path / "receipt.txt").write_bytes(case.receipt)
        given = ["receipt.txt", "--email", case.email, "--bundle", "bundle.zip"]
    for n, data in enumerate(case.older):
        (tmp_path / f"older{n}.txt").write_bytes(data)
        given += ["--older", f"older{n}.txt"]
    command = [sys.executable, "-I", SCRIPT, *given]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines()[-1].startswith(f"invalid: {sentence}")
    assert "\nverified" not in done.stdout


def test_no_two_of_them_share_a_sentence() -> None:
    assert len({TAMPERINGS[name][1] for name in BAD_INPUT}) == len(BAD_INPUT)
