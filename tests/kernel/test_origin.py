"""The request check: security.md 2.3, with the headers real browsers were seen to send."""

import pytest

from webapp.config import read_settings
from webapp.origin import Verdict, judge, parse_origin

SITE = read_settings({"SITE_URL": "https://own.example", "MAIL_URL": "smtp://localhost", "POSTAL_ADDRESS": "1 Main St"})[0]
UNSET = read_settings({})[0]


@pytest.mark.parametrize(
    ("headers", "verdict"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, Verdict.OURS),
        ({"Sec-Fetch-Site": "none"}, Verdict.OURS),
        ({"Sec-Fetch-Site": "same-site"}, Verdict.CROSS),
        ({"Sec-Fetch-Site": "cross-site"}, Verdict.CROSS),
        ({"Sec-Fetch-Site": "same-origin, cross-site"}, Verdict.CROSS),
        ({"Sec-Fetch-Site": ""}, Verdict.CROSS),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://own.example"}, Verdict.CROSS),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, Verdict.OURS),
        ({"Origin": "https://own.example"}, Verdict.OURS),
        ({"Origin": "https://own.example:443"}, Verdict.OURS),
        ({"Origin": "http://own.example"}, Verdict.CROSS),
        ({"Origin": "https://own.example:8443"}, Verdict.CROSS),
        ({"Origin": "https://own.evil.example"}, Verdict.CROSS),
        ({"Origin": "https://own.example@evil.example"}, Verdict.CROSS),
        ({"Origin": "https://evil.example\\@own.example"}, Verdict.CROSS),
        ({"Origin": "https://own.example:x"}, Verdict.CROSS),
        ({"Origin": "null"}, Verdict.UNKNOWN),
        ({"Origin": "null", "Referer": "https://own.example/news/a"}, Verdict.OURS),
        ({"Referer": "https://own.example/news/a"}, Verdict.OURS),
        ({"Referer": "https://evil.example/https://own.example"}, Verdict.CROSS),
        ({"Host": "own.example"}, Verdict.UNKNOWN),
        ({"Host": "evil.example", "Origin": "https://evil.example"}, Verdict.CROSS),
        ({}, Verdict.UNKNOWN),
    ],
)
def test_verdicts(headers: dict[str, str], verdict: Verdict) -> None:
    assert judge(headers, SITE) is verdict


@pytest.mark.parametrize(
    ("host", "verdict"),
    [("127.0.0.1:8000", Verdict.OURS), ("localhost:5000", Verdict.OURS), ("192.168.1.9", Verdict.OURS), ("evil.example", Verdict.CROSS)],
)
def test_without_a_site_url_this_machine_and_its_network_are_ours(host: str, verdict: Verdict) -> None:
    assert judge({"Origin": f"http://{host}", "Host": host}, UNSET) is verdict


@pytest.mark.parametrize("address", ["", "null", "own.example", "ftp://own.example", "http://", "http://[::1", "http://own:99999"])
def test_what_is_no_origin(address: str) -> None:
    assert parse_origin(address) is None
