"""The entrant's own page: what we hold, receipt, newsletter, data to take away. Leaving is in leaving_views.py."""

from flask import Blueprint, Response, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse

from webapp import clock, compacting
from webapp.database import db, writing
from webapp.draw import status as log_status
from webapp.errors import Refusal
from webapp.headers import private
from webapp.origin import Verdict, judges_origin
from webapp.site import keyring, settings
from webapp.sweepstakes import posting
from webapp.sweepstakes.consents import newsletter
from webapp.sweepstakes.entrant_links import path_for, receipt_of
from webapp.sweepstakes.entrants import NoSuchEntrant, Person, by_id
from webapp.sweepstakes.holding import held, taken_away
from webapp.sweepstakes.subscribing import gets_it, subscribe, unsubscribe
from webapp.sweepstakes.withdrawing import reason_of_exclusion
from webapp.sweepstakes.wording import when
from webapp.tokens import BadToken, read_token

pages = Blueprint("own", __name__)

NO_SUCH_LINK = (
    "This link is not complete, or no longer valid. Copy it whole from the letter, up to its last sign, "
    "or have a new one mailed to you at /entry."
)
NOT_TOLD = "Your browser did not tell us that this came from our site. Please press the button once more."
NOT_OURS = "This was sent from a page that is not ours. Nothing was changed. If you want it, please press the button once more."


@pages.get("/entry/<token>")
def show(token: str) -> Response:
    """What we hold. Changes nothing: mail scanners open links."""
    return own_page(token, person_of(token), 200)


@pages.get("/entry/<token>/receipt.txt")
def receipt(token: str) -> Response:
    """The receipt as a file: against the sealed tree once there is one."""
    person = person_of(token)
    text = receipt_if_held(person)
    if text is None:
        raise Refusal("There is no receipt: this registration was never confirmed, or its data is no longer held.", status=404)
    return _download(text, "text/plain", f"receipt-{person.contest.slug}-{person.entry_index}.txt")


@pages.get("/entry/<token>/data.json")
def data(token: str) -> Response:
    """All that we hold, for the person to take away."""
    person = person_of(token)
    text = taken_away(held(db.session(), person, keys=keyring()), receipt_if_held(person))
    return _download(text, "application/json", f"my-data-{person.contest.slug}.json")


@pages.post("/entry/<token>/newsletter")
@judges_origin("shows the button again, with a token")
def post_newsletter(token: str) -> AnyResponse:
    """Newsletter on (`newsletter` = yes) or off."""
    person = person_of(token)
    fields = posting.read_fields()
    notice = refusal_of(fields)
    if notice is not None:
        return own_page(token, person, 403, notice=notice)
    if person.confirmed_at is None:
        sentence = "The newsletter begins with the confirmation of the address. Press the button behind the letter's link."
        raise Refusal(sentence, status=409, title="Not yet")
    words, outbox, now = newsletter(settings().site_name), settings().instance / "outbox", clock.now()
    deleted = False
    with writing() as session:
        if fields.get("newsletter") == "yes":
            subscribe(session, person.id, words, source="entry_page", now=now)
        else:
            deleted = unsubscribe(session, person.id, words, source="entry_page", outbox=outbox, now=now)
    if deleted:
        compacting.forget(settings().instance)
    return redirect(url_for("own.show", token=token) + "#newsletter", 303)


def person_of(token: str) -> Person:
    """Whose page it is. Refuses with words that help."""
    try:
        entrant_id, counter = read_token(keyring().secret, "entry", token)
        person = by_id(db.session(), entrant_id, keys=keyring())
    except (BadToken, NoSuchEntrant) as error:
        raise Refusal(NO_SUCH_LINK, status=404) from error
    if person.token_counter != counter or person.state == "erased":
        raise Refusal(NO_SUCH_LINK, status=404)
    return person


def refusal_of(fields: posting.Fields) -> str | None:
    """Why this post is not believed, None if it came from our own page."""
    verdict = posting.verdict(fields, "own_page")
    return None if verdict is Verdict.OURS else NOT_TOLD if verdict is Verdict.UNKNOWN else NOT_OURS


def receipt_if_held(person: Person) -> str | None:
    """The receipt, None for who never confirmed and where the nonce was purged."""
    return None if person.entry_index is None or person.nonce is None else receipt_of(db.session(), person)


def own_page(token: str, person: Person, status: int, *, notice: str | None = None) -> Response:
    """The page, with `notice` above it."""
    holding = held(db.session(), person, keys=keyring())
    zone = person.contest.timezone
    page = render_template(
        "sweepstakes/entry.html",
        token=token,
        person=person,
        held=holding,
        receipt=receipt_if_held(person),
        confirm=_confirm_link(person),
        excluded=_excluded(person),
        log=log_status(db.session(), person.contest.slug),
        words=newsletter(settings().site_name),
        gets_newsletter=gets_it(db.session(), person.id),
        notice=notice,
        form_token=posting.token_if_needed() if notice else None,
        told=lambda moment: when(moment, zone),
    )
    return private(make_response(page, status))


def _confirm_link(person: Person) -> str | None:
    """Where a registration that waits for it can still be confirmed."""
    if person.state != "pending" or person.contest.state != "open" or clock.now() >= person.contest.confirm_until:
        return None
    return path_for(person, "confirm")


def _excluded(person: Person) -> str | None:
    if person.state != "excluded" or person.entry_index is None:
        return None
    return reason_of_exclusion(db.session(), person.contest.id, person.entry_index)


def _download(text: str, mimetype: str, filename: str) -> Response:
    response = private(Response(text, mimetype=mimetype))
    response.headers["Content-Disposition"] = f"attachment; filename={filename}"
    return response
