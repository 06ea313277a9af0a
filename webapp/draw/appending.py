"""Appending to a log: one locked head row, the tree grown by its frontier, one signature for all new leaves."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import Update, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.database import after_commit
from webapp.draw import leaves
from webapp.draw.course import open_members
from webapp.draw.facts import Appended, OpenTerms, Removal
from webapp.draw.lastsigned import Signed
from webapp.draw.leaves import BadLeaf
from webapp.draw.logkeys import LogKey
from webapp.draw.refusals import AlreadyRemoved, BadTerms, LogBehind, LogExists, LogSealed, LogVoid, NotAnEntry, WrongKey
from webapp.draw.rows import CHECKPOINT, LEAF, LOG, NODE, Head, add, head_of, milestones
from webapp.draw.tree import Frontier, leaf_hash
from webapp.group_commit import before_commit
from webapp.prepared import Plain, Prepared, Writer, plain, rows_of

# Built once: for a single row, building a statement costs more than running it.
_KINDS = Prepared(select(CHECKPOINT.c.kind).where(CHECKPOINT.c.log_id == bindparam("log_id")))
_ADD_LEAVES, _ADD_NODES = insert(LEAF), insert(NODE)
_GROWS = ("size", "entries", "removed", "frontier", "checkpoint")
_GROWN = {name: bindparam(f"new_{name}", type_=LOG.c[name].type) for name in _GROWS}
_GROW = Prepared(update(LOG).where(LOG.c.id == bindparam("log_id")).values(_GROWN))


def _grow_with_leaves(_dialect: str) -> Update:
    """The head and its new leaves at once: on PostgreSQL others wait for the head, and the database is a way off."""
    given = rows_of({name: LEAF.c[name].type for name in ("index", "data", "hash")}).subquery()
    same = {name: bindparam(f"of_{name}", type_=LEAF.c[name].type) for name in ("log_id", "type", "subject")}
    leaves = insert(LEAF).from_select([*same, *given.c.keys()], select(*same.values(), given)).cte("leaves")
    return update(LOG).where(LOG.c.id == bindparam("log_id")).values(_GROWN).add_cte(leaves)


_GROW_WITH_LEAVES = Prepared(_grow_with_leaves)


def open_log(session: Session, key: LogKey, terms: OpenTerms, *, now: datetime) -> Appended:
    """Begin a log with leaf 0. Raises LogExists, and BadTerms for terms that the protocol refuses or that `now` are over."""
    if (terms.campaign, terms.origin) != (key.name, key.origin):
        raise BadTerms(f"The terms are of {terms.campaign} at {terms.origin}, the key of {key.name} at {key.origin}.")
    if terms.closes_at <= now:
        raise BadTerms("The campaign would be over before it opens.")
    data = make_leaf("open", protocol=leaves.PROTOCOL, **open_members(terms))
    empty = {"size": 0, "entries": 0, "removed": 0, "frontier": b"", "checkpoint": ""}
    try:
        session.execute(insert(LOG).values(name=key.name, origin=key.origin, vkey=key.vkey, **empty))
    except IntegrityError as error:  # its name is unique
        raise LogExists(key.name) from error
    return append_milestone(session, key, head_of(session, key.name, lock=True), data)


def append_entries(session: Writer, key: LogKey, commitments: Sequence[bytes]) -> Appended:
    """An entry for each of `commitments`, in their order. Raises LogMissing, WrongKey, LogSealed, LogVoid, LogBehind."""
    if len(set(commitments)) < len(commitments) or any(len(commitment) != 32 for commitment in commitments):
        raise ValueError("commitments have 32 bytes and are never equal")
    head = _growing_head(session, key)
    return _append(session, key, head, "entry", [leaves.make_entry(commitment) for commitment in commitments])


def append_entry(session: Plain, key: LogKey, commitment: bytes) -> int:
    """As `append_entries` of one, in a transaction of several such acts: their leaves are hashed, stored and signed together
    at its end. The entry's place in the log.

    Raises LogMissing, WrongKey, LogSealed, LogVoid, LogBehind.
    """
    kept: tuple[Head, list[bytes]] | None = session.info.get((append_entry, key.name))
    if kept is None:
        head = _growing_head(session, key)
        kept = session.info[append_entry, key.name] = head, []
        before_commit(session, partial(_append, session, key, head, "entry", kept[1]))
    head, entries = kept
    entries.append(leaves.make_entry(commitment))
    return head.size + len(entries) - 1


def remove_entry(session: Session, key: LogKey, kind: Removal, index: int, reason: str) -> Appended:
    """Withdraw or exclude the entry at `index`.

    Raises NotAnEntry, AlreadyRemoved, BadTerms, LogMissing, WrongKey, LogSealed, LogVoid, LogBehind.
    """
    data = make_leaf(kind, index=index, reason=reason)
    head = _growing_head(session, key)
    here = LEAF.c.log_id == head.id
    if session.execute(select(LEAF.c.type).where(here, LEAF.c.index == index)).scalar() != "entry":
        raise NotAnEntry(index)
    if session.execute(select(LEAF.c.index).where(here, LEAF.c.subject == index)).first():
        raise AlreadyRemoved(index)
    return _append(session, key, head, kind, [data], subject=index)


def append_milestone(session: Session, key: LogKey, head: Head, data: bytes) -> Appended:
    """Append the one leaf `data`, which its caller has checked against the log's course, and keep its checkpoint."""
    kind = leaves.parse(data)["type"]
    if kind != "void":  # which ends what must not go on
        _refuse_if_behind(key, head)
    done = _append(session, key, head, kind, [data])
    session.execute(insert(CHECKPOINT).values(log_id=head.id, size=done.size, kind=kind, note=done.checkpoint))
    return done


