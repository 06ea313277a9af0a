"""Mail me my link: for whoever lost the letter. The answer is the same for everybody."""

from flask import Blueprint, Response, make_response, redirect, render_template, url_for
from flask_wtf import FlaskForm
from sqlalchemy.exc import OperationalError
from werkzeug.wrappers import Response as AnyResponse
from wtforms import StringField, ValidationError

from webapp import clock, form_tokens, limits
from webapp.client import client_address
from webapp.database import db, writing
from webapp.origin import Verdict, judges_origin
from webapp.site import keyring
from webapp.sweepstakes import posting
from webapp.sweepstakes.addresses import LONGEST, Address, AddressRefused, read_address
from webapp.sweepstakes.entry_views import outbox_if_unsent
from webapp.sweepstakes.forms import Filled, errors_of, shown
from webapp.sweepstakes.linking import send_link
from webapp.sweepstakes.sealed import EMAIL_KEY
from webapp.sweepstakes.wording import counted

pages = Blueprint("own_link", __name__)

ONCE_MORE = "Many people use your connection. Please press the button once more, so that we know that you are one of them."
AWAY = "We cannot do that at this moment. Your address is still here: please press the button again in a minute."


class LinkForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """An address. After `validate`, `address` holds what was read from it."""

    email = StringField()

    address: Address

    def validate_email(self, given: StringField) -> None:
        try:
            self.address = read_address(given.data or "")
        except AddressRefused as error:
            raise ValidationError(error.sentence) from error


@pages.get("/entry")
def ask() -> Response:
    """The form."""
    return _page(Filled(), 200)


@pages.post("/entry")
@judges_origin("shows the form again, filled, with a token")
def post() -> AnyResponse:
    """Owe the letter, if the address is known. Nobody learns here whether it is."""
    fields, unfit = posting.receive()
    form, verdict = LinkForm(fields), posting.verdict(fields, "entry")
    try:
        if verdict is not Verdict.OURS:
            return _again(form, 403, posting.NOT_TOLD if verdict is Verdict.UNKNOWN else posting.NOT_OURS)
        if unfit is not None or not form.validate():
            return _again(form, *((unfit.status, unfit.sentence) if unfit else (422,)))
        return _send(form, asked_twice=form_tokens.accepts(fields.get(form_tokens.FIELD)))
    except OperationalError:  # also where only the frame around the form is looked up
        db.session.remove()
        return _again(form, 503, AWAY, retry_after=30)


def _send(form: LinkForm, *, asked_twice: bool) -> AnyResponse:
    now = clock.now()
    outcome = limits.hit("entry", client=client_address(), email=form.address.canonical, now=now)
    if outcome.verdict is limits.Verdict.REFUSED:
        return _again(form, 429, _wait(outcome.retry_after), retry_after=outcome.retry_after)
    if outcome.verdict is limits.Verdict.STEP_UP and not asked_twice:
        return _page(_filled(form, form_tokens.issue()), 403, notice=ONCE_MORE)
    with writing() as session:
        send_link(session, keyring().blind(EMAIL_KEY, form.address.canonical), now=now, delay=outcome.mail_delay)
    return redirect(url_for("own_link.sent"), 303)


@pages.get("/entry/sent")
def sent() -> Response:
    """The same page for every outcome."""
    return make_response(render_template("sweepstakes/entry_sent.html", outbox=outbox_if_unsent()))


@pages.get("/entry/erased")
def erased() -> Response:
    """What an erasure leads to."""
    return make_response(render_template("sweepstakes/entry_erased.html"))


def _wait(seconds: int) -> str:
    minutes = counted(-(-seconds // 60), "minute")
    return f"That was asked for too often. Please try again in {minutes}, and look into your inbox meanwhile."


def _again(form: LinkForm, status: int, notice: str | None = None, *, retry_after: int | None = None) -> Response:
    response = _page(_filled(form, posting.token_if_needed()), status, notice=notice)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _filled(form: LinkForm, token: str | None) -> Filled:
    return Filled(email=shown(form.email.data, LONGEST), errors=errors_of(form), token=token)


def _page(form: Filled, status: int, *, notice: str | None = None) -> Response:
    """Asks no database where that is away: then nothing around the form is looked up either."""
    return make_response(render_template("sweepstakes/entry_ask.html", form=form, notice=notice, away=status == 503), status)
