"""The app: settings, then the kernel, then the rooms. Runs from a checkout, never installed."""

from collections.abc import Mapping
from importlib import import_module

from flask import Flask

from webapp import assets, client, commands, database, dates, errors, form_tokens, headers, limits, origin, page_cache, page_hits, tracing
from webapp.config import ROOT, read_settings

# In this order they register their pages, commands and template globals.
ROOMS = ("news", "ads", "mail", "draw", "sweepstakes", "ops", "demo")


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
    page_hits.init_app(app)  # around both
    assets.init_app(app)
    dates.init_app(app, settings)
    database.init_app(app, settings.database_url, settings.instance)
    client.init_app(app)
    limits.init_app(app, settings)
    commands.init_app(app, faults)
    for room in ROOMS:
        import_module(f"webapp.{room}").init_app(app)
    return app
