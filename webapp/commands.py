"""The commands of all rooms: imported when somebody asks for one, as a web worker never does; and their faults in a sentence."""

from collections.abc import Mapping
from copy import copy
from functools import partial
from importlib import import_module
from typing import Any, cast

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy.exc import DataError, OperationalError, ProgrammingError

from webapp import console
from webapp.config import Fault
from webapp.write_lock import NotWritable

WORKS_WITH_FAULTS = {"init", "doctor"}


class LazyCommands(AppGroup):
    """The app's own `cli`, after Click's guide to lazy loading. With faulty settings its commands do nothing but name them."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__()
        self.places: dict[str, str] = {}
        self._faults = faults

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *self.places})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.commands and cmd_name in self.places:
            module, _, attribute = self.places[cmd_name].partition(":")
            command: click.Command = getattr(import_module(module), attribute)
            self.add_command(_told(command, self._faults), cmd_name)
        return super().get_command(ctx, cmd_name)


def init_app(app: Flask, faults: tuple[Fault, ...]) -> None:
    app.cli = LazyCommands(faults)
    app.cli.name = app.name


def add_lazily(app: Flask, places: Mapping[str, str]) -> None:
    """Have `flask NAME` for each name in `places`; its command is at `module:attribute`."""
    cast(LazyCommands, app.cli).places.update(places)


def _told(command: click.Command, faults: tuple[Fault, ...]) -> click.Command:
    """A copy of `command` that says in a sentence what an admin can mend. Copies: apps share the originals."""
    clone = copy(command)
    if isinstance(clone, click.Group):
        clone.commands = {name: _told(child, faults) for name, child in clone.commands.items()}
    else:
        wrong = () if clone.name in WORKS_WITH_FAULTS else faults
        setattr(clone, "invoke", partial(_invoke, command, wrong))  # noqa: B010 - the type of a method cannot be assigned to
    return clone


def _invoke(command: click.Command, faults: tuple[Fault, ...], context: click.Context) -> Any:
    if faults:
        raise console.refuse(*(str(fault) for fault in faults))
    try:
        return command.invoke(context)
    except NotWritable as error:
        raise console.refuse(error.sentence) from error
    except (OperationalError, ProgrammingError) as error:
        mend = "Is it there and reachable? After an installation or an update: `flask init`."
        raise console.refuse(f"The database does not answer as it should ({error.orig}).", mend) from error
    except (OverflowError, DataError) as error:  # SQLite's word and PostgreSQL's
        raise console.refuse("A number is too large for anything we keep.") from error
    except PermissionError as error:
        raise console.refuse(f"{error.filename} cannot be written or read: {error.strerror}.") from error
