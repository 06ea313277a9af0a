"""What most tests of this room stand on: an open campaign, and a clock that a test may move."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from flask.testing import FlaskCliRunner

from tests.sweepstakes.campaigns import NOW, open_one


@pytest.fixture
def clock(run: FlaskCliRunner, tmp_path: Path) -> Iterator[time_machine.Traveller]:
    """The clock stands at NOW, and the campaign of campaigns.py is open."""
    with time_machine.travel(NOW, tick=False) as traveller:
        open_one(run, tmp_path)
        yield traveller
