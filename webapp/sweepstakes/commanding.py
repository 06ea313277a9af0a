"""What all campaign commands share: refusals in one line, who is at the keyboard, the keys of a log."""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager

from flask import current_app

from webapp import clock, console
from webapp.database import db
from webapp.draw import RELAYS, Beacon, LogKey, LogMissing, LogStatus, NotAllowed, fetch_beacon
from webapp.keys import KeyMissing, Unreadable
from webapp.site import settings
from webapp.sweepstakes.clauses import Publisher
from webapp.sweepstakes.finding import NotPossible, find_opened
from webapp.sweepstakes.models import Campaign
from webapp.sweepstakes.reading import CampaignView, view


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what acts refuse into one clear line and exit code 1."""
    try:
        yield
    except (NotPossible, NotAllowed, KeyMissing, Unreadable) as error:
        raise console.refuse(str(error)) from error


def actor() -> str:
    """Who runs the command, for the audit trail."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name[:80]
    except KeyError:  # a container's user may have a number only
        return f"uid {os.getuid()}"


def look(slug: str) -> CampaignView:
    """The campaign as it is now."""
    return view(db.session(), slug, clock.now())


def opened(slug: str) -> tuple[Campaign, LogStatus]:
    """A campaign with a log. Raises NotOpened, CampaignMissing, LogMissing."""
    campaign = find_opened(db.session(), slug)
    log = look(slug).log
    if log is None:
        raise LogMissing(slug)
    return campaign, log


def new_key(slug: str) -> LogKey:
    """The key that will sign the campaign's log, made at the first call."""
    return LogKey.make(settings().keys / "logs", slug, f"{settings().host}/draws/{slug}/log")


def log_key(log: LogStatus) -> LogKey:
    """The key of a log in being: its origin stays what it was, whatever SITE_URL says today."""
    return LogKey.load(settings().keys / "logs", log.name, log.origin)


def fetched(log: LogStatus) -> Beacon:
    """The beacon of a drand log from a relay, verified. Raises NoBeacon."""
    return fetch_beacon(log.beacon, current_app.extensions.get("drand_relays", RELAYS))


def publisher() -> Publisher:
    """Who runs the site, for the rules."""
    return Publisher(name=settings().site_name, url=settings().site_url, contact=settings().contact)
