"""The words of the two boxes, and the record of who ticked them: exact text, moment, way."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from webapp.database import insert_into
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


def record(session: Session, entrant_id: int, words: Words, *, given: bool, at: datetime, source: str) -> None:
    """Note a consent given or taken back, in the caller's transaction."""
    digest = sha256(f"{words.kind}\0{words.text}".encode()).digest()
    text = {"kind": words.kind, "sha256": digest, "text": words.text, "since": at}
    session.execute(insert_into(session, ConsentText).values(text).on_conflict_do_nothing(index_elements=["sha256"]))
    text_id = session.execute(select(ConsentText.id).where(ConsentText.sha256 == digest)).scalar_one()
    row = {"entrant_id": entrant_id, "text_id": text_id, "given": given, "at": at, "source": source}
    session.execute(insert(Consent).values(row))
