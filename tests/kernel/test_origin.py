"""The request check: security.md 2.3, with the headers real browsers were seen to send."""

import pytest
from flask import Flask, Response

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


@pytest.fixture
def database_url() -> None:
    """SQLite alone: nothing here reaches a database."""


def test_a_view_that_does_not_judge_is_closed_to_all_but_our_own_pages(app: Flask) -> None:
    app.add_url_rule("/unjudged", view_func=lambda: Response("done", mimetype="text/plain"), methods=["POST"])
    assert [app.test_client().post("/unjudged", headers=headers).status_code for headers, _ in DEFAULT_DENY] == [
        code for _, code in DEFAULT_DENY
    ]


DEFAULT_DENY = [
    ({"Sec-Fetch-Site": "same-origin"}, 200),
    ({"Origin": "http://127.0.0.1:8000"}, 200),
    ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Origin": "https://evil.example"}, 403),
    ({"Accept": "*/*"}, 403),
]


def test_who_judges_for_themselves_are_these(app: Flask) -> None:
    judging = {rule.rule for rule in app.url_map.iter_rules() if hasattr(app.view_functions[rule.endpoint], "judges_origin")}
    forms = {"/register", "/entry", "/confirm/<token>", "/claim/<token>", "/entry/<token>/newsletter", "/newsletter", "/newsletter/<token>"}
    assert judging == forms | {"/entry/<token>/withdraw", "/entry/<token>/erase", "/unsubscribe/<token>", "/ads/viewed"}
