"""/privacy: true to the settings and to the table that the purge deletes by."""

import re

import pytest
from flask.testing import FlaskClient

from webapp.sweepstakes import retention


def words(client: FlaskClient) -> str:
    response = client.get("/privacy")
    assert response.status_code == 200
    main = response.get_data(as_text=True).split("<main", 1)[1].split("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def test_it_states_every_row_of_the_table_with_its_time(client: FlaskClient) -> None:
    said = words(client)
    for row in retention.TABLE:
        assert f"{row.what} {row.ends}" in said
    assert "7 days after confirmations stop counting" in said
    assert "{days}" not in said


def test_every_row_that_says_days_has_them() -> None:
    for row in retention.TABLE:
        assert ("{days}" in row.until or row is retention.WINNER) == (row.days is not None)
    assert retention.WINNER.after.days == 3 * 365
    with pytest.raises(ValueError, match="no lapse of time"):
        _ = retention.LOG.after


def test_it_is_one_page_for_all_without_a_cookie_and_every_foot_links_to_it(client: FlaskClient) -> None:
    response = client.get("/privacy")
    assert response.headers["Cache-Control"].startswith("public")
    assert "Set-Cookie" not in response.headers
    for path in ("/", "/draws", "/register"):
        assert '<li><a href="/privacy">Privacy</a></li>' in client.get(path).get_data(as_text=True)


def test_without_settings_it_names_what_there_is(client: FlaskClient) -> None:
    said = words(client)
    assert "At the postal address of the sponsor" in said
    assert "this installation sends no mail" in said
    assert "delivery network" not in said
    assert "Counters" in said
    assert "it is deleted, by hand," in said


@pytest.mark.parametrize(
    "environ",
    [
        {
            "CONTACT": "editor@news.example.com",
            "POSTAL_ADDRESS": "1 <Main> Street\nSpringfield",
            "MAIL_URL": "smtp://user:secret@mail.example.com",
            "PROXY_HOPS": "1",
            "LIMITS": "off",
            "SITE_NAME": "The Other Paper",
            "PURGE": "on",
        }
    ],
)
def test_with_settings_it_follows_them_and_gives_no_secret_away(client: FlaskClient) -> None:
    said = words(client)
    for part in (
        "editor@news.example.com",
        "1 &lt;Main&gt; Street",
        "The Other Paper",
        "mail services, ours and yours",
        "delivery network",
        "it is deleted, by itself, hour by hour;",
    ):
        assert part in said
    assert "secret@" not in said
    assert "mail.example.com" not in said
    assert "Counters" not in said
    assert "At the postal address of the sponsor" not in said
