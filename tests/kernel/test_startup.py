"""What a web worker imports at its start, and what must wait until a command asks for it."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from webapp import ROOMS
from webapp.config import ROOT

# What only commands, forms, another database or an optional setting need.
NOT_IN_A_WORKER = (
    "alembic", "flask_migrate", "markdown_it", "nh3", "yaml", "frontmatter", "PIL", "rich", "py_arkworks_bls12381", "psycopg",
    "disposable_email_domains", "limits", "redis", "sqlalchemy.dialects.postgresql", "tomllib", "smtplib", "email.headerregistry",
    "cryptography", "webapp.mail.letters", "webapp.mail.rounds", "webapp.ops.metrics", "webapp.ops.ticking",
    "webapp.mail.looking", "webapp.sweepstakes.entry_mail", "webapp.sweepstakes.subscription_mail", "prometheus_client", "xml", "gzip",
    "multiprocessing", "concurrent.futures.process", "unittest",
)  # fmt: skip


def loaded(tmp_path: Path, **environ: str) -> set[str]:
    """The modules of a process that has imported `wsgi`, and nothing of its own."""
    program = "import sys, wsgi; sys.stdout.write('\\n'.join(sys.modules))"
    here = {"INSTANCE_PATH": str(tmp_path), **environ}
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=here, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    return loaded(tmp_path_factory.mktemp("worker"))


def test_a_worker_imports_nothing_that_only_commands_need(worker: set[str]) -> None:
    assert "webapp.sweepstakes.models" in worker
    assert sorted(name for name in worker if any(f"{name}.".startswith(f"{heavy}.") for heavy in NOT_IN_A_WORKER)) == []


def test_a_worker_imports_no_command(worker: set[str]) -> None:
    assert sorted(name for name in worker if name.startswith("webapp.") and "cli" in name.rpartition(".")[2].split("_")) == []


def test_what_an_optional_setting_needs_is_there_only_with_it(tmp_path: Path) -> None:
    assert "sqlalchemy.dialects.postgresql" in loaded(tmp_path, DATABASE_URL="postgresql://nobody@127.0.0.1/none")


def door(room: str) -> tuple[dict[str, str], dict[str, str], set[str]]:
    """Of a room's `__init__`: its late names with their modules, as type checkers see them and as it gives them; and `__all__`."""
    checked, given, public = {}, {}, set()
    for node in ast.walk(ast.parse((ROOT / "webapp" / room / "__init__.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            imports = [it for it in node.body if isinstance(it, ast.ImportFrom)]
            checked = {name.name: str(it.module).rpartition(".")[2] for it in imports for name in it.names}
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "lazily":
            given = {name: str(it.arg) for it in node.keywords for name in ast.literal_eval(it.value).split()}
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            public = set(ast.literal_eval(node.value))
    return checked, given, public


@pytest.mark.parametrize("room", ROOMS)
def test_what_a_door_says_to_type_checkers_is_what_it_gives(room: str) -> None:
    checked, given, public = door(room)
    assert checked == given
    assert set(given) <= public
    package = import_module(f"webapp.{room}")
    for name in public:
        assert getattr(package, name) is getattr(import_module(f"webapp.{room}.{given[name]}") if name in given else package, name)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        getattr(package, "nothing")  # noqa: B009 - a type checker would find it
