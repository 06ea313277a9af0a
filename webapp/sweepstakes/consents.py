"""The words of the two boxes, and the record of who ticked them: exact text, moment, way."""

from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, cast

from sqlalchemy import CTE, Insert, Row, Select, Table, bindparam, insert, select, true
from sqlalchemy.orm import Session

from webapp.clock import stamp
from webapp.prepared import Prepared, Writer, insert_on
from webapp.sweepstakes.models import Consent, ConsentText


@dataclass(frozen=True)
class Words:
    """What a box says. `link` is the part of `text` that the page makes a link to the rules, if it occurs."""

    kind: str
    text: str
    link: str = "official rules"

    @property
    def around(self) -> tuple[str, str, str]:
        """The text before the link, the link, the text after it."""
        return self.text.partition(self.link)

    @property
    def digest(self) -> bytes:
        """By which these words are known: the SHA-256 of `kind` and `text`."""
        return sha256(f"{self.kind}\0{self.text}".encode()).digest()


@dataclass(frozen=True, kw_only=True)
class Consented:
    """A consent given or taken back: which words, when, by which way. `version` numbers the wordings of all boxes."""

    kind: str
    version: int
    text: str
    given: bool
    at: datetime
    source: str

    @property
    def facts(self) -> dict[str, Any]:
        """As JSON has it; the moment in UTC."""
        return {**asdict(self), "at": stamp(self.at)}


def agreement(minimum_age: int, eligibility: str) -> Words:
    """The box without which nobody enters: age, residence and rules. `eligibility` completes "legal resident of …"."""
    return Words(
        "rules",
        f"I am at least {minimum_age} years old and a legal resident of {eligibility}, and I have read and accept the official rules.",
    )


def newsletter(site_name: str) -> Words:
    """The other box, which has no bearing on the entry."""
    return Words(
        "newsletter", f"Send me the newsletter of {site_name} as well. I can end it at any time. (Optional; no effect on the draw.)"
    )


def newsletter_alone(site_name: str) -> Words:
    """What is asked for where there is no draw to enter: the button says yes to it, no box."""
    return Words("newsletter", f"Send me the newsletter of {site_name}. I can end it at any time.")


def record(session: Writer, entrant_id: int, words: Words, *, given: bool, at: datetime, source: str) -> None:
    """Note a consent given or taken back, in the caller's transaction."""
    row = {"entrant_id": entrant_id, "given": given, "at": at, "source": source, "digest": words.digest}
    if not _RECORD.run(session, **row):
        keep(session, words, at=at)
        _RECORD.run(session, **row)


def insert_consents(given: CTE) -> Insert:
    """What `record` does as a part of another statement, for consents given to words on record: each row of `given` says whose
    (`id`), when (`at`) and to which words (`digest`). It takes the value `consent_source`.
    """
    source = bindparam("consent_source", type_=_CONSENT.c.source.type)
    rows = select(given.c.id, true(), given.c.at, source, _TEXT.c.id).join_from(given, _TEXT, _TEXT.c.sha256 == given.c.digest)
    return insert(_CONSENT).from_select(["entrant_id", "given", "at", "source", "text_id"], rows)


def keep(session: Writer, words: Words, *, at: datetime) -> None:
    """Have these words on record; nothing if they are."""
    _KEEP_WORDS.run(session, kind=words.kind, sha256=words.digest, text=words.text, since=at)


# Built once: for a single row, building a statement costs more than running it.
_TEXT, _CONSENT = cast(Table, ConsentText.__table__), cast(Table, Consent.__table__)
_KEEP_WORDS = Prepared(
    lambda dialect: (
        insert_on(dialect, _TEXT)
        .values({column: bindparam(column, type_=_TEXT.c[column].type) for column in ("kind", "sha256", "text", "since")})
        .on_conflict_do_nothing(index_elements=["sha256"])
    )
)
_ROW = ("entrant_id", "given", "at", "source")
_GIVEN = select(*(bindparam(column, type_=_CONSENT.c[column].type).label(column) for column in _ROW), _TEXT.c.id)
_RECORD = Prepared(insert(_CONSENT).from_select([*_ROW, "text_id"], _GIVEN.where(_TEXT.c.sha256 == bindparam("digest"))))


def consents_of(session: Session, entrant_id: int) -> tuple[Consented, ...]:
    """All that this person agreed to or took back, in its order."""
    rows = session.execute(_recorded().where(Consent.entrant_id == entrant_id).order_by(Consent.id))
    return tuple(_consented(row) for row in rows)


def standing(session: Session, kind: str) -> dict[int, Consented]:
    """By entrant, the consent of this kind that holds now: the last one on record, where it was given."""
    rows = session.execute(_recorded().where(ConsentText.kind == kind).order_by(Consent.id))
    last = {row.entrant_id: _consented(row) for row in rows}
    return {entrant_id: consent for entrant_id, consent in last.items() if consent.given}


def _recorded() -> Select[int, str, int, str, bool, datetime, str]:
    wanted = select(Consent.entrant_id, ConsentText.kind, ConsentText.id, ConsentText.text, Consent.given, Consent.at, Consent.source)
    return wanted.join(Consent, Consent.text_id == ConsentText.id)


def _consented(row: Row[int, str, int, str, bool, datetime, str]) -> Consented:
    return Consented(kind=row.kind, version=row.id, text=row.text, given=row.given, at=row.at, source=row.source)
