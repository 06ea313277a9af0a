"""The app: settings, then the kernel, then the rooms. Runs from a checkout, never installed."""

from collections.abc import Mapping
from copy import copy
from functools import partial
from importlib import import_module
from typing import Any

import click
from flask import Flask
from sqlalchemy.exc import DataError, OperationalError, ProgrammingError

from webapp import assets, client, console, database, dates, errors, form_tokens, headers, limits, origin, page_cache, tracing
from webapp.config import ROOT, Fault, read_settings
from webapp.write_lock import NotWritable

# In this order they register their pages, commands and template globals.
ROOMS = ("news", "ads", "mail", "draw", "sweepstakes", "ops", "demo")
WORKS_WITH_FAULTS = {"init", "doctor"}


def create_app(environ: Mapping[str, str] | None = None) -> Flask:
    """The app for the settings in `environ` (default: the process's environment).

    Faulty settings do not stop it from being made (`flask --help` must work); `app.extensions["faults"]`
    lists them, and gunicorn and the commands refuse on them.
    """
    settings, faults = read_settings(environ)
    app = tracing.TracedFlask(
        "webapp", root_path=str(ROOT), template_folder="templates", static_folder=None, instance_path=str(settings.instance)
    )
    app.config.update(
        MAX_CONTENT_LENGTH=32 * 1024,
        MAX_FORM_MEMORY_SIZE=16 * 1024,
        MAX_FORM_PARTS=20,
        WTF_CSRF_ENABLED=False,  # the request check of origin.py stands in its place
        SECRET_KEY=settings.secret_key,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.extensions["settings"] = settings
    app.extensions["faults"] = faults
    app.template_global("site")(lambda: settings)
    headers.init_app(app, settings)
    errors.init_app(app)
    origin.init_app(app, settings)
    form_tokens.init_app(app, settings)
    page_cache.init_app(app, settings)
    tracing.init_app(app)  # around the cache: answers from memory have an id and are counted, too
    assets.init_app(app)
    dates.init_app(app, settings)
    database.init_app(app, settings.database_url, settings.instance)
    client.init_app(app)
    limits.init_app(app, settings)
    for room in ROOMS:
        import_module(f"webapp.{room}").init_app(app)
    app.cli.commands = {name: _told(command, faults) for name, command in app.cli.commands.items()}
    return app


def _told(command: click.Command, faults: tuple[Fault, ...]) -> click.Command:
    """A copy of `command` that says in a sentence what an admin can mend. Copies: apps share the originals.

    With faulty settings it does nothing but name them.
    """
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
