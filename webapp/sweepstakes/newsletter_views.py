"""The newsletter alone: ask for it with an address, confirm behind the mailed link. The box of pages while no draw is open."""

from flask import Blueprint, Response, make_response, render_template, url_for
from sqlalchemy.exc import OperationalError

from webapp import clock, form_tokens, limits
from webapp.client import client_address
from webapp.counting import count
from webapp.database import db, writing
from webapp.errors import Refusal
from webapp.headers import private, see_other
from webapp.origin import Verdict, judges_origin
from webapp.site import absolute, keyring, settings
from webapp.sweepstakes import posting, subscriptions
from webapp.sweepstakes.consents import newsletter_alone
from webapp.sweepstakes.entry_views import outbox_if_unsent
from webapp.sweepstakes.forms import AddressForm, Filled, filled
from webapp.sweepstakes.subscriptions import NoSuchSubscription, Subscription
from webapp.sweepstakes.unsubscribe_views import unsubscribe_link
from webapp.sweepstakes.wording import counted, when
from webapp.tokens import BadToken, make_token, read_token

pages = Blueprint("newsletter", __name__)

PURPOSE = "newsletter"
NO_SUCH_LINK = (
    "This link is not complete, or the newsletter was ended. Copy it whole from the letter, up to its last sign, "
    "or ask for the newsletter anew at /newsletter."
)
ONCE_MORE = "Many people use this form at this moment. Please press the button once more, so that we know that you are one of them."
NOT_STORED = "We cannot store that at this moment. Please press the button again in a minute."
AWAY = "We cannot store that at this moment. Your address is still here: please press the button again in a minute."


def own_link(subscriber_id: int) -> str:
    """The address that letters hold: what we hold of them, and the button that confirms."""
    return absolute(f"/newsletter/{make_token(keyring().secret, PURPOSE, subscriber_id)}")


@pages.get("/newsletter")
def show() -> Response:
    """The form alone."""
    return _page(Filled(), 200)


@pages.post("/newsletter")
@judges_origin("shows the form again, filled, with a token")
def post() -> Response:
    """Note the wish. Who is known and who is new get the same answer; the mail differs."""
    fields, unfit = posting.receive()
    form, verdict = AddressForm(fields), posting.verdict(fields, "newsletter")
    form.refuse_disposable = settings().disposable_refused
    try:
        if verdict is not Verdict.OURS:
            return _again(form, verdict.value, 403, posting.NOT_TOLD if verdict is Verdict.UNKNOWN else posting.NOT_OURS)
        if unfit is not None:
            return _again(form, "unfit", unfit.status, unfit.sentence, faulty=unfit.faulty)
        if not form.validate():
            return _again(form, "invalid", 422)
        return _ask(form, asked_twice=form_tokens.accepts(fields.get(form_tokens.FIELD)))
    except OperationalError:  # also where only the frame around the form is looked up
        db.session.remove()
        return _again(form, "away", 503, AWAY, retry_after=30)


def _ask(form: AddressForm, *, asked_twice: bool) -> Response:
    if settings().form_under_attack and not asked_twice:
        return _again(form, "under_attack", 403, ONCE_MORE, token=form_tokens.issue())
    now = clock.now()
    outcome = limits.hit("newsletter", client=client_address(), email=form.address.canonical, now=now)
    if outcome.verdict is limits.Verdict.REFUSED:
        minutes = counted(-(-outcome.retry_after // 60), "minute")
        wait = f"That was asked for too often. Please try again in {minutes}, and look into your inbox meanwhile."
        return _again(form, "limited", 429, wait, retry_after=outcome.retry_after)
    if outcome.verdict is limits.Verdict.STEP_UP and not asked_twice:
        return _again(form, "asked_twice", 403, ONCE_MORE, token=form_tokens.issue())
    keys = keyring()
    with writing() as session:
        subscriptions.ask(session, form.address, keys=keys, now=now, delay=outcome.mail_delay)
    count("subscriptions", outcome="asked_for")
    return see_other(url_for("newsletter.sent"))


@pages.get("/newsletter/sent")
def sent() -> Response:
    """The same page for every outcome."""
    return make_response(render_template("sweepstakes/newsletter_sent.html", outbox=outbox_if_unsent()))


@pages.get("/newsletter/<token>")
def own(token: str) -> Response:
    """What we hold, and the button. Changes nothing: mail scanners open links."""
    return _own_page(_find(token), 200)


@pages.post("/newsletter/<token>")
@judges_origin("shows the button again, with a token")
def confirm(token: str) -> Response:
    """Confirm. A second press finds it done and shows the same page."""
    asked, (fields, _) = _find(token), posting.receive()  # nothing is asked for but the press
    verdict = posting.verdict(fields, "newsletter_confirm")
    if verdict is not Verdict.OURS:
        count("subscriptions", outcome=verdict.value)
        return _own_page(asked, 403, notice=posting.NOT_TOLD if verdict is Verdict.UNKNOWN else posting.NOT_OURS)
    try:
        with writing() as session:
            new = subscriptions.confirm(session, asked.id, newsletter_alone(settings().site_name), now=clock.now())
    except OperationalError:
        db.session.remove()
        count("subscriptions", outcome="away")
        response = _own_page(asked, 503, notice=NOT_STORED)
        response.headers["Retry-After"] = "30"
        return response
    count("subscriptions", outcome="confirmed" if new else "repeated")
    return see_other(url_for("newsletter.own", token=token))


def _find(token: str) -> Subscription:
    """Whom the link was mailed to. Refuses with words that help."""
    keys = keyring()
    try:
        return subscriptions.by_id(db.session(), read_token(keys.secret, PURPOSE, token)[0], keys=keys)
    except (BadToken, NoSuchSubscription) as error:
        raise Refusal(NO_SUCH_LINK, status=404) from error


def _own_page(asked: Subscription, status: int, *, notice: str | None = None) -> Response:
    zone = settings().timezone.key
    page = render_template(
        "sweepstakes/newsletter_own.html",
        asked=asked,
        words=newsletter_alone(settings().site_name),
        told=lambda moment: when(moment, zone),
        end=unsubscribe_link(asked.id, alone=True),
        notice=notice,
        form_token=posting.token_if_needed() if notice else None,
        away=status == 503,
    )
    return private(make_response(page, status))


def _again(
    form: AddressForm,
    outcome: str,
    status: int,
    notice: str | None = None,
    *,
    token: str | None = None,
    faulty: dict[str, str] | None = None,
    retry_after: int | None = None,
) -> Response:
    """The form with what was typed. `outcome`: for the count."""
    count("subscriptions", outcome=outcome)
    response = _page(filled(form, token=token or posting.token_for_form(), faulty=faulty), status, notice=notice)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _page(form: Filled, status: int, *, notice: str | None = None) -> Response:
    """Asks no database where that is away: then nothing around the form is looked up either."""
    words = newsletter_alone(settings().site_name)
    page = render_template("sweepstakes/newsletter.html", newsletter_form=form, words=words, notice=notice, away=status == 503)
    return make_response(page, status)
