"""What a log says now."""

from sqlalchemy.orm import Session

from webapp.draw.facts import LogStatus


def status(session: Session, name: str) -> LogStatus | None:
    """All about the log `name`; None if there is none."""
    raise NotImplementedError
