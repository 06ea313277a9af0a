"""Receipts."""

from sqlalchemy.orm import Session

from webapp.draw.logkeys import LogKey


def receipt(session: Session, key: LogKey, index: int, nonce: bytes, *, sealed: bool = False) -> str:
    """The receipt of entry `index` as C2SP tlog-proof text."""
    raise NotImplementedError
