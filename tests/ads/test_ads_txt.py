"""ads.txt 1.1 from the settings, its linter, and gpc.json."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.conftest import make_app
from webapp.ads_txt import NOBODY, lines_of, lint, render
from webapp.config import read_settings

HTTPS = {"SITE_URL": "https://news.example.com", "MAIL_URL": "smtp://mail.example.com:587", "POSTAL_ADDRESS": "1 Main Street"}


def test_without_sellers_the_file_says_that_nobody_may_sell(client: FlaskClient) -> None:
    response = client.get("/ads.txt")
    assert response.content_type == "text/plain; charset=utf-8"
    assert response.get_data(as_text=True) == f"{NOBODY}\n"  # an address in numbers owns no domain


def test_the_owner_is_the_sites_host_unless_named() -> None:
    assert render((), "news.example.com") == f"{NOBODY}\nOWNERDOMAIN=news.example.com\n"
    assert render(("OWNERDOMAIN=example.com",), "news.example.com") == f"OWNERDOMAIN=example.com\n{NOBODY}\n"


def test_lines_come_from_the_setting_or_a_file(tmp_path: Path) -> None:
    line = "adsystem.example, pub-1, DIRECT, f08c47fec0942fa0"
    app = make_app(tmp_path / "a", ADS_TXT=f"{line}; CONTACT=ads@example.com", **HTTPS)
    assert not app.extensions["faults"]
    file = tmp_path / "ads.txt"
    file.write_text(f"# ours\n{line}; x=y # extensions may stand here\r\n\nreseller.example,9,reseller\n")
    settings, faults = read_settings({"ADS_TXT_FILE": str(file), **HTTPS})
    assert not faults
    assert settings.ads_txt == ("# ours", f"{line}; x=y # extensions may stand here", "reseller.example,9,reseller")
    answer = app.test_client().get("/ads.txt", base_url="https://news.example.com")
    assert answer.get_data(as_text=True) == f"{line}\nCONTACT=ads@example.com\nOWNERDOMAIN=news.example.com\n"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("adsystem.example, pub-1", "has 2 fields"),
        ("adsystem.example, pub-1, DIRECT, x, y", "has 5 fields"),
        ("adsystem.example, , DIRECT", "has 2 fields"),
        ("adsystem, pub-1, DIRECT", "'adsystem' is not a domain"),
        ("https://adsystem.example, pub-1, DIRECT", "is not a domain"),
        ("adsystem.example, pub 1, DIRECT", "spaces within a field"),
        ("adsystem.example, pub-1, DIRECTLY", "'DIRECTLY' is neither DIRECT nor RESELLER"),
        ("adsystem.example pub-1 DIRECT", "has 1 fields"),
        ("äd.example, pub-1, DIRECT", "plain ASCII"),
        ("OWNER=example.com", "OWNER is not a variable of ads.txt 1.1"),
        ("OWNERDOMAIN=https://example.com/", "which is not a domain"),
        ("OWNERDOMAIN=", "OWNERDOMAIN is empty"),
        ("MANAGERDOMAIN=example.com,USA", "'USA' is not a country"),
        ("OWNERDOMAIN=a.example\nOWNERDOMAIN=b.example", "OWNERDOMAIN stands 2 times"),
    ],
)
def test_a_line_that_cannot_stand_is_a_fault_with_its_mend(line: str, words: str) -> None:
    (bad,) = lint(lines_of(line))
    assert words in bad.problem
    (fault,) = read_settings({"ADS_TXT": line})[1]
    assert fault.name == "ADS_TXT"
    assert str(fault).startswith(f"ADS_TXT: line {bad.number}: ")


@pytest.mark.parametrize("line", ["", "# nothing", "MANAGERDOMAIN=example.com,US", "subdomain=a.example.com", "A.Example,1,direct"])
def test_a_good_line_is_none(line: str) -> None:
    assert lint([line]) == []


def test_gpc_is_answered_by_doing_nothing_else(client: FlaskClient) -> None:
    assert client.get("/.well-known/gpc.json").get_json() == {"gpc": True, "lastUpdate": "2026-11-22"}
    for path in ("/", "/advertising", "/privacy", "/ads/decide?slots=top,rail", "/ads.txt"):
        plain, asked = client.get(path), client.get(path, headers={"Sec-GPC": "1"})
        assert plain.data == asked.data
        assert plain.status_code == asked.status_code
        for response in (plain, asked):
            assert "Set-Cookie" not in response.headers
            assert "Sec-GPC" not in response.headers.get("Vary", "")
