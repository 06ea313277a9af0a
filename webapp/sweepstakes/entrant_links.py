"""What an entrant is given: the addresses behind their own links, and their receipt."""

from flask import current_app
from sqlalchemy.orm import Session

from webapp.draw import LogKey, LogMissing, receipt, status
from webapp.prepared import Writer
from webapp.site import absolute, keyring, settings
from webapp.sweepstakes.entrants import Person
from webapp.tokens import make_token


def own_link(person: Person) -> str:
    """The address of the entrant's own page, for letters."""
    return absolute(path_for(person, "entry"))


def path_for(person: Person, purpose: str) -> str:
    """The path behind a link that only this person has: `confirm` or `entry`."""
    return f"/{purpose}/{make_token(keyring().secret, purpose, person.id, person.token_counter)}"


def receipt_of(session: Session, person: Person) -> str:
    """The receipt of an entrant who confirmed, as it can be proven now."""
    assert person.entry_index is not None and person.nonce is not None  # noqa: S101 - both come with the confirmation
    return receipt(session, log_key(session, person.contest.slug), person.entry_index, person.nonce)


def log_key(session: Writer, slug: str) -> LogKey:
    """The key of a campaign's log, read at first use and then kept. Raises LogMissing, KeyMissing."""
    kept: dict[str, LogKey] = current_app.extensions.setdefault("log_keys", {})
    if slug not in kept:
        log = status(session, slug)
        if log is None:
            raise LogMissing(slug)
        # Its origin stays what it was at the opening, whatever SITE_URL says today.
        kept[slug] = LogKey.load(settings().keys / "logs", log.name, log.origin)
    return kept[slug]
