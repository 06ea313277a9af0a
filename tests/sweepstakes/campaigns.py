"""Campaign files and campaigns for tests of this room; everything goes through the commands an admin uses."""

import json
import re
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from click.testing import Result
from flask.testing import FlaskCliRunner

from webapp.database import writing
from webapp.draw import LogKey, append_entries, commitment, status
from webapp.site import keyring, settings
from webapp.sweepstakes.finding import find
from webapp.sweepstakes.models import Entrant

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
OPENS = datetime(2026, 11, 27, 14, 0, tzinfo=UTC)
CLOSES = datetime(2026, 12, 21, 4, 59, tzinfo=UTC)
SEALS = CLOSES + timedelta(hours=48 + 72)
DRAWS = SEALS + timedelta(hours=24)

GOOD = """\
slug = "win-100"
title = "Win $100"
prize = "One hundred US dollars"
value = "100.00"
currency = "USD"
timezone = "America/New_York"
opens_at = 2026-11-27T09:00:00
closes_at = 2026-12-20T23:59:00
winners = 1
alternates = 2
claim_days = 14

[sponsor]
name = "The Daily Draw Publishing Co."
address = "1 Main Street\\nSpringfield, NY 10001"

[eligibility]
minimum_age = 18
regions = "the fifty United States and the District of Columbia"

[beacon]
kind = "operator"
"""
DRAND = GOOD.replace('"operator"', '"drand"')


def changed(key: str, line: str, source: str = GOOD) -> str:
    """`source` with the line of `key` replaced by `line` (empty: taken out)."""
    pattern = re.compile(rf"^{re.escape(key)} = .*\n", re.MULTILINE)
    assert len(pattern.findall(source)) == 1, key
    return pattern.sub(lambda _: line + "\n" if line else "", source)


def open_now() -> str:
    """A campaign that takes entries at the real time: for servers, whose clocks nobody moves."""
    today = datetime.now(UTC)
    source = changed("opens_at", f"opens_at = {today - timedelta(days=2):%Y-%m-%d}T09:00:00")
    return changed("closes_at", f"closes_at = {today + timedelta(days=20):%Y-%m-%d}T12:00:00", source)


def invoke(run: FlaskCliRunner, *args: str, stdin: str | None = None) -> Result:
    """`flask sweepstakes …`; a crash of the command is a crash of the test."""
    result = run.invoke(args=["sweepstakes", *args], input=stdin)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def done(run: FlaskCliRunner, *args: str) -> str:
    """Its output; the command must succeed."""
    result = invoke(run, *args)
    assert result.exit_code == 0, result.output
    return result.stdout


def answer(run: FlaskCliRunner, *args: str) -> Any:
    """What it prints as JSON; the command must succeed."""
    return json.loads(done(run, *args, "--json"))


def refused(run: FlaskCliRunner, *args: str) -> str:
    """What it says when it refuses: exit code 1 (2 for wrong usage), nothing on standard output, no traceback."""
    result = invoke(run, *args)
    assert result.exit_code in {1, 2}, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    return result.stderr


def create(run: FlaskCliRunner, folder: Path, source: str = GOOD) -> None:
    file = folder / "campaign.toml"
    file.write_text(source, encoding="utf-8")
    done(run, "create", str(file))


def open_one(run: FlaskCliRunner, folder: Path, source: str = GOOD, slug: str = "win-100") -> None:
    """An open campaign; the clock must stand before it closes."""
    create(run, folder, source)
    done(run, "open", slug, "--yes")


def enter(number: int, slug: str = "win-100") -> list[int]:
    """Confirmed entrants `reader<n>@example.com`; returns their entry numbers."""
    nonces = [secrets.token_bytes(32) for _ in range(number)]
    addresses = [f"reader{n}@example.com" for n in range(number)]
    with writing() as session:
        campaign, log = find(session, slug), status(session, slug)
        assert log is not None
        key = LogKey.load(settings().keys / "logs", slug, log.origin)
        pairs = zip(nonces, addresses, strict=True)
        appended = append_entries(session, key, [commitment(nonce, slug, address) for nonce, address in pairs])
        for n, (nonce, address) in enumerate(zip(nonces, addresses, strict=True)):
            session.add(
                Entrant(
                    campaign_id=campaign.id,
                    state="confirmed",
                    name=keyring().seal("entrant.name", f"Reader {n}"),
                    email=keyring().seal("entrant.email", address),
                    email_key=keyring().blind("email", address),
                    nonce=keyring().seal("entrant.nonce", nonce.hex()),
                    registered_at=NOW,
                    confirmed_at=NOW,
                    entry_index=appended.first + n,
                )
            )
    return list(range(appended.first, appended.first + number))
