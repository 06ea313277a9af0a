"""The documents, held to what is there: links, commands, names of tests, hashes."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import click
import pytest
from flask import Flask

from webapp import counting, create_app
from webapp.config import ROOT

OPEN_DRAW = ROOT / "docs" / "open-draw.md"
OPERATIONS = ROOT / "docs" / "operations.md"
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def unused(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An app to ask for its commands and addresses: none is run, so it needs no database."""
    return create_app({"INSTANCE_PATH": str(tmp_path_factory.mktemp("docs"))})


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def prose_of(text: str) -> str:
    """Without blocks of code."""
    return FENCE.sub("", text)


def slugs(text: str) -> set[str]:
    """The anchors of a document's headings, as code hosts make them."""
    headings = re.findall(r"^#{1,6} +(.+?) *$", prose_of(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(path: Path, text: str) -> list[str]:
    """The relative links in `text`, the document at `path`, that lead nowhere."""
    wrong = []
    for target in re.findall(r"\]\(([^()\s]+)\)", re.sub(r"`[^`\n]*`", "", prose_of(text))):
        if re.match(r"[a-z]+:|//", target):
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / unquote(name)).resolve() if name else path
        inside = file.is_relative_to(ROOT) and file.exists()
        if not inside or (anchor and anchor not in slugs(text if file == path else text_of(file))):
            wrong.append(f"{path.name}: {target}")
    return wrong


def commands_in(text: str) -> Iterator[str]:
    """Every `flask …` command, in blocks of code and between backticks."""
    for _, block in FENCE.findall(text):
        yield from (line.removeprefix("$ ") for line in block.splitlines() if re.match(r"(\$ )?flask ", line))
    yield from re.findall(r"`(flask [^`\n]+)`", prose_of(text))


def fault_of(line: str, app: Flask) -> str | None:
    """What is wrong with a command, parsed by click and not run; files that it names need not be there."""
    words = shlex.split(line, comments=True)[1:]
    command: click.Command = app.cli
    context = click.Context(command, info_name="flask")
    try:
        while isinstance(command, click.Group) and words:
            name, command_found, words = command.resolve_command(context, words)
            assert command_found
            command = command_found
            context = click.Context(command, info_name=name, parent=context)
        if isinstance(command, click.Group):
            return f"{line}: a group is no command"
        given, rest, _ = command.make_parser(context).parse_args(list(words))
        if rest:
            return f"{line}: too many words: {rest}"
        for parameter in command.params:
            value = given.get(parameter.name or "")
            # A word in capitals stands for a value. What is missing is a fault where the line names any argument.
            if isinstance(parameter.type, click.Choice) and isinstance(value, str) and not value.isupper():
                parameter.type_cast_value(context, value)
            if parameter.required and parameter.value_is_missing(value) and words:
                return f"{line}: lacks {parameter.name}"
    except click.UsageError as error:
        return f"{line}: {error.format_message()}"
    return None


def defined_tests() -> set[str]:
    files = (ROOT / "tests").rglob("test_*.py")
    return {name for file in files for name in re.findall(r"^ *def (test_\w+)", text_of(file), re.MULTILINE)}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_to_a_file_or_heading_that_is_there(path: Path) -> None:
    assert broken_links(path, text_of(path)) == []


@pytest.mark.parametrize("target", ["nothing.md", "#no-such-heading", "docs/open-draw.md#none", "../outside.md", "docs/none.png"])
def test_a_broken_link_is_found(target: str) -> None:
    assert broken_links(ROOT / "README.md", f"# A heading\n[ours](#a-heading) [theirs]({target})") == [f"README.md: {target}"]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_is_a_real_one_with_these_options(unused: Flask, path: Path) -> None:
    text = text_of(path)
    not_yet = absent(text) if path == OPEN_DRAW else set()
    assert [fault for line in commands_in(text) if line not in not_yet and (fault := fault_of(line, unused))] == []


@pytest.mark.parametrize(
    "line",
    [
        "flask swepstakes list",
        "flask sweepstakes lost",
        "flask sweepstakes",
        "flask sweepstakes draw win-100 --becon x",
        "flask sweepstakes draw win-100 more",
        "flask sweepstakes draw --json",
        "flask sweepstakes forfeit win-100 1 --reason mood",
        "flask sweepstakes draw win-100 --beacon",
    ],
)
def test_a_wrong_command_is_found(unused: Flask, line: str) -> None:
    assert fault_of(line, unused) is not None
    assert list(commands_in(f"Say `{line}` or\n```\n{line}\n```\n")) == [line, line]


def test_every_test_that_the_threat_table_names_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", text_of(OPEN_DRAW)))
    assert len(named) > 40
    assert named - defined_tests() == set()


# Asked for by name; each must stand in a row of its own.
FAULTS = (
    "kill -9", "disk full", "locked", "PostgreSQL stopped", "Valkey stopped", "mail server away", "clock set back", "old backup",
    "200 slow clients", "torn campaign file", "torn article", "a migration with data", "old code on a new schema", "HUP", "MAINTENANCE",
)  # fmt: skip


def test_every_fault_has_a_row_with_tests_that_are_there() -> None:
    section = text_of(OPERATIONS).partition("\n## Every fault\n")[2]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in section.splitlines() if line.startswith("| ")][1:]
    assert [row for row in rows if len(row) != 5 or not all(row)] == []
    assert [fault for fault in FAULTS if not any(fault in row[0] for row in rows)] == []
    for row in rows:
        named = re.findall(r"`(test_\w+)`", row[4])
        assert named and set(named) <= defined_tests(), row


