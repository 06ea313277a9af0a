"""The app: settings, then the kernel, then the rooms. Runs from a checkout, never installed."""

from collections.abc import Mapping
from copy import copy
from functools import partial
from importlib import import_module
from typing import NoReturn

import click
from flask import Flask

from webapp import assets, client, database, dates, errors, form_tokens, headers, limits
from webapp.config import ROOT, Fault, read_settings

# In this order they register their pages, commands and template globals.
ROOMS = ("news", "ads", "mail", "draw", "sweepstakes", "ops", "demo")
WORKS_WITH_FAULTS = {"init", "doctor"}


def create_app(environ: Mapping[str, str] | None = None) -> Flask:
    """The app for the settings in `environ` (default: the process's environment).

    Faulty settings do not stop it from being made (`flask --help` must work); `app.extensions["faults"]`
    lists them, and gunicorn and the commands refuse on them.
    """
    settings, faults = read_settings(environ)
    app = Flask("webapp", root_path=str(ROOT), template_folder="templates", static_folder=None, instance_path=str(settings.instance))
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
    form_tokens.init_app(app, settings)
    assets.init_app(app)
    dates.init_app(app, settings)
    database.init_app(app, settings.database_url, settings.instance)
    client.init_app(app)
    limits.init_app(app, settings)
    for room in ROOMS:
        import_module(f"webapp.{room}").init_app(app)
    if faults:
        app.cli.commands = {name: _refusing(command, faults) for name, command in app.cli.commands.items()}
    return app


def _refusing(command: click.Command, faults: tuple[Fault, ...]) -> click.Command:
    """A copy of `command` that says what is wrong with the settings and does nothing else. Copies: apps share the originals."""
    clone = copy(command)
    if isinstance(clone, click.Group):
        clone.commands = {name: _refusing(child, faults) for name, child in clone.commands.items()}
    elif clone.name not in WORKS_WITH_FAULTS:
        setattr(clone, "invoke", partial(_refuse, faults))  # noqa: B010 - the type of a method cannot be assigned to
    return clone


def _refuse(faults: tuple[Fault, ...], _context: click.Context) -> NoReturn:
    raise click.ClickException("\n       ".join(str(fault) for fault in faults))
