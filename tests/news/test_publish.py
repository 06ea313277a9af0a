"""Publishing, withdrawing and previewing articles."""

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient, FlaskCliRunner

from tests.news.test_pages import NOON, publish, text


@pytest.fixture(autouse=True)
def at_noon() -> Any:
    with time_machine.travel(NOON, tick=False):
        yield


def said(run: FlaskCliRunner, *arguments: str) -> dict[str, Any]:
    result = run.invoke(args=["article", *arguments, "--json"])
    assert result.exit_code == 0, result.output
    facts: dict[str, Any] = json.loads(result.stdout)
    return facts


def link(run: FlaskCliRunner, slug: str) -> str:
    return str(said(run, "preview", slug)["link"]).removeprefix("http://127.0.0.1:8000")


def test_an_unpublished_article_is_gone_until_it_is_published_again(run: FlaskCliRunner, client: FlaskClient) -> None:
    publish("rain")
    assert said(run, "unpublish", "rain")["changed"] is True
    assert said(run, "unpublish", "rain")["changed"] is False
    text(client, "/news/rain", 410)
    assert "/news/rain" not in text(client, "/headlines")
    assert said(run, "publish", "rain")["changed"] is True
    assert "Body of rain." in text(client, "/news/rain")


def test_publishing_an_article_of_the_future_says_when_it_appears(run: FlaskCliRunner) -> None:
    publish("later", published=NOON + timedelta(days=1), status="withdrawn")
    assert "will appear on 9 December 2024, 12:00 UTC" in run.invoke(args=["article", "publish", "later"]).stdout


@pytest.mark.parametrize("command", ["publish", "unpublish", "preview"])
def test_a_slug_that_is_not_there_is_refused(run: FlaskCliRunner, command: str) -> None:
    result = run.invoke(args=["article", command, "nothing"])
    assert result.exit_code == 1
    assert "There is no article 'nothing'. See: flask article list" in result.stderr


@pytest.mark.parametrize("facts", [{"published": NOON + timedelta(days=30)}, {"status": "withdrawn"}])
def test_a_preview_shows_what_readers_cannot_see_and_is_kept_and_indexed_nowhere(
    run: FlaskCliRunner, client: FlaskClient, facts: dict[str, Any]
) -> None:
    publish("secret", **facts)
    response = client.get(link(run, "secret"))
    page = response.get_data(as_text=True)
    assert response.status_code == 200
    assert "Body of secret." in page
    assert "Readers cannot see this page" in page
    assert '<meta name="robots" content="noindex">' in page
    assert "canonical" not in page
    assert "ld+json" not in page
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Robots-Tag"] == "noindex"
    assert "ETag" not in response.headers


def test_a_preview_is_good_for_two_weeks_and_for_its_own_article(run: FlaskCliRunner, client: FlaskClient) -> None:
    publish("secret", status="withdrawn")
    publish("other", status="withdrawn")
    address = link(run, "secret")
    text(client, address.replace("/secret", "/other"), 410)
    with time_machine.travel(NOON + timedelta(days=14), tick=False):
        text(client, address)
    with time_machine.travel(NOON + timedelta(days=15), tick=False):
        text(client, address, 410)


@pytest.mark.parametrize("token", ["x", "A" * 40, "%00", "%FF", "é" * 40, "=" * 5000])
def test_a_made_up_preview_shows_what_everybody_sees(client: FlaskClient, token: str) -> None:
    publish("secret", published=NOON + timedelta(days=1))
    publish("open")
    text(client, f"/news/secret?preview={token}", 404)
    assert "Readers cannot see" not in text(client, f"/news/open?preview={token}")
