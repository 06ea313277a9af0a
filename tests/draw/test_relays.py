"""Fetching the beacon from relays, none of which is believed."""

import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.draw.relays import ROUND_42, answer, make_certificate, relay
from tests.serving import LOST, free_port
from webapp.draw import QUICKNET, RELAYS, NoBeacon, fetch_beacon

TERMS = {"kind": "drand", "chain": QUICKNET.chain, "round": 42}


def test_the_relays_are_fixed_and_reached_by_https_only() -> None:
    assert RELAYS == ("https://api.drand.sh", "https://api2.drand.sh", "https://api3.drand.sh", "https://drand.cloudflare.com")


def test_the_first_relay_with_a_good_answer_wins_and_the_others_are_not_asked() -> None:
    with relay() as first, relay() as second:
        assert fetch_beacon(TERMS, (first.url, second.url)).value.hex() == ROUND_42
        assert first.asked == [f"/{QUICKNET.chain}/public/42"]
        assert second.asked == []


BAD = [
    ({"body": answer(round=43)}, "is of round 43; round 42 decides this draw"),
    ({"body": answer(signature="aa" * 48)}, "no point of the curve's prime-order subgroup"),
    ({"body": answer(signature=ROUND_42[:-2])}, "this one has 47"),
    ({"body": answer(chain_hash="00" * 32)}, "of another drand chain"),
    ({"body": "<html>Back soon</html>"}, "neither hex nor a relay's JSON"),
    ({"body": "{"}, "is not JSON"),
    ({"body": ""}, "this one has 0"),
    ({"body": " " * 5000 + answer()}, "more than 4,096 bytes"),
    ({"status": 404}, "does not have this round, or not yet"),
    ({"status": 500}, "It answered 500."),
]


@pytest.mark.parametrize(("mood", "said"), BAD, ids=[said for _, said in BAD])
def test_a_bad_relay_is_told_in_words_and_the_next_one_asked(mood: dict[str, Any], said: str) -> None:
    with relay(**mood) as bad, relay() as good:
        assert fetch_beacon(TERMS, (bad.url, good.url), timeout=LOST).value.hex() == ROUND_42
        assert len(bad.asked) == len(good.asked) == 1
        with pytest.raises(NoBeacon) as error:
            fetch_beacon(TERMS, (bad.url,), timeout=LOST)
    assert said in error.value.tried[0].sentence
    assert f"{bad.url}: {error.value.tried[0].sentence}" in str(error.value)
    assert "--beacon" in str(error.value)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_even_to_a_good_relay(status: int) -> None:
    with relay() as good, relay(status=status, headers={"Location": good.url}) as moved:
        with pytest.raises(NoBeacon, match=f"It answered {status}, a redirect"):
            fetch_beacon(TERMS, (moved.url,))
        assert good.asked == []


def test_a_relay_that_says_nothing_at_all_takes_no_longer_than_its_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        took = []
        for _ in range(3):  # the machine itself may stand still
            began = time.monotonic()
            with pytest.raises(NoBeacon, match=r"did not answer in 0.3 s"):
                fetch_beacon(TERMS, (f"http://127.0.0.1:{silent.getsockname()[1]}",), timeout=0.3)
            took.append(time.monotonic() - began)
        assert min(took) < 2


def test_a_relay_that_says_a_byte_now_and_then_takes_no_longer_than_its_time() -> None:
    """The next one is asked then, which on a busy machine may take as long; not five times in a row."""
    for attempt in range(5):
        with relay(drip=0.02) as slow, relay() as good:
            with pytest.raises(NoBeacon) as error:
                fetch_beacon(TERMS, (slow.url,), timeout=1)
            assert error.value.tried[0].sentence == "It did not answer in 1 s."
            with suppress(*([NoBeacon] if attempt < 4 else [])):
                assert fetch_beacon(TERMS, (slow.url, good.url), timeout=1).value.hex() == ROUND_42
                return


def test_a_relay_that_is_away_or_speaks_something_else_is_told_so() -> None:
    port = free_port()
    with pytest.raises(NoBeacon, match="cannot be reached"):
        fetch_beacon(TERMS, (f"http://127.0.0.1:{port}",))
    with relay() as plain, pytest.raises(NoBeacon, match="cannot be reached"):
        fetch_beacon(TERMS, (plain.url.replace("http:", "https:"),))


def test_a_proxy_in_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with relay() as good, relay() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        fetch_beacon(TERMS, (good.url,))
        assert proxy.asked == []


def test_https_counts_only_with_a_certificate_that_the_machine_trusts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = make_certificate(tmp_path / "relay.pem")
    with relay(file) as secure:
        with pytest.raises(NoBeacon, match="certificate is not valid: self-signed certificate"):
            fetch_beacon(TERMS, (secure.url,))
        assert secure.asked == []
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        assert fetch_beacon(TERMS, (secure.url,)).value.hex() == ROUND_42
