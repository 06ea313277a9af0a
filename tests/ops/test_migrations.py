"""Every migration goes down and up again with a full paper in the database, on both."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from flask_migrate import Migrate, downgrade, upgrade
from sqlalchemy import inspect, text

from webapp.database import db
from webapp.ops.installing import MIGRATIONS, revision


@pytest.fixture
def environ() -> dict[str, str]:
    return {"LIMITS": "off"}


@pytest.fixture
def paper(run: FlaskCliRunner) -> FlaskCliRunner:
    """The sample edition, and a campaign that was entered, sealed and drawn."""
    done(run, "demo", "--entrants", "12")
    done(run, "sweepstakes", "close", "win-100", "--now", "--yes")
    done(run, "sweepstakes", "draw", "win-100")
    return run


def done(run: FlaskCliRunner, *arguments: str) -> str:
    """Its output; the command must succeed."""
    result = run.invoke(args=list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout


def schema() -> dict[str, Any]:
    """Everything a migration can change: columns, keys, constraints and indexes of each table, and all triggers."""
    inspector = inspect(db.engine)
    found: dict[str, Any] = {}
    for table in sorted(inspector.get_table_names()):
        found[table] = {
            "columns": {
                column["name"]: (str(column["type"]), column["nullable"], column["default"]) for column in inspector.get_columns(table)
            },
            "key": inspector.get_pk_constraint(table)["constrained_columns"],
            "indexes": sorted((index["name"] or "", index["unique"], str(index["column_names"])) for index in inspector.get_indexes(table)),
            "foreign": sorted(str(sorted(key["constrained_columns"])) + key["referred_table"] for key in inspector.get_foreign_keys(table)),
            "checks": sorted((check["name"] or "", check["sqltext"]) for check in inspector.get_check_constraints(table)),
            "unique": sorted(str(sorted(unique["column_names"])) for unique in inspector.get_unique_constraints(table)),
        }
    found["triggers"] = triggers()
    return found


def triggers() -> list[str]:
    lists = {
        "sqlite": "SELECT name || ' ' || sql FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    }
    with db.engine.connect() as connection:
        return sorted(connection.execute(text(lists[db.engine.dialect.name])).scalars())


def rows(names: set[str]) -> dict[str, int]:
    with db.engine.connect() as connection:
        return {name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in sorted(names)}


def step(to: str, act: Callable[..., None]) -> None:
    """One migration, as `flask init` runs it."""
    db.session.remove()
    act(directory=str(MIGRATIONS), revision=to)
    assert revision() == to


def test_every_migration_goes_down_and_up_again_with_a_full_paper(app: Flask, paper: FlaskCliRunner, client: FlaskClient) -> None:
    Migrate(app, db, directory=str(MIGRATIONS))
    numbers = sorted(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("0*.py"))
    assert numbers == [f"{number:04d}" for number in range(1, len(numbers) + 1)]
    before, verified = schema(), done(paper, "sweepstakes", "verify", "win-100", "--json")
    assert len(before["triggers"]) > 8
    counted: dict[str, dict[str, int]] = {}
    for number in reversed(numbers[:-1]):
        step(number, downgrade)
        counted[number] = rows(set(inspect(db.engine).get_table_names()) - {"alembic_version"})
    kept = {"news_article", "draw_log", "draw_leaf", "sweepstakes_campaign", "sweepstakes_entrant"}
    assert all(counted["0001"][table] > 0 for table in kept)
    for number in numbers[1:]:
        step(number, upgrade)
        again = rows(set(counted.get("0001", {})))
        assert {table: again[table] for table in kept} == {table: counted["0001"][table] for table in kept}
    assert schema() == before
    assert done(paper, "sweepstakes", "verify", "win-100", "--json") == verified
    assert [client.get(path).status_code for path in ("/", "/headlines", "/draws/win-100", "/register")] == [200] * 4
