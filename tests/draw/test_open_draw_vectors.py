"""The file verifier reproduces every member of the protocol's vectors, as a module and as a command."""

import hmac
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.draw.maker import Draw, open_draw, write_bundle
from tests.draw.verifiers import site

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "vectors.json").read_text())
LEAVES = [leaf.encode() for leaf in VECTORS["leaves"]]
HASHES = [open_draw.sha256(b"\0" + leaf) for leaf in LEAVES]
ROOT = bytes.fromhex(VECTORS["sealed_root"])
SIGNATURE = bytes.fromhex(json.loads(LEAVES[24])["beacon"]["signature"])
DRAW = Draw(
    leaves=LEAVES,
    rules=VECTORS["rules"].encode(),
    vkey=VECTORS["vkey"],
    checkpoint=VECTORS["final_checkpoint"],
    sealed=VECTORS["sealed_checkpoint"],
)


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    file = Path(open_draw.__file__)
    return subprocess.run([sys.executable, "-I", file, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)


def test_leaves_are_canonical_and_well_formed() -> None:
    for number, leaf in enumerate(LEAVES):
        assert open_draw.read_leaf(leaf, number) == json.loads(leaf)


def test_leaf_hashes_and_roots() -> None:
    assert [hash.hex() for hash in HASHES] == VECTORS["leaf_hashes"]
    sealed = open_draw.read_checkpoint(VECTORS["sealed_checkpoint"].encode(), "the sealed checkpoint")
    final = open_draw.read_checkpoint(VECTORS["final_checkpoint"].encode(), "the current checkpoint")
    assert (sealed.size, sealed.root) == (VECTORS["sealed_size"], ROOT)
    assert open_draw.roots(HASHES, [sealed.size, final.size]) == {sealed.size: sealed.root, final.size: final.root}


def test_signatures_of_both_checkpoints() -> None:
    key = open_draw.read_vkey(VECTORS["vkey"], 1, "the vkey")
    checkpoints = [open_draw.read_checkpoint(VECTORS[name].encode(), name) for name in ("sealed_checkpoint", "final_checkpoint")]
    open_draw.check_signed(checkpoints, key, lambda line: None)


def test_entry_bundle() -> None:
    base = f"/draws/{VECTORS['campaign']}"
    tile = bytes.fromhex(VECTORS["entry_bundle_0_hex"])
    files = {f"{base}/log/checkpoint": DRAW.checkpoint.encode(), f"{base}/log/tile/entries/000.p/27": tile}
    with site(files, base) as url:
        assert open_draw.read_source(url).leaves == LEAVES


def test_every_person_has_the_commitment_of_their_leaf() -> None:
    for person in VECTORS["people"]:
        nonce = bytes.fromhex(person["nonce"])
        assert open_draw.entry_leaf(nonce, VECTORS["campaign"], person["email"]) == LEAVES[person["index"]]


def test_randomness_key_and_all_ranks() -> None:
    b = open_draw.sha256(SIGNATURE)
    assert b.hex() == VECTORS["randomness"]
    assert hmac.digest(ROOT, b, "sha256").hex() == VECTORS["prk"]
    log = open_draw.Log(LEAVES, lambda line: None)
    log.check_leaves()
    log.check_ranking(ROOT, b)
    tickets = enumerate(log.ranks, 1)
    assert [{"rank": rank, "index": index, "ticket": ticket.hex()} for rank, (ticket, index) in tickets] == VECTORS["all_ranks"]


def test_beacon_signature_holds_and_the_bad_ones_do_not() -> None:
    assert open_draw.bls_verifies(1000, SIGNATURE) is True
    for bad in VECTORS["signatures_that_must_fail"]:
        assert open_draw.bls_verifies(bad["round"], bytes.fromhex(bad["signature"])) is False


def test_receipt_proves_its_entry() -> None:
    receipt = open_draw.read_receipt(VECTORS["receipt"]["text"].encode())
    assert receipt.index == VECTORS["receipt"]["index"]
    assert open_draw.proves(receipt, LEAVES[receipt.index])


def test_the_command_finds_the_winner_in_a_bundle(tmp_path: Path) -> None:
    write_bundle(DRAW, tmp_path)
    done = command(tmp_path, "--vkey", VECTORS["vkey"])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "verified, seal time unproven"
    assert "Winner: entry 22 (rank 2, awarded)." in done.stdout


def test_the_command_checks_a_receipt_against_the_bundle_and_alone(tmp_path: Path) -> None:
    write_bundle(DRAW, tmp_path)
    receipt = tmp_path / "receipt.txt"
    receipt.write_text(VECTORS["receipt"]["text"])
    mine = (receipt, "--email", "reader5@example.com", "--vkey", VECTORS["vkey"])
    done = command(*mine, "--bundle", tmp_path)
    assert done.returncode == 0
    assert "entry number 6 (its place in the log); 18 eligible.\n    Your ticket c7fd2cd768f5" in done.stdout
    assert "is rank 13." in done.stdout
    done = command(*mine)
    assert done.returncode == 0
    assert done.stdout.endswith("\nverified, seal time unproven\n")


def test_the_help_tells_what_the_exit_codes_mean() -> None:
    done = command("--help")
    assert "Exit code 0 for the first two, 1 for invalid, 2 if it could not begin" in done.stdout


def test_wrong_usage_is_neither_verified_nor_invalid(tmp_path: Path) -> None:
    receipt = tmp_path / "receipt.txt"
    receipt.write_text(VECTORS["receipt"]["text"])
    for arguments in (
        (tmp_path / "nothing",),
        (receipt,),
        (receipt, "--email", "reader5@example.com"),
        (receipt, "--email", "reader5@example.com", "--vkey", VECTORS["vkey"], "--letter", receipt),
        (receipt, "--email", "reader5@example.com", "--vkey", VECTORS["vkey"], "--witness", "nonsense"),
        (receipt, "--email", "reader5@example.com", "--bundle", tmp_path),
        (tmp_path,),
        (tmp_path, "--email", "reader5@example.com"),
        ("http://a b/draws/win-100",),
        (receipt, "--email", "a", "--bundle", "b", "--site", "https://c"),
        (receipt, "--email", "a", "--site", "file:///etc"),
        (receipt, "--email", "a", "--site", "http://127.0.0.1:9/draws/win-100"),
        (),
    ):
        done = command(*arguments)
        assert done.returncode == 2, arguments
        assert done.stdout == ""
        assert done.stderr
        assert "Traceback" not in done.stderr
