"""Re-seal all personal data under the newest data key, so that an older key opens nothing any more."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Column, Table, func, select, update
from sqlalchemy.orm import Session

from webapp.database import Base
from webapp.keys import Keyring
from webapp.sweepstakes.creating import BEACON_SECRET
from webapp.sweepstakes.models import Campaign, Claim, Entrant, Subscriber
from webapp.sweepstakes.sealed import EMAIL, NAME, NONCE, SUBSCRIBER_EMAIL

AT_ONCE = 500
# Every sealed column, and the name it is sealed under. A test looks for columns that are missing here.
SEALED: dict[type[Base], dict[str, str]] = {
    Entrant: {"name": NAME, "email": EMAIL, "nonce": NONCE},
    Subscriber: {"email": SUBSCRIBER_EMAIL},
    Claim: {name: f"claim.{name}" for name in ("address", "city", "region", "postcode", "payout", "public_name")},
    Campaign: {"beacon_secret": BEACON_SECRET},
}


@dataclass(frozen=True)
class Resealed:
    """A row as it was and as it is to be; only the columns that change."""

    key: int
    before: Mapping[str, bytes]
    after: Mapping[str, bytes]


@dataclass(frozen=True)
class Page:
    """The next rows of a table: how many were read, and those among them that need the newest key."""

    model: type[Base]
    read: int
    rows: tuple[Resealed, ...]


def total(session: Session) -> int:
    """How many rows there are to look at."""
    return sum(session.execute(select(func.count()).select_from(model)).scalar_one() for model in SEALED)


def pages(session: Session, *, keys: Keyring) -> Iterator[Page]:
    """All rows, some hundreds at a time, with what is under an older key sealed anew; stores nothing. Raises Unreadable."""
    for model, columns in SEALED.items():
        key, last = _key(model), 0
        wanted = select(key, *(_table(model).c[name] for name in columns)).order_by(key).limit(AT_ONCE)
        while found := session.execute(wanted.where(key > last)).all():
            session.rollback()  # no read transaction may stay open while others write
            rows = (_reseal(row[0], dict(zip(columns, row[1:], strict=True)), columns, keys) for row in found)
            yield Page(model, len(found), tuple(row for row in rows if row.after))
            last = found[-1][0]


def store(session: Session, page: Page) -> None:
    """Store what was sealed anew; a row that changed meanwhile is left alone: whoever changed it used the newest key."""
    table, key = _table(page.model), _key(page.model)
    for row in page.rows:
        unchanged = [table.c[name] == value for name, value in row.before.items()]
        session.execute(update(table).where(key == row.key, *unchanged).values(dict(row.after)))


def _reseal(key: int, values: Mapping[str, bytes | None], columns: Mapping[str, str], keys: Keyring) -> Resealed:
    newest = f"{next(reversed(keys.data))}\0".encode()
    before = {name: value for name, value in values.items() if value is not None and not value.startswith(newest)}
    after = {name: keys.seal(columns[name], keys.unseal(columns[name], value)) for name, value in before.items()}
    return Resealed(key, before, after)


def _table(model: type[Base]) -> Table:
    return cast(Table, model.__table__)


def _key(model: type[Base]) -> Column[Any]:
    return next(iter(_table(model).primary_key))
