"""MAINTENANCE=on: pages are served, forms answer 503 with what was typed, commands work."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient, FlaskCliRunner

from tests.sweepstakes.campaigns import open_now
from tests.sweepstakes.entering import entrants, post, ticked


@pytest.fixture
def environ() -> dict[str, str]:
    return {"MAINTENANCE": "on"}


def test_forms_wait_and_everything_else_goes_on(client: FlaskClient, run: FlaskCliRunner, tmp_path: Path) -> None:
    file = tmp_path / "campaign.toml"
    file.write_text(open_now())
    for command in (["sweepstakes", "create", str(file)], ["sweepstakes", "open", "win-100", "--yes"]):
        assert run.invoke(args=command).exit_code == 0
    answer = post(client, newsletter="yes")
    assert (answer.status_code, answer.headers["Retry-After"], answer.headers["Cache-Control"]) == (503, "30", "no-store")
    assert 'value="ada@example.com"' in answer.text
    assert "Nothing that you typed is lost" in answer.text
    assert ticked(answer.text) == ["agree", "newsletter"]
    assert client.post("/entry", data={"email": "ada@example.com"}).status_code == 503
    assert [client.get(path).status_code for path in ("/", "/draws/win-100", "/register")] == [200, 200, 200]
    assert entrants() == []
    assert run.invoke(args=["entrant", "add", "win-100", "--mail-in", "--name", "Ada", "--email", "ada@example.com"]).exit_code == 0
    told = client.get("/readyz")
    assert told.status_code == 200
    assert "MAINTENANCE is on" in told.json["warnings"][0]  # type: ignore[index]
    assert "MAINTENANCE is on" in run.invoke(args=["doctor"]).output
