"""Leave: withdraw the entry, or have all data erased. A GET asks whether that is meant, a POST does it."""

from typing import NamedTuple

from flask import Blueprint, Response, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse

from webapp import clock, compacting
from webapp.database import db, writing
from webapp.draw import LogSealed, LogStatus, LogVoid
from webapp.draw import status as log_status
from webapp.headers import private
from webapp.mail import LetterUnderWay
from webapp.origin import judges_origin
from webapp.site import settings
from webapp.sweepstakes import posting
from webapp.sweepstakes.consents import newsletter
from webapp.sweepstakes.entrant_links import log_key
from webapp.sweepstakes.entrants import Person
from webapp.sweepstakes.erasing import MustBeKept, erase
from webapp.sweepstakes.own_views import person_of, refusal_of
from webapp.sweepstakes.retention import WINNER
from webapp.sweepstakes.withdrawing import AT_WISH, NotIn, withdraw
from webapp.sweepstakes.wording import when

pages = Blueprint("leaving", __name__)

ACTOR = "entrant"
NOT_SURE = "Nothing was changed. Press the button on this page if you mean it."


class Told(NamedTuple):
    """Whose page it is, by which link, and how their draw stands."""

    token: str
    person: Person
    log: LogStatus | None


@pages.get("/entry/<token>/withdraw")
def ask_withdraw(token: str) -> Response:
    """Asks, or says why it is too late."""
    return _withdraw_page(token, person_of(token), 200)


@pages.post("/entry/<token>/withdraw")
@judges_origin("asks again on a page of ours, with a token")
def post_withdraw(token: str) -> AnyResponse:
    """Take the entry out of the draw."""
    person = person_of(token)
    notice = _not_meant()
    if notice is not None:
        return _withdraw_page(token, person, 403, notice=notice)
    key = log_key(db.session(), person.contest.slug)
    try:
        with writing() as session:
            withdraw(session, person.contest.slug, person.id, key=key, reason=AT_WISH, actor=ACTOR, now=clock.now())
    except (LogSealed, LogVoid):
        return _withdraw_page(token, person_of(token), 409)
    except NotIn:
        pass  # pressed twice, or excluded meanwhile: the page it leads to says so
    return redirect(url_for("own.show", token=token), 303)


@pages.get("/entry/<token>/erase")
def ask_erase(token: str) -> Response:
    """Asks, and says what goes and what stays."""
    return _erase_page(token, person_of(token), 200)


@pages.post("/entry/<token>/erase")
@judges_origin("asks again on a page of ours, with a token")
def post_erase(token: str) -> AnyResponse:
    """Erase everything that names the person."""
    person = person_of(token)
    notice = _not_meant()
    if notice is not None:
        return _erase_page(token, person, 403, notice=notice)
    slug, now = person.contest.slug, clock.now()
    key, words, outbox = log_key(db.session(), slug), newsletter(settings().site_name), settings().instance / "outbox"
    try:
        with writing() as session:
            erase(session, slug, person.id, key=key, words=words, outbox=outbox, even_paid=False, actor=ACTOR, now=now)
    except MustBeKept:
        return _erase_page(token, person_of(token), 409)
    except LetterUnderWay:
        return _erase_page(token, person, 409, notice="A letter to you is being sent at this very moment. Please press again in a minute.")
    compacting.forget(settings().instance)
    return redirect(url_for("own_link.erased"), 303)


def _not_meant() -> str | None:
    """Why the post does not count: it is not from our page, or its button was not the one that says yes."""
    fields = posting.read_fields()
    return refusal_of(fields) or (None if fields.get("sure") == "yes" else NOT_SURE)


def _withdraw_page(token: str, person: Person, status: int, *, notice: str | None = None) -> Response:
    log = log_status(db.session(), person.contest.slug)
    possible = person.state in {"pending", "confirmed"} and log is not None and log.sealed is None and log.void is None
    return _page("entry_withdraw.html", Told(token, person, log), status=status, notice=notice, possible=possible)


def _erase_page(token: str, person: Person, status: int, *, notice: str | None = None) -> Response:
    log = log_status(db.session(), person.contest.slug)
    prize = next((winner.state for winner in log.winners if winner.index == person.entry_index), None) if log else None
    return _page("entry_erase.html", Told(token, person, log), status=status, notice=notice, prize=prize, kept=WINNER.ends)


def _page(template: str, told: Told, *, notice: str | None, status: int, **more: str | bool | None) -> Response:
    log, person = told.log, told.person
    sealed = when(log.sealed.at, person.contest.timezone) if log and log.sealed else None
    token = posting.token_if_needed() if notice else None
    page = render_template(
        f"sweepstakes/{template}", token=told.token, person=person, log=log, notice=notice, form_token=token, sealed=sealed, **more
    )
    return private(make_response(page, status))
