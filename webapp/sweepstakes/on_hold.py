"""A campaign whose log is behind what was signed before (an older backup was restored) takes nobody until that is mended."""

from contextlib import suppress

from sqlalchemy.orm import Session

from webapp.draw import refuse_if_behind
from webapp.keys import KeyMissing
from webapp.sweepstakes.entrant_links import log_key


def refuse_on_hold(session: Session, slug: str) -> None:
    """Raises LogBehind, which edges take for a database that is away."""
    with suppress(KeyMissing):  # a registration needs no log key; `flask doctor` tells, and confirming does
        refuse_if_behind(session, log_key(session, slug))
