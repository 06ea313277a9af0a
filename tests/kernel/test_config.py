"""Settings parse to values, or to faults that name the variable and the mend."""

from email.utils import parseaddr
from pathlib import Path

import pytest
from flask import Flask

from tests.conftest import make_app
from webapp.config import is_loopback, is_private, read_settings
from webapp.database import db


def faults(**environ: str) -> list[str]:
    return [fault.name for fault in read_settings(environ)[1]]


def test_with_nothing_set_it_runs_on_this_machine() -> None:
    settings, wrong = read_settings({})
    assert wrong == ()
    assert settings.site_url == "http://127.0.0.1:8000"
    assert settings.database_url.startswith("sqlite:////")
    assert settings.mail_server is None


def test_port_moves_the_default_of_the_site_url() -> None:
    assert read_settings({"PORT": "8123"})[0].site_url == "http://127.0.0.1:8123"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "x"), ("PORT", "0"), ("PORT", "65536"), ("PORT", "²"),
        ("SITE_URL", "news.example.com"), ("SITE_URL", "https://news.example.com/paper"), ("SITE_URL", "https://a@news.example.com"),
        ("SITE_URL", "ftp://news.example.com"), ("SITE_URL", "http://[::1"), ("SITE_URL", "http://news.example.com"),
        ("SITE_URL", "http://zeitung-münchen"), ("MAIL_FROM", "Zeitung <wir@münchen.example>"), ("BOUNCE_ADDRESS", "zurück@a.example"),
        ("SITE_TIMEZONE", "Mars/Olympus"), ("SITE_TIMEZONE", "../../etc/passwd"),
        ("DATABASE_URL", "mysql://localhost/paper"), ("DATABASE_URL", "sqlite:///relative"),
        ("MAIL_URL", "mail.example.com"), ("MAIL_URL", "smtp://"), ("MAIL_FROM", "nobody"),
        ("CONTACT", "nobody"), ("CONTACT", "Desk <desk@news.example>"), ("SITE_NAME", "Two\nlines"),
        ("SECRET_KEY", "short"), ("PROXY_HOPS", "-1"), ("WEB_CONCURRENCY", "0"), ("SECRET_KEY_FILE", "/nowhere/at/all"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_a_fault_of_its_setting(name: str, value: str) -> None:
    assert faults(**{name: value}) == [name]


@pytest.mark.parametrize("name", ["News, Inc.", 'The "Draw" <Daily>', "Zeitung, München", "St. Paul's (Daily)"])
def test_any_name_of_a_site_can_stand_in_a_letter(name: str) -> None:
    settings, wrong = read_settings({"SITE_NAME": name, "PORT": "8123"})
    assert wrong == ()
    assert parseaddr(settings.mail_from) == (name, "no-reply@127.0.0.1")


def test_a_public_site_needs_mail_and_an_address() -> None:
    assert faults(SITE_URL="https://news.example.com") == ["MAIL_URL", "POSTAL_ADDRESS"]
    complete = {"SITE_URL": "https://news.example.com", "MAIL_URL": "smtp://u:p@mail.example.com", "POSTAL_ADDRESS": "1 Main St"}
    assert faults(**complete) == []


def test_a_secret_can_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("s" * 40 + "\n")
    assert read_settings({"SECRET_KEY_FILE": str(file)})[0].secret_key == "s" * 40


def test_mail_urls_name_host_port_user_and_tls() -> None:
    server = read_settings({"MAIL_URL": "smtps://u:p@mail.example.com"})[0].mail_server
    assert server is not None
    assert (server.host, server.port, server.user, server.password, server.tls) == ("mail.example.com", 465, "u", "p", True)
    server = read_settings({"MAIL_URL": "smtp://draw%40example.com:a%2Fb%25@mail.example.com"})[0].mail_server
    assert server is not None
    assert (server.port, server.user, server.password, server.tls) == (587, "draw@example.com", "a/b%", False)


def test_loopback_and_private_hosts() -> None:
    assert is_loopback("localhost") and is_loopback("127.9.9.9") and is_loopback("[::1]") and not is_loopback("127.0.0.1.evil.example")
    assert is_private("192.168.1.4") and is_private("newsroom") and not is_private("8.8.8.8") and not is_private("news.example")


def test_commands_refuse_faulty_settings_and_say_how_to_mend_them(installed: Path) -> None:
    run = make_app(installed, SITE_TIMEZONE="Mars/Olympus", PORT="99999").test_cli_runner()
    done = run.invoke(args=["sweepstakes", "list"])
    assert done.exit_code == 1
    assert "SITE_TIMEZONE: 'Mars/Olympus' is not an IANA time zone. Write for example America/New_York." in done.output
    assert "PORT:" in done.output
    assert run.invoke(args=["sweepstakes", "list", "--help"]).exit_code == 0
    healthy = make_app(installed)
    with healthy.app_context():  # one app's faults are not another's
        assert healthy.test_cli_runner().invoke(args=["sweepstakes", "list"]).exit_code == 0
        db.engine.dispose()


def test_an_app_is_made_even_with_faults_so_that_help_works(tmp_path: Path) -> None:
    app: Flask = make_app(tmp_path, PORT="x")
    assert [fault.name for fault in app.extensions["faults"]] == ["PORT"]


def test_a_command_on_an_installation_that_was_never_made_names_the_mend(tmp_path: Path) -> None:
    (tmp_path / "instance").mkdir()
    bare = make_app(tmp_path / "instance")
    with bare.app_context():
        said = bare.test_cli_runner().invoke(args=["sweepstakes", "list"])
        db.engine.dispose()
    assert said.exit_code == 1
    assert "flask init" in said.output


def test_a_number_beyond_all_rows_is_a_sentence(app: Flask) -> None:
    said = app.test_cli_runner().invoke(args=["mail", "show", "9" * 20])
    assert said.exit_code == 1
    assert "Error:" in said.output