def test_the_figures_and_checks_that_operations_names_are_there() -> None:
    text = text_of(OPERATIONS)
    source = "".join(text_of(file) for file in (ROOT / "webapp").rglob("*.py"))
    counters = {f"daily_draw_{name}_total" for name in counting.MEANINGS} | {f"daily_draw_{name}" for name in counting.MEANINGS}
    named = set(re.findall(r"`(daily_draw_\w+)`", text))
    assert len(named) > 10
    assert {name for name in named if name not in counters and f'"{name}"' not in source} == set()
    checks = {name for found in re.findall(r"doctor: ((?:`[\w-]+`(?:, )?)+)", text) for name in re.findall(r"`([\w-]+)`", found)}
    assert checks - set(re.findall(r'Check\("([\w-]+)"', source)) == set()
    assert all(f'"{event}' in source for event in ("limits are off", "limits are on again", "unexpected"))


def test_every_installation_checks_the_hashes_of_the_lock() -> None:
    for file in (ROOT / "Makefile", ROOT / "deploy" / "Dockerfile", OPERATIONS):
        lines = [line for line in text_of(file).splitlines() if "pip install" in line]
        assert lines
        assert [line for line in lines if "--require-hashes" not in line] == []
    lock = text_of(ROOT / "Makefile").partition("\nlock:")[2].partition("\n\n")[0]
    assert lock.count("--generate-hashes") == 2
    assert "`make lock`" in text_of(OPERATIONS)
    for name in ("requirements.lock", "requirements-dev.lock"):
        pins = re.findall(r"^(\S+==\S+)(.*?)(?=^\S|\Z)", text_of(ROOT / name), re.MULTILINE | re.DOTALL)
        assert len(pins) > 20
        assert [pin for pin, rest in pins if "--hash=sha256:" not in rest] == []


def test_every_hash_in_the_worked_example_is_in_the_vectors() -> None:
    known = text_of(ROOT / "tests" / "draw" / "vectors.json")
    found = set(re.findall(r"\b[0-9a-f]{64,}\b", text_of(OPEN_DRAW)))
    assert len(found) > 10
    assert {hash for hash in found if hash not in known} == set()
    for leaf in re.findall(r"`(\{\"[^`]*\})`", text_of(OPEN_DRAW)):
        assert leaf in json.loads(known)["leaves"]


def test_the_worked_example_computes_what_it_says() -> None:
    (code,) = [block for language, block in FENCE.findall(text_of(OPEN_DRAW)) if language == "python"]
    said = subprocess.run([sys.executable, "-I", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.strip() in code


def absent(text: str) -> set[str]:
    """What the section "Not built yet" says is not there: addresses and commands, before the first stop of each item."""
    section = text.partition("\n## Not built yet\n")[2].partition("\n## ")[0]
    items = re.findall(r"^- (.*)$", section, re.MULTILINE)
    return {term for item in items for term in re.findall(r"`([^`]+)`", re.split(r"[:.] ", item)[0])}


def test_what_is_said_not_to_be_built_yet_is_not_there(unused: Flask) -> None:
    """If this fails, you built it: take it out of docs/open-draw.md, "Not built yet"."""
    routes = {re.sub(r"<\w+:", "<", rule.rule) for rule in unused.url_map.iter_rules()}
    for term in absent(text_of(OPEN_DRAW)):
        there = fault_of(term, unused) is None if term.startswith("flask ") else term in routes
        assert not there, f"{term} is there: take it out of “Not built yet” in docs/open-draw.md"
