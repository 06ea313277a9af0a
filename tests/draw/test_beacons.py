"""Beacons: only the one signature of the one round decides, and every other thing pasted gets its own sentence."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from py_arkworks_bls12381 import G1Point, Scalar

from tests.draw.vectors import VECTORS
from webapp.draw import QUICKNET, BadBeacon, Beacon, operator_commitment, parse_beacon, round_at, round_time
from webapp.draw.beacons import check_beacon, check_signature

TERMS = {"kind": "drand", "chain": QUICKNET.chain, "round": 1000}
SIGNATURE = json.loads(VECTORS["leaves"][24])["beacon"]["signature"]
ROUND_42 = "95a9f9f5b231b7714de1553105d8ffdf3dcda24cfdb1e689319bccf79a9c8ce430a91b811fbfaf763900bc998b5d686a"
SECRET = bytes(range(32))
OPERATOR = {"kind": "operator", "commitment": operator_commitment(SECRET)}


def relay(**members: object) -> str:
    return json.dumps({"round": 1000, "randomness": "00" * 32, "signature": SIGNATURE, **members})


@pytest.mark.parametrize("given_", [SIGNATURE, f" {SIGNATURE}\n", SIGNATURE.upper(), SIGNATURE.encode(), relay(), relay().encode()])
def test_the_signature_is_taken_as_hex_or_in_a_relays_answer(given_: str | bytes) -> None:
    beacon = parse_beacon(TERMS, given_)
    assert beacon == Beacon(kind="drand", round=1000, value=bytes.fromhex(SIGNATURE))
    assert beacon.randomness.hex() == VECTORS["randomness"]


def test_another_round_has_another_signature() -> None:
    assert parse_beacon({**TERMS, "round": 42}, ROUND_42).round == 42


@pytest.mark.parametrize("bad", VECTORS["signatures_that_must_fail"], ids=lambda bad: bad["why"])
def test_the_signatures_that_must_fail_do(bad: dict[str, str]) -> None:
    with pytest.raises(BadBeacon):
        parse_beacon({**TERMS, "round": bad["round"]}, bad["signature"])


def test_a_signature_outside_the_subgroup_is_refused_for_that_reason() -> None:
    for bad in VECTORS["signatures_that_must_fail"][1:]:
        with pytest.raises(BadBeacon, match="prime-order subgroup"):
            parse_beacon(TERMS, bad["signature"])


@pytest.mark.parametrize(
    ("given_", "says"),
    [
        ("", "has 48 bytes; this one has 0"),
        (SIGNATURE[:-2], "has 48 bytes; this one has 47"),
        (SIGNATURE * 2, "this one has 96 .*other chains"),
        ("zz", "neither hex nor a relay's JSON"),
        ("é", "neither hex nor a relay's JSON"),
        (b"\xff", "neither hex nor a relay's JSON"),
        ("{", "is not JSON"),
        ("{}", "of round None; round 1000"),
        (relay(round=1001), "of round 1001; round 1000"),
        (relay(signature=None), "holds no signature"),
        (relay(previous_signature="ab" * 96), "another drand chain"),
        (relay(chain_hash="8990e7a9" * 8), "another drand chain"),
        ("c0" + "00" * 47, "infinity"),
        ("ff" * 48, "infinity|subgroup|canonical"),
        ("00" * 48, "subgroup"),
        (ROUND_42, "not quicknet's of round 1000"),
    ],
)
def test_everything_else_is_refused_with_its_own_sentence(given_: str | bytes, says: str) -> None:
    with pytest.raises(BadBeacon, match=says):
        parse_beacon(TERMS, given_)


def test_no_point_has_a_second_spelling() -> None:
    """x and x + p name one point; if both passed, a publisher could choose between two values of B."""
    p = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
    flags = 0b111 << 381
    spelled = (int.from_bytes((G1Point() * Scalar(n)).to_compressed_bytes(), "big") for n in range(1, 100))
    point = next(point for point in spelled if (point & ~flags) + p < 1 << 381)
    with pytest.raises(BadBeacon, match="not quicknet's"):
        check_signature(1000, point.to_bytes(48, "big"))
    with pytest.raises(BadBeacon, match=r"subgroup|canonical"):
        check_signature(1000, (point + p).to_bytes(48, "big"))


def test_an_operators_secret_is_the_one_committed_to() -> None:
    assert parse_beacon(OPERATOR, SECRET.hex()).randomness == SECRET
    for given_, says in [(bytes(32).hex(), "not the one"), (SECRET.hex()[2:], "has 32 bytes; this one has 31"), (SIGNATURE, "has 48")]:
        with pytest.raises(BadBeacon, match=says):
            parse_beacon(OPERATOR, given_)


def test_a_beacon_of_another_kind_chain_or_round_does_not_decide() -> None:
    genuine = parse_beacon(TERMS, SIGNATURE)
    with pytest.raises(BadBeacon, match="of kind drand; this campaign draws by operator"):
        check_beacon(OPERATOR, genuine)
    with pytest.raises(BadBeacon, match="of round 1000; round 1001"):
        check_beacon({**TERMS, "round": 1001}, genuine)
    with pytest.raises(BadBeacon, match="another drand chain"):
        check_beacon({**TERMS, "chain": "0" * 64}, genuine)


@given(st.datetimes(datetime(2023, 8, 24), datetime(2100, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC, microsecond=0)))
def test_the_round_of_a_moment_is_the_first_at_or_after_it(moment: datetime) -> None:
    round = round_at(moment)
    assert round_time(round) - timedelta(seconds=3) < moment <= round_time(round)


def test_round_1000_is_where_the_vectors_have_it() -> None:
    assert round_time(1) == datetime.fromtimestamp(1692803367, UTC)
    assert round_at(datetime(2023, 8, 23, 15, 59, 24, tzinfo=UTC)) == 1000
    assert round_at(datetime(2023, 8, 23, 15, 59, 24, 1, tzinfo=UTC)) == 1001
