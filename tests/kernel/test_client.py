"""The client's address: what our own proxies wrote, and nothing else."""

import logging
from ipaddress import ip_address
from pathlib import Path

import pytest
from flask import Flask

from tests.conftest import make_app
from webapp.client import client_address, find_address, network_key, parse_address, shortened


@pytest.mark.parametrize(
    ("peer", "forwarded", "hops", "found"),
    [
        ("203.0.113.9", None, 0, "203.0.113.9"),
        ("203.0.113.9", "6.6.6.6", 0, "203.0.113.9"),  # whoever sends it himself
        ("10.0.0.1", "6.6.6.6, 203.0.113.9", 1, "203.0.113.9"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.9, 10.0.0.2", 2, "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9", 2, "10.0.0.1"),  # too short: it came past a proxy
        ("10.0.0.1", None, 1, "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9, unknown", 1, "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9, ", 1, "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9:4711", 1, "203.0.113.9"),
        ("10.0.0.1", "[2001:db8::7]:4711", 1, "2001:db8::7"),
        ("10.0.0.1", "2001:db8::7", 1, "2001:db8::7"),
        ("::ffff:203.0.113.9", None, 0, "203.0.113.9"),
        ("127.0.0.1", None, 0, "127.0.0.1"),
        ("127.0.0.1", "203.0.113.9", 1, "203.0.113.9"),
        ("", "203.0.113.9", 1, "203.0.113.9"),  # a unix socket
    ],
)  # fmt: skip
def test_only_what_our_proxies_wrote_is_believed(peer: str, forwarded: str | None, hops: int, found: str) -> None:
    assert find_address(peer, forwarded, hops) == ip_address(found)


@pytest.mark.parametrize(
    ("peer", "forwarded"), [("127.0.0.1", "203.0.113.9"), ("::1", ""), ("::ffff:127.0.0.1", "6.6.6.6"), ("", None), (None, None)]
)
def test_nobody_is_told_apart_behind_a_proxy_that_we_were_not_told_of(peer: str | None, forwarded: str | None) -> None:
    assert find_address(peer, forwarded, 0) is None


@pytest.mark.parametrize(
    "text", ["", "unknown", "1.2.3", "1.2.3.4.5", "01.2.3.4", "[2001:db8::7]x", "[]", "a:1", "1.2.3.4\n5", "١.٢.٣.٤", "::g", "\ud800"]
)  # fmt: skip
def test_what_is_no_address_is_none(text: str) -> None:
    assert parse_address(text) is None


def test_networks_are_what_one_connection_has_and_what_may_be_kept() -> None:
    four, six = ip_address("203.0.113.9"), ip_address("2001:db8:1:2:3::4")
    assert (network_key(four), shortened(four)) == ("203.0.113.9/32", "203.0.113.0/24")
    assert (network_key(six), shortened(six)) == ("2001:db8:1:2::/64", "2001:db8:1::/48")
    assert network_key(ip_address("::1")) == "::/64"


def test_an_unknown_proxy_is_warned_of_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    app: Flask = make_app(tmp_path)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            with app.test_request_context("/", headers={"X-Forwarded-For": "203.0.113.9"}, environ_base={"REMOTE_ADDR": "127.0.0.1"}):
                assert client_address() is None
    assert [record.message for record in caplog.records if "PROXY_HOPS" in record.message] == [caplog.records[0].message]
    assert "Set PROXY_HOPS=1" in caplog.records[0].message


def test_with_hops_set_the_address_is_the_proxys_word(tmp_path: Path) -> None:
    app: Flask = make_app(tmp_path, PROXY_HOPS="1")
    with app.test_request_context("/", headers={"X-Forwarded-For": "6.6.6.6, 203.0.113.9"}, environ_base={"REMOTE_ADDR": "127.0.0.1"}):
        assert client_address() == ip_address("203.0.113.9")
