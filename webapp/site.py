"""What every room may ask of the running app: its settings and its keys."""

from typing import cast

from flask import current_app

from webapp.config import Settings
from webapp.keys import Keyring, data_version, load_keys


def settings() -> Settings:
    return cast(Settings, current_app.extensions["settings"])


def keyring() -> Keyring:
    """The installation's keys, read at first use and then kept, until `flask entrant rekey` adds one. Raises KeyMissing."""
    folder = settings().keys
    version = data_version(folder)
    kept = cast(tuple[tuple[int, int], Keyring] | None, current_app.extensions.get("keyring"))
    if kept is None or kept[0] != version:
        kept = version, load_keys(folder, settings().secret_key)
        current_app.extensions["keyring"] = kept
    return kept[1]


def secret() -> bytes:
    """What signs links, of `keyring`; it never changes, so that nobody looks whether it has. Raises KeyMissing."""
    kept = cast(tuple[tuple[int, int], Keyring] | None, current_app.extensions.get("keyring"))
    return (kept[1] if kept else keyring()).secret


def absolute(path: str) -> str:
    """`path` under SITE_URL: for mails, feeds and canonical links, never from the Host asked for."""
    return settings().site_url + path
