"""Fixtures: a second, empty database beside the one under test."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.conftest import _execute, _on


@pytest.fixture
def empty_postgresql(postgresql: str) -> Iterator[str]:
    """The URL of a PostgreSQL database without a table."""
    name = f"empty_{uuid4().hex[:12]}"
    _execute(postgresql, f"CREATE DATABASE {name}")
    yield _on(postgresql, name)
    _execute(postgresql, f"DROP DATABASE {name} WITH (FORCE)")
