"""Writes a letter about a draw when the mail room sends it: from log and rows as they are then, or not at all."""

from flask import Flask
from sqlalchemy.orm import Session

from webapp import clock
from webapp.draw import receipt, status
from webapp.mail import Letter, register_letter, register_mailing
from webapp.site import absolute, keyring
from webapp.sweepstakes import announcing
from webapp.sweepstakes.claiming import read_claim
from webapp.sweepstakes.draw_letters import WonFacts, not_this_time_letter, reminder_letter, sealed_letter, won_letter
from webapp.sweepstakes.entrant_links import log_key
from webapp.sweepstakes.entrants import NoSuchEntrant, Person, by_id
from webapp.sweepstakes.entry_mail import links
from webapp.tokens import make_token


def register(app: Flask) -> None:
    """Register the letters and who gets them."""
    register_letter(app, announcing.SEALED, _sealed)
    register_letter(app, announcing.WON, _won)
    register_letter(app, announcing.REMINDER, _reminder)
    register_letter(app, announcing.NOT_THIS_TIME, _not_this_time)
    register_mailing(app, announcing.SEALED, announcing.everybody_in)
    register_mailing(app, announcing.NOT_THIS_TIME, announcing.everybody_else)


def _sealed(session: Session, entrant_id: int) -> Letter | None:
    person = _confirmed(session, entrant_id)
    log = status(session, person.contest.slug) if person else None
    if person is None or log is None or log.sealed is None:
        return None
    assert person.entry_index is not None and person.nonce is not None  # noqa: S101 - both come with the confirmation
    proof = receipt(session, log_key(session, person.contest.slug), person.entry_index, person.nonce, sealed=True)
    return sealed_letter(person, log, log.sealed, links(person), receipt=proof)


def _won(session: Session, entrant_id: int) -> Letter | None:
    facts = _prize(session, entrant_id)
    return None if facts is None or facts.winner.state == "paid" else won_letter(facts)


def _reminder(session: Session, entrant_id: int) -> Letter | None:
    facts = _prize(session, entrant_id)
    if facts is None or facts.winner.state != "drawn" or clock.now() >= facts.winner.answer_by:
        return None
    return None if read_claim(session, entrant_id, keys=keyring()) else reminder_letter(facts)


def _not_this_time(session: Session, entrant_id: int) -> Letter | None:
    person = _confirmed(session, entrant_id)
    log = status(session, person.contest.slug) if person else None
    if person is None or log is None or log.result is None:
        return None
    ranks = {place.rank for place in log.result.ranking if place.index == person.entry_index}
    if ranks & ({winner.rank for winner in log.winners} | {step.rank for step in log.steps}):
        return None  # held a prize, or holds one
    return not_this_time_letter(person, log, links(person))


def _prize(session: Session, entrant_id: int) -> WonFacts | None:
    """The facts of somebody who holds a prize now."""
    person = _confirmed(session, entrant_id)
    log = status(session, person.contest.slug) if person else None
    if person is None or log is None:
        return None
    for winner in log.winners:
        if winner.index == person.entry_index:
            return WonFacts(
                person=person, winner=winner, links=links(person), claim=claim_link(person), operator_trusted=log.operator_trusted
            )
    return None


def claim_link(person: Person) -> str:
    """The address of a winner's claim page."""
    return absolute(f"/claim/{make_token(keyring().secret, 'claim', person.id, person.token_counter)}")


def _confirmed(session: Session, entrant_id: int) -> Person | None:
    try:
        person = by_id(session, entrant_id, keys=keyring())
    except NoSuchEntrant:
        return None
    return person if person.state == "confirmed" else None