def make_leaf(type: str, **members: object) -> bytes:
    """`leaves.make` for what a person may have got wrong. Raises BadTerms."""
    try:
        return leaves.make(type, **members)
    except BadLeaf as error:
        raise BadTerms(f"The {type} leaf {error}.") from error


def locked_head(session: Writer, key: LogKey) -> Head:
    """The head of the key's log, held against other writers to the end of the transaction. Raises LogMissing, WrongKey."""
    head = head_of(session, key.name, lock=True)
    if (head.origin, head.vkey) != (key.origin, key.vkey):
        raise WrongKey(key.name)
    return head


def _growing_head(session: Writer, key: LogKey) -> Head:
    """The locked head of a log to which entries may be added. Raises LogMissing, WrongKey, LogSealed, LogVoid, LogBehind."""
    head = locked_head(session, key)
    refuse_if_closed(session, head)
    _refuse_if_behind(key, head)
    return head


def refuse_if_closed(session: Writer, head: Head) -> None:
    """Raises LogSealed or LogVoid. Asks the few checkpoints, not the many leaves; nobody while there is but the opening's."""
    if head.size == 1 + head.entries + head.removed:
        return
    kinds = {kind for (kind,) in _KINDS.all(session, log_id=head.id)}
    if "void" in kinds:
        raise LogVoid(leaves.parse(milestones(session, head)[-1].data)["reason"])
    if "seal" in kinds:
        raise LogSealed


def refuse_if_behind(session: Session, key: LogKey) -> None:
    """Raises LogBehind if the log is not the one that was signed last, and LogMissing. May end the session's read transaction."""
    try:
        _refuse_if_behind(key, head_of(session, key.name))
    except LogBehind:
        # Or that was signed since the transaction began: one that begins after the file was read sees all that was signed by then.
        last = key.last_signed.read(settled=True) if key.last_signed else None
        session.rollback()
        _compare(last, head_of(session, key.name))


def _refuse_if_behind(key: LogKey, head: Head) -> None:
    """`head` is locked, so it is as new as whatever was signed."""
    if key.last_signed is None:
        return
    try:
        _compare(key.last_signed.read(), head)
    except LogBehind:  # or half written just now
        _compare(key.last_signed.read(settled=True), head)


def _compare(last: Signed | None, head: Head) -> None:
    if last is None or last.size < head.size:
        return
    if last.size > head.size or last.root != Frontier.from_bytes(head.size, head.frontier).root():
        raise LogBehind(head.name, head.size, last.size)


def _append(session: Writer, key: LogKey, head: Head, kind: str, data: Sequence[bytes], *, subject: int | None = None) -> Appended:
    frontier = Frontier.from_bytes(head.size, head.frontier)
    hashes = [leaf_hash(leaf) for leaf in data]
    nodes = [{"log_id": head.id, "level": height // 8, "index": index, "hash": root} for height, index, root in frontier.extend(hashes)]
    root = frontier.root()
    checkpoint = key.sign(frontier.size, root)
    if nodes:
        add(session, _ADD_NODES, nodes)
    grown = {
        "log_id": head.id,
        "new_size": frontier.size,
        "new_entries": head.entries + (len(data) if kind == "entry" else 0),
        "new_removed": head.removed + (subject is not None),
        "new_frontier": frontier.to_bytes(),
        "new_checkpoint": checkpoint,
    }
    if plain(session).dialect.name == "postgresql":
        indexes = list(range(head.size, frontier.size))
        _GROW_WITH_LEAVES.run(
            session, of_log_id=head.id, of_type=kind, of_subject=subject, index=indexes, data=list(data), hash=hashes, **grown
        )
    else:
        same = {"log_id": head.id, "type": kind, "subject": subject}
        leaves_and_hashes = enumerate(zip(data, hashes, strict=True), head.size)
        add(session, _ADD_LEAVES, [{**same, "index": index, "data": leaf, "hash": hash} for index, (leaf, hash) in leaves_and_hashes])
        _GROW.run(session, **grown)
    if key.last_signed:
        after_commit(session, partial(key.last_signed.write, frontier.size, root))
    return Appended(first=head.size, count=len(data), size=frontier.size, root=root, checkpoint=checkpoint)
