"""What commands share: JSON or words, questions before what cannot be undone, progress bars, faults in one line."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask; for scripts.")


def say(words: str, facts: Any, *, as_json: bool) -> None:
    """Print `facts` as JSON, or else the `words` that say the same to a person."""
    click.echo(json.dumps(facts, indent=2, default=str, ensure_ascii=False) if as_json else words)


def counted(number: int, one: str) -> str:
    """`1 row`, `1,204 rows`."""
    return f"{number:,} {one}{'' if number == 1 else 's'}"


def table(headings: list[str], rows: list[list[str]]) -> str:
    """Plain columns, as wide as they need to be; numbers the caller has already written out."""
    widths = [max(len(line[column]) for line in [headings, *rows]) for column in range(len(headings))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in [headings, *rows]]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def ask(question: str, *, yes: bool) -> None:
    """Go on only if the admin says so. Aborts otherwise (exit code 1)."""
    if not yes:
        click.confirm(question, abort=True)


def refuse(*reasons: str) -> click.ClickException:
    """The error to raise: each reason on a line, exit code 1."""
    return click.ClickException("\n       ".join(reasons))


@contextmanager
def progress(label: str, total: int, *, quiet: bool = False) -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error if that is a terminal; call what it yields with the number done so far."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal, transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda done: bar.update(task, completed=done)
