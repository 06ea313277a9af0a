"""What the database is asked, without values: what passes SQLAlchemy, and what webapp/prepared.py hands to the driver itself."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from webapp import prepared
from webapp.database import db


@contextmanager
def statements() -> Iterator[list[str]]:
    """The statements that are asked meanwhile, in their order. Needs the app's context."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        asked.append(statement)

    class Note(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            asked.append(record.getMessage())

    handler, logger, engine = Note(), logging.getLogger(prepared.__name__), db.engine
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)
        logger.setLevel(level)
        logger.removeHandler(handler)
