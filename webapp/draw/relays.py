"""Fetch drand's round from a fixed list of relays. None is believed: what counts is the signature, verified under the built-in key."""

import http.client
import ssl
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any
from urllib.parse import urlsplit

from webapp.draw.beacons import parse_beacon
from webapp.draw.facts import Beacon
from webapp.draw.refusals import BadBeacon, NotAllowed

RELAYS = ("https://api.drand.sh", "https://api2.drand.sh", "https://api3.drand.sh", "https://drand.cloudflare.com")
TIMEOUT = 5.0
MOST = 4096


@dataclass(frozen=True)
class Tried:
    """A relay that did not help, and why, as a sentence."""

    relay: str
    sentence: str


class NoBeacon(NotAllowed):
    """No relay gave the round. `tried` says what each of them did."""

    def __init__(self, terms: Mapping[str, Any], tried: Sequence[Tried]) -> None:
        told = "".join(f"\n  {one.relay}: {one.sentence}" for one in tried)
        super().__init__(
            f"No relay gave the signature of drand round {terms['round']}:{told}\n"
            f"Try again in a minute, or get it at {RELAYS[0]}{_path(terms)} from elsewhere and give it, or the whole answer as a file, "
            "with --beacon."
        )
        self.tried = tuple(tried)


class _Unusable(Exception):
    """Not an answer to work with; `str` is the sentence."""


def fetch_beacon(terms: Mapping[str, Any], relays: Sequence[str] = RELAYS, *, timeout: float = TIMEOUT) -> Beacon:
    """The verified beacon that `terms` (`LogStatus.beacon`, of kind drand) ask for, from the first relay that has it.

    Each relay gets `timeout` seconds in all. No redirect is followed, no proxy asked. Raises NoBeacon.
    """
    tried = []
    for relay in relays:
        try:
            return parse_beacon(terms, _ask(relay, _path(terms), timeout))
        except (_Unusable, BadBeacon) as error:
            tried.append(Tried(relay, str(error)))
    raise NoBeacon(terms, tried)


def _path(terms: Mapping[str, Any]) -> str:
    return f"/{terms['chain']}/public/{terms['round']}"


def _ask(relay: str, path: str, timeout: float) -> bytes:
    """The relay's answer. A socket's timeout counts anew with each byte, and looking up a name has none: hence the thread."""
    answers: SimpleQueue[bytes | Exception] = SimpleQueue()

    def ask() -> None:
        try:
            answers.put(_get(relay, path, timeout))
        except Exception as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True, name="drand relay").start()
    try:
        answer = answers.get(timeout=timeout)
    except Empty:
        raise _Unusable(f"It did not answer in {timeout:g} s.") from None
    if isinstance(answer, bytes):
        return answer
    raise _Unusable(_words(answer, timeout)) from answer


def _get(relay: str, path: str, timeout: float) -> bytes:
    parts = urlsplit(relay)
    connection = (
        http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=timeout, context=ssl.create_default_context())
        if parts.scheme == "https"
        else http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
    )
    try:
        connection.request("GET", path, headers={"Accept": "application/json", "Connection": "close"})
        response = connection.getresponse()
        if response.status in {404, 425}:
            raise _Unusable("It does not have this round, or not yet.")
        if 300 <= response.status < 400:
            raise _Unusable(f"It answered {response.status}, a redirect, which is not followed.")
        if response.status != 200:
            raise _Unusable(f"It answered {response.status}.")
        body = response.read(MOST + 1)
        if len(body) > MOST:
            raise _Unusable(f"It answered with more than {MOST:,} bytes; a round has some 300.")
        return body
    finally:
        connection.close()


def _words(error: Exception, timeout: float) -> str:
    match error:
        case _Unusable():
            return str(error)
        case TimeoutError():
            return f"It did not answer in {timeout:g} s."
        case ssl.SSLCertVerificationError():
            return f"Its certificate is not valid: {error.verify_message}."
        case http.client.HTTPException():
            return f"It does not speak HTTP ({type(error).__name__})."
        case _:
            return f"It cannot be reached ({error})."
