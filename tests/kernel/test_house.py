"""The rules of the house, read from the code itself."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import Environment
from sqlalchemy import inspect
from sqlalchemy.engine.interfaces import ReflectedIndex

from webapp import ROOMS
from webapp.config import ROOT, SETTINGS
from webapp.database import Base, db

WEBAPP = ROOT / "webapp"
ARROWS = {"sweepstakes": {"draw", "mail"}, "ops": set(ROOMS), "demo": set(ROOMS)}


def imports(source: str) -> Iterator[str]:
    """Every `webapp…` module that this source imports, at any depth of its functions."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names) if node.module == "webapp" else (node.module or "",)


def forbidden(path: Path, source: str) -> list[str]:
    """The imports in `path` that no arrow of DESIGN §2 allows."""
    inside = path.relative_to(WEBAPP).parts
    room = inside[0] if len(inside) > 1 else None
    wrong = []
    for name in imports(source):
        parts = name.split(".")
        if parts[0] != "webapp" or len(parts) < 2 or parts[1] not in ROOMS:
            if parts[0] == "webapp" and len(parts) < 2 and room:
                wrong.append(f"{path.name} imports {name}")
        elif room is None and path != WEBAPP / "__init__.py":
            wrong.append(f"the kernel's {path.name} imports {name}")
        elif room and parts[1] != room and (parts[1] not in ARROWS.get(room, set()) or len(parts) > 2):
            wrong.append(f"{room}/{path.name} imports {name}")
    return wrong


def test_imports_follow_the_arrows() -> None:
    wrong = [line for path in WEBAPP.rglob("*.py") for line in forbidden(path, path.read_text(encoding="utf-8"))]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("ads/views.py", "from webapp.sweepstakes import current_campaign"),
        ("sweepstakes/views.py", "def late():\n    import webapp.ads"),
        ("draw/sealing.py", "from webapp.mail import owe"),
        ("sweepstakes/views.py", "from webapp.draw.sealing import seal"),
        ("clock.py", "from webapp.news import models"),
        ("news/views.py", "from webapp import ads"),
        ("news/views.py", "import webapp"),
    ],
)
def test_a_wrong_arrow_is_found(file: str, source: str) -> None:
    assert forbidden(WEBAPP / file, source)


def test_an_allowed_arrow_is_no_fault() -> None:
    assert not forbidden(WEBAPP / "sweepstakes/views.py", "from webapp.draw import seal\nfrom webapp import clock")


def test_only_config_reads_the_environment_and_only_clock_the_time() -> None:
    for path in WEBAPP.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        if path.name != "config.py":
            assert "os.environ" not in source, path
            assert "getenv" not in source, path
        if path.name != "clock.py":
            assert "datetime.now(" not in source, path
            assert "utcnow" not in source, path


def test_models_and_migrations_agree(app: Flask) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    def ours(name: str | None, kind: str, _parent: object) -> bool:
        return not (kind == "table" and (name or "").startswith("news_search"))  # owned by the search adapter

    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": ours})
        assert compare_metadata(context, Base.metadata) == []


def test_an_index_is_partial_in_the_models_and_in_the_database(app: Flask) -> None:
    there = inspect(db.engine)
    for table in Base.metadata.sorted_tables:
        partial = {index.name for index in table.indexes if index.dialect_options["sqlite"]["where"] is not None}
        assert partial == {index["name"] for index in there.get_indexes(table.name) if where_of(index) is not None}


def where_of(index: ReflectedIndex) -> object:
    options = index.get("dialect_options", {})
    return options.get("sqlite_where", options.get("postgresql_where"))


def test_every_template_compiles(app: Flask) -> None:
    environment: Environment = app.jinja_env
    names = environment.list_templates(extensions=["html", "txt", "xml"])
    assert names
    for name in names:
        environment.get_template(name)


def test_every_setting_stands_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for setting in SETTINGS:
        assert f"| `{setting.name}` | {setting.default} | {setting.meaning} |" in readme, setting.name


def test_every_route_takes_only_get_head_and_post(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        assert (rule.methods or set()) <= {"GET", "HEAD", "POST", "OPTIONS"}, rule
