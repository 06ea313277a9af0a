"""The page behind the mailed link: confirm an entry; afterwards its number and receipt."""

import secrets
from urllib.parse import quote

from flask import Blueprint, Response, make_response, render_template
from sqlalchemy.exc import OperationalError
from werkzeug.wrappers import Response as AnyResponse

from webapp import clock, group_commit
from webapp.counting import count
from webapp.database import db
from webapp.draw import LockAhead
from webapp.draw import status as log_status
from webapp.errors import Refusal
from webapp.headers import private, see_other
from webapp.origin import Verdict, judges_origin
from webapp.plain_connections import reading_plainly
from webapp.site import keyring, settings
from webapp.sweepstakes import posting
from webapp.sweepstakes.confirming import Confirmation, NotPending, TooLate, confirm, prepare_confirmation
from webapp.sweepstakes.consents import agreement, newsletter
from webapp.sweepstakes.entrant_links import log_key, path_for, receipt_of
from webapp.sweepstakes.entrants import NoSuchEntrant, Person, by_id
from webapp.sweepstakes.forms import ConfirmForm, Filled, filled, is_ticked
from webapp.sweepstakes.names import NameRefused, read_name
from webapp.sweepstakes.wording import when
from webapp.tokens import BadToken, read_token

pages = Blueprint("confirm", __name__)

NO_SUCH_LINK = (
    "This link is not complete, or no longer valid. Copy it whole from the letter, up to its last sign, "
    "or register again: if you are known, you get a new letter."
)
NOT_TOLD = "Your browser did not tell us that this came from our site. Please press the button once more."
AWAY = "We cannot store your confirmation at this moment. Nothing that you typed is lost: please press the button again in a minute."
NOT_OURS = "This was sent from a page that is not ours. Please check it and press the button once more."


@pages.get("/confirm/<token>")
def show(token: str) -> Response:
    """Changes nothing: mail scanners open links."""
    person = _person(token)
    if person.state != "pending":
        return _standing(token, person)
    if clock.now() >= person.contest.confirm_until or person.contest.state != "open":
        return _too_late(person)
    return _form(person, Filled(name=person.name or "", newsletter=person.newsletter), 200)


@pages.post("/confirm/<token>")
@judges_origin("shows the form again, filled, with a token")
def post(token: str) -> AnyResponse:
    """Confirm. A second press finds it done and shows the same page."""
    fields, unfit = posting.receive()
    verdict = posting.verdict(fields, "confirm")
    person = None
    try:
        person = _person(token)
        refused = _take(person, fields, verdict, unfit) if person.state == "pending" else None
    except OperationalError:
        if verdict is Verdict.CROSS:  # the words that are agreed to must be read on our page, and cannot be shown now
            raise
        return _away(person, ConfirmForm(fields))
    return refused or see_other(f"/confirm/{quote(token)}")


def _take(person: Person, fields: posting.Fields, verdict: Verdict, unfit: posting.Unfit | None) -> Response | None:
    """Confirm, or the page that says why not."""
    if verdict is not Verdict.OURS:
        ours = verdict is Verdict.UNKNOWN
        _note(verdict.value)
        return _again(person, ConfirmForm(fields), 403, notice=NOT_TOLD if ours else NOT_OURS, newsletter=ours)
    if unfit is not None:
        _note("unfit")
        return _again(person, ConfirmForm(fields), unfit.status, notice=unfit.sentence, faulty=unfit.faulty)
    try:
        _confirm(person, _wish(person, fields))
    except NameRefused:
        _note("invalid")
        form = ConfirmForm(fields)
        form.validate()
        return _again(person, form, 422)
    except TooLate:
        _note("too_late")
        return _too_late(person)
    except NotPending:
        _note("repeated")
    else:
        _note("confirmed")
    return None


def _wish(person: Person, fields: posting.Fields) -> Confirmation:
    """Raises NameRefused."""
    name = read_name(fields.get("name", ""))
    words = agreement(person.contest.minimum_age, person.contest.eligibility)
    letters = newsletter(settings().site_name) if is_ticked(fields, "newsletter") else None
    return prepare_confirmation(person, name, words, letters, nonce=secrets.token_bytes(32), keys=keyring())


def _confirm(person: Person, wish: Confirmation) -> None:
    key = log_key(db.session, person.contest.slug)  # the scoped one, which becomes a session only if it is asked
    lock = LockAhead(person.contest.slug)
    group_commit.write("confirm", lambda session: confirm(session, key, person.contest, wish, now=clock.now()), serial=True, ahead=lock)


@pages.get("/confirm/<token>/receipt.txt")
def receipt(token: str) -> Response:
    """The receipt as a file."""
    person = _person(token)
    if person.state != "confirmed":
        raise Refusal(NO_SUCH_LINK, status=404)
    response = private(Response(receipt_of(db.session(), person), mimetype="text/plain"))
    response.headers["Content-Disposition"] = f"attachment; filename=receipt-{person.contest.slug}-{person.entry_index}.txt"
    return response


def _person(token: str) -> Person:
    """Whom the link was mailed to. Refuses with words that help."""
    keys = keyring()
    try:
        entrant_id, counter = read_token(keys.secret, "confirm", token)
        person = reading_plainly(lambda session: by_id(session, entrant_id, keys=keys))
    except (BadToken, NoSuchEntrant) as error:
        raise Refusal(NO_SUCH_LINK, status=404) from error
    if person.token_counter != counter or person.state in {"withdrawn", "erased"}:
        raise Refusal(NO_SUCH_LINK, status=404)
    return person


def _form(person: Person | None, form: Filled, status: int, *, notice: str | None = None) -> Response:
    """`person` is None while nobody can be looked up: then the page says less around the same form."""
    contest = person.contest if person else None
    page = render_template(
        "sweepstakes/confirm.html",
        person=person,
        form=form,
        agree=agreement(contest.minimum_age, contest.eligibility) if contest else None,
        newsletter=newsletter(settings().site_name),
        until=when(contest.confirm_until, contest.timezone) if contest else None,
        notice=notice,
        away=status == 503,
    )
    return private(make_response(page, status))


def _standing(token: str, person: Person) -> Response:
    """What became of the entry: in, or excluded."""
    contest = person.contest
    log = log_status(db.session(), contest.slug)
    text = receipt_of(db.session(), person) if person.state == "confirmed" else None
    dates = {"seals": when(contest.seals_at, contest.timezone), "draws": when(contest.draws_at, contest.timezone)}
    own = path_for(person, "entry")
    page = render_template("sweepstakes/confirmed.html", person=person, token=token, log=log, receipt=text, dates=dates, own=own)
    return private(make_response(page))


def _again(
    person: Person | None,
    form: ConfirmForm,
    status: int,
    *,
    notice: str | None = None,
    newsletter: bool = True,
    faulty: dict[str, str] | None = None,
) -> Response:
    """The form with what was typed."""
    return _form(person, filled(form, token=posting.token_if_needed(), newsletter=newsletter, faulty=faulty), status, notice=notice)


def _away(person: Person | None, form: ConfirmForm) -> Response:
    """The database takes nothing, or cannot even be read: the filled form, made without asking it."""
    _note("away")
    db.session.remove()
    response = _again(person, form, 503, notice=AWAY)
    response.headers["Retry-After"] = "30"
    return response


def _note(outcome: str) -> None:
    count("confirmations", outcome=outcome)


def _too_late(person: Person) -> Response:
    until = when(person.contest.confirm_until, person.contest.timezone)
    return private(make_response(render_template("sweepstakes/too_late.html", person=person, until=until), 410))
