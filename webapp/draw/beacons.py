"""Beacons: drand's quicknet, verified under the key built in here, and the operator's secret for trying things out."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from hmac import compare_digest
from math import ceil
from typing import Any, NamedTuple

from webapp.draw.facts import Beacon
from webapp.draw.refusals import BadBeacon

# RFC 9380 suite and tag of drand's scheme bls-unchained-g1-rfc9380.
DST = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"


class Network(NamedTuple):
    """A drand network: its chain hash, the time of round 1 (Unix seconds), seconds between rounds, and its key in G2."""

    chain: str
    genesis: int
    period: int
    public_key: str


QUICKNET = Network(
    chain="52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971",
    genesis=1692803367,
    period=3,
    public_key="83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
    "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a",
)


def round_at(moment: datetime) -> int:
    """The first quicknet round at or after `moment` (PROTOCOL §3)."""
    return ceil((moment.timestamp() - QUICKNET.genesis) / QUICKNET.period) + 1


def round_time(round: int) -> datetime:
    """When quicknet publishes `round`."""
    return datetime.fromtimestamp(QUICKNET.genesis + (round - 1) * QUICKNET.period, UTC)


def operator_commitment(secret: bytes) -> str:
    """What leaf 0 says of an operator's 32-byte secret."""
    return sha256(secret).hexdigest()


def parse_beacon(terms: Mapping[str, Any], given: str | bytes) -> Beacon:
    """The verified beacon that `terms` (`LogStatus.beacon`) ask for, from what the operator has.

    `given`: the hex of the signature or secret, or a relay's JSON. Raises BadBeacon with the reason as a sentence.
    """
    try:
        text = (given.decode("ascii") if isinstance(given, bytes) else given).strip()
    except UnicodeDecodeError as error:
        raise BadBeacon("The beacon is neither hex nor a relay's JSON.") from error
    if terms["kind"] == "drand" and text.startswith("{"):
        text = _signature_in(text, terms["round"])
    beacon = Beacon(kind=terms["kind"], round=terms.get("round"), value=_bytes(text))
    check_beacon(terms, beacon)
    return beacon


def check_beacon(terms: Mapping[str, Any], beacon: Beacon) -> None:
    """Raises BadBeacon unless `beacon` is the one that `terms` ask for, of the right length and genuine."""
    if beacon.kind != terms["kind"]:
        raise BadBeacon(f"The beacon is of kind {beacon.kind}; this campaign draws by {terms['kind']}.")
    if beacon.kind == "operator":
        _check_secret(terms["commitment"], beacon.value)
        return
    if terms["chain"] != QUICKNET.chain:
        raise BadBeacon("The campaign names another drand chain than quicknet.")
    if beacon.round != terms["round"]:
        raise BadBeacon(f"The beacon is of round {beacon.round}; round {terms['round']} decides this draw.")
    check_signature(terms["round"], beacon.value)


def check_signature(round: int, signature: bytes) -> None:
    """Verify quicknet's BLS signature of `round`: e(signature, G2) = e(H(message), key). Raises BadBeacon."""
    from py_arkworks_bls12381 import GT, G1Point, G2Point  # heavy, and needed once a draw

    if len(signature) != 48:
        hint = " (96 bytes are a signature of one of drand's other chains)" if len(signature) == 96 else ""
        raise BadBeacon(f"A quicknet signature has 48 bytes; this one has {len(signature)}{hint}.")
    try:
        # Checked: on the curve and in the prime-order subgroup. Outside it a publisher could choose among signatures.
        point = G1Point.from_compressed_bytes(signature)
    except ValueError as error:
        raise BadBeacon("The signature is no point of the curve's prime-order subgroup.") from error
    if point == G1Point.identity():
        raise BadBeacon("The signature is the point at infinity.")
    if point.to_compressed_bytes() != signature:  # else a point might have two spellings, and B two values
        raise BadBeacon("The signature is not in canonical form.")
    message = sha256(round.to_bytes(8, "big")).digest()
    key = G2Point.from_compressed_bytes(bytes.fromhex(QUICKNET.public_key))
    if not GT.pairing_check([point, -G1Point.hash_to_curve(message, DST)], [G2Point(), key]):  # G2Point() is the generator
        raise BadBeacon(f"The signature is not quicknet's of round {round}.")


def _check_secret(commitment: str, secret: bytes) -> None:
    if len(secret) != 32:
        raise BadBeacon(f"An operator's secret has 32 bytes; this one has {len(secret)}.")
    if not compare_digest(operator_commitment(secret), commitment):
        raise BadBeacon("The secret is not the one that the campaign committed to.")


def _signature_in(text: str, round: int) -> str:
    """The signature in a relay's JSON. Its `randomness` is never used: only the signature can be verified."""
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadBeacon("The beacon file is not JSON.") from error
    chain = answer.get("chain_hash", answer.get("chain", QUICKNET.chain))
    if chain != QUICKNET.chain or answer.get("previous_signature"):
        raise BadBeacon("The relay's answer is of another drand chain than quicknet.")
    if answer.get("round") != round:
        raise BadBeacon(f"The relay's answer is of round {answer.get('round')}; round {round} decides this draw.")
    signature = answer.get("signature")
    if not isinstance(signature, str):
        raise BadBeacon("The relay's answer holds no signature.")
    return signature


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise BadBeacon("The beacon is neither hex nor a relay's JSON.") from error
