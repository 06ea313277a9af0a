"""Look for entries that one hand may have made: clusters for a person to judge. Nothing is excluded by it."""

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.keys import Keyring
from webapp.limits import LARGEST
from webapp.sweepstakes.addresses import canonical
from webapp.sweepstakes.finding import find
from webapp.sweepstakes.models import Entrant
from webapp.sweepstakes.sealed import EMAIL, NAME

Kind = Literal["minute", "network", "domain", "name", "address", "tag", "disposable", "script"]
KINDS: tuple[Kind, ...] = ("minute", "network", "domain", "name", "address", "tag", "disposable", "script")
# What is noteworthy in any number: at providers we do not know a tag may be the same mailbox, or another person's.
FLAGS: frozenset[Kind] = frozenset({"tag", "disposable", "script"})
_PAGE = 1000
_IN = ("pending", "confirmed")
# Cyrillic and Greek small letters that look like Latin ones.
_LOOKS_LIKE = str.maketrans("авеіјкмнорстухѕӏαβεικνορτυχ", "abeijkmhopctyxslabeikvoptux")


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Registrations that share `key`. `entries`: the entry numbers of those confirmed; `number` counts the others, too.

    By kind: the UTC minute of registration, the shortened network, the mail domain (large providers left out: they say nothing),
    the name as it looks, the address without what is easily varied; and flags: with a +tag at a provider not known for them, by the
    mailbox it may be, throw-away addresses, by domain, and domains that pass for others by letters of another alphabet.
    """

    kind: Kind
    key: str
    number: int
    entries: tuple[int, ...]
    first: datetime
    last: datetime


class _Row(NamedTuple):
    entry: int | None
    registered_at: datetime
    name: str
    email: str
    network: str | None
    disposable: bool


def _silent(_done: int) -> None:
    """Nobody watches."""


def review(session: Session, slug: str, *, keys: Keyring, at_least: int, progress: Callable[[int], None] = _silent) -> list[Cluster]:
    """All clusters of `at_least` pending or confirmed entrants, and all flags, by kind, the largest first. Raises CampaignMissing.

    `progress` hears how many entrants are read.
    """
    found: dict[tuple[Kind, str], list[_Row]] = defaultdict(list)
    for row in _rows(session, find(session, slug).id, keys, progress):
        for mark in _marks(row):
            found[mark].append(row)
    clusters = [_cluster(kind, key, rows) for (kind, key), rows in found.items() if len(rows) >= at_least or kind in FLAGS]
    return sorted(clusters, key=lambda cluster: (KINDS.index(cluster.kind), -cluster.number, cluster.key))


def number_in(session: Session, slug: str) -> int:
    """How many entrants `review` reads. Raises CampaignMissing."""
    theirs = Entrant.campaign_id == find(session, slug).id, Entrant.state.in_(_IN)
    return session.execute(select(func.count()).select_from(Entrant).where(*theirs)).scalar_one()


def look_of(name: str) -> str:
    """A name as it looks to somebody in a hurry: no capitals, accents, digits, signs, or order of its parts. Idempotent."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold()).translate(_LOOKS_LIKE)
    letters = "".join(sign if unicodedata.category(sign)[0] == "L" else "" if unicodedata.combining(sign) else " " for sign in plain)
    return " ".join(sorted(letters.split()))


def pattern_of(email: str) -> str:
    """An address without what is easily varied: `reader.7+x@example.com` is `reader*@example.com`."""
    local, _, domain = email.lower().rpartition("@")
    kept = "".join(sign for sign in local.partition("+")[0] if not sign.isdigit() and sign not in "._-")
    return f"{kept}*@{domain}"


def untagged(email: str) -> str:
    """The mailbox that an address would be if its provider took name+anything."""
    local, _, domain = email.lower().rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


def homograph(domain: str) -> str | None:
    """The domain as it is read, if letters of another alphabet let one of its labels pass for a Latin one (UTS 39); else None."""
    labels = [label[4:].encode().decode("punycode") if label.startswith("xn--") else label for label in domain.split(".")]
    return ".".join(labels) if any(_passes_for_another(label) for label in labels) else None


def _passes_for_another(label: str) -> bool:
    letters = [sign for sign in label if sign.isalpha()]
    alphabets = {unicodedata.name(sign, "").partition(" ")[0] for sign in letters} & {"LATIN", "CYRILLIC", "GREEK"}
    return len(alphabets) > 1 or (not label.isascii() and label.translate(_LOOKS_LIKE).isascii())


def _marks(row: _Row) -> Iterator[tuple[Kind, str]]:
    domain = row.email.rpartition("@")[2]
    yield "minute", f"{row.registered_at:%Y-%m-%d %H:%M}"
    if row.network:
        yield "network", row.network
    if domain not in LARGEST:
        yield "domain", domain
    yield "name", look_of(row.name) or row.name
    yield "address", pattern_of(row.email)
    # Known providers' tags are gone from the canonical address, which is unique; these are only looked at.
    if "+" in canonical(row.email):
        yield "tag", untagged(row.email)
    if row.disposable:
        yield "disposable", domain
    if read_as := homograph(domain):
        yield "script", read_as


def _cluster(kind: Kind, key: str, rows: list[_Row]) -> Cluster:
    moments = [row.registered_at for row in rows]
    entries = sorted(row.entry for row in rows if row.entry is not None)
    return Cluster(kind=kind, key=key, number=len(rows), entries=tuple(entries), first=min(moments), last=max(moments))


def _rows(session: Session, campaign_id: int, keys: Keyring, progress: Callable[[int], None]) -> Iterator[_Row]:
    wanted = select(
        Entrant.id, Entrant.entry_index, Entrant.registered_at, Entrant.name, Entrant.email, Entrant.network, Entrant.disposable
    )
    wanted = wanted.where(Entrant.campaign_id == campaign_id, Entrant.state.in_(_IN)).order_by(Entrant.id).limit(_PAGE)
    last, done = 0, 0
    while page := session.execute(wanted.where(Entrant.id > last)).all():
        for _, entry, registered_at, name, email, network, disposable in page:
            if name is not None and email is not None:
                yield _Row(entry, registered_at, keys.unseal(NAME, name), keys.unseal(EMAIL, email), network, disposable)
        last, done = page[-1].id, done + len(page)
        progress(done)
