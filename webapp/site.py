"""What every room may ask of the running app: its settings and its keys."""

from typing import cast

from flask import current_app

from webapp.config import Settings
from webapp.keys import Keyring, load_keys


def settings() -> Settings:
    return cast(Settings, current_app.extensions["settings"])


def keyring() -> Keyring:
    """The installation's keys, read at first use and then kept. Raises KeyMissing."""
    keys = current_app.extensions.get("keyring")
    if keys is None:
        keys = load_keys(settings().keys, settings().secret_key)
        current_app.extensions["keyring"] = keys
    return cast(Keyring, keys)


def absolute(path: str) -> str:
    """`path` under SITE_URL: for mails, feeds and canonical links, never from the Host asked for."""
    return settings().site_url + path
