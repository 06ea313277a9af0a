"""Writes an entrant's letter when the mail room sends it: from the row as it is then, or not at all."""

from flask import Flask
from sqlalchemy.orm import Session

from webapp import clock
from webapp.mail import Letter, about, register_addressee, register_letter
from webapp.site import absolute, keyring, settings
from webapp.sweepstakes.entrant_links import own_link, path_for, receipt_of
from webapp.sweepstakes.entrants import NoSuchEntrant, Person, by_id
from webapp.sweepstakes.holding import everywhere
from webapp.sweepstakes.labelling import is_trusted
from webapp.sweepstakes.letter_kinds import ENTRANT_LETTERS
from webapp.sweepstakes.letters import Links, already_in_letter, confirm_letter, excluded_letter, you_are_in_letter, your_link_letter
from webapp.sweepstakes.withdrawing import reason_of_exclusion

# Letters of one kind about one registration, beyond which asking for more is more likely a way to pester somebody.
MOST_ASKED_FOR = 5


def register(app: Flask) -> None:
    """Register the letters."""
    register_letter(app, "confirm", _confirm)
    register_letter(app, "already_in", _already_in)
    register_letter(app, "you_are_in", _you_are_in)
    register_letter(app, "your_link", _your_link)
    register_letter(app, "excluded", _excluded)
    register_addressee(app, ENTRANT_LETTERS, _address)


def _confirm(session: Session, entrant_id: int) -> Letter | None:
    person = _find(session, entrant_id, state="pending")
    if person is None or clock.now() >= person.contest.confirm_until or often_enough(session, "confirm", entrant_id):
        return None
    return confirm_letter(person, links(person), site_name=settings().site_name)


def _already_in(session: Session, entrant_id: int) -> Letter | None:
    person = _find(session, entrant_id, state="confirmed")
    if person is None or often_enough(session, "already_in", entrant_id):
        return None
    return already_in_letter(person, links(person), site_name=settings().site_name)


def _you_are_in(session: Session, entrant_id: int) -> Letter | None:
    person = _find(session, entrant_id, state="confirmed")
    return None if person is None else you_are_in_letter(person, links(person), receipt=receipt_of(session, person))


def _your_link(session: Session, entrant_id: int) -> Letter | None:
    try:
        person = by_id(session, entrant_id, keys=keyring())
    except NoSuchEntrant:
        return None
    if person.state == "erased":
        return None
    entries = [(one, links(one)) for one in everywhere(session, person, keys=keyring())]
    # Who never confirmed anything has perhaps never been here.
    if all(one.confirmed_at is None for one, _ in entries) and often_enough(session, "your_link", entrant_id):
        return None
    return your_link_letter(person, entries, site_name=settings().site_name)


def often_enough(session: Session, kind: str, entrant_id: int) -> bool:
    """Whether so many of these letters went out that a form must not cause more: whoever presses, they go to one inbox."""
    return sum(row.state == "sent" for row in about(session, (kind,), entrant_id)) >= MOST_ASKED_FOR


def _excluded(session: Session, entrant_id: int) -> Letter | None:
    person = _find(session, entrant_id, state="excluded")
    if person is None or person.entry_index is None:
        return None
    reason = reason_of_exclusion(session, person.contest.id, person.entry_index)
    return None if reason is None else excluded_letter(person, links(person), reason=reason)


def _address(session: Session, entrant_id: int) -> str | None:
    try:
        return by_id(session, entrant_id, keys=keyring()).email
    except NoSuchEntrant:
        return None


def _find(session: Session, entrant_id: int, *, state: str) -> Person | None:
    try:
        person = by_id(session, entrant_id, keys=keyring())
    except NoSuchEntrant:
        return None
    return person if person.state == state else None


def links(person: Person) -> Links:
    """The addresses in a letter to `person`."""
    draw = absolute(f"/draws/{person.contest.slug}")
    return Links(
        confirm=absolute(path_for(person, "confirm")),
        own=own_link(person),
        draw=draw,
        rules=f"{draw}/rules",
        verify=absolute("/draws/verify"),
        operator_trusted=is_trusted(person.contest.slug),
    )
