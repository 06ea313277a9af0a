"""Pages for entrants: register, and the thanks that everybody gets. Confirming is in confirm_views.py."""

from flask import Blueprint, Response, make_response, redirect, render_template, url_for
from sqlalchemy.exc import OperationalError
from werkzeug.wrappers import Response as AnyResponse

from webapp import clock, form_tokens, limits
from webapp.client import client_address, shortened
from webapp.counting import count
from webapp.database import db, writing
from webapp.origin import Verdict
from webapp.site import keyring, settings
from webapp.sweepstakes import posting
from webapp.sweepstakes.forms import Filled, RegisterForm, filled
from webapp.sweepstakes.offering import Between, Offer, between, current_offer, offer_of
from webapp.sweepstakes.registering import NotTaking, prepare, taking
from webapp.sweepstakes.registering import register as register_entry
from webapp.sweepstakes.wording import counted

pages = Blueprint("entry", __name__)

NOT_TOLD = "Your browser did not tell us that this form came from our site. Please check it and press Register once more."
NOT_OURS = "This form was sent from a page that is not ours. Please check it, tick the boxes yourself, and press Register once more."
AWAY = "We cannot store your registration at this moment. Nothing that you typed is lost: please press Register again in a minute."
ONCE_MORE = "Many people are registering at this moment. Please press Register once more, so that we know that you are one of them."
NOTHING_OPEN = "No sweepstakes is open at the moment."


def win_card() -> Offer | None:
    """Template global: the campaign to call readers to, None if none is open."""
    return current_offer(db.session(), clock.now(), site_name=settings().site_name)


def between_campaigns() -> Between:
    """Template global: what to say while none is open."""
    return between(db.session(), clock.now(), site_name=settings().site_name)


@pages.get("/register")
def register() -> Response:
    """The form alone."""
    return _page(win_card(), Filled(), 200)


@pages.post("/register")
def post_register() -> AnyResponse:
    """Take a registration. Whoever is new, pending or in already gets the same answer; the mail differs."""
    fields = posting.read_fields()
    form = RegisterForm(fields)
    form.refuse_disposable = settings().disposable_refused
    verdict = posting.verdict(fields)
    if verdict is not Verdict.OURS:
        return _asked_again(form, verdict)
    if not form.validate():
        if form.leave_empty.errors:
            count("form_hidden_field_filled")
        return _shown_again(form, 422)
    asked_twice = form_tokens.accepts(fields.get(form_tokens.FIELD))
    if settings().form_under_attack and not asked_twice:
        return _once_more(form)
    try:
        return _take(form, asked_twice=asked_twice)
    except NotTaking as refused:
        return _another_offered(form, refused.slug)
    except OperationalError:
        return _away(form)


def _take(form: RegisterForm, *, asked_twice: bool) -> AnyResponse:
    """Count a well-filled form by the limits, and store it. Raises NotTaking."""
    now, slug, client = clock.now(), form.campaign.data or None, client_address()
    taking(db.session(), slug, now=now)  # what no letter can come of does not use up the letters of this address
    # Counted whether or not this one gets a letter: the answer must not tell who is known.
    outcome = limits.hit("register", client=client, email=form.address.canonical, now=now)
    if outcome.verdict is limits.Verdict.REFUSED:
        return _wait(form, outcome)
    if outcome.verdict is limits.Verdict.STEP_UP and not asked_twice:
        return _once_more(form)
    network = shortened(client) if client else None
    wish = prepare(form.person_name, form.address, newsletter=form.newsletter.data, keys=keyring(), network=network)
    with writing() as session:
        register_entry(session, slug, wish, now=clock.now(), mail_delay=outcome.mail_delay)
    return redirect(url_for("entry.thanks"), 303)


@pages.get("/register/thanks")
def thanks() -> Response:
    """The same page for every outcome."""
    return make_response(render_template("sweepstakes/thanks.html", outbox=settings().mail_server is None))


def _asked_again(form: RegisterForm, verdict: Verdict) -> Response:
    """What cannot be judged is no attack: once more, from a page of ours."""
    ours = verdict is not Verdict.CROSS
    return _shown_again(form, 403, notice=NOT_TOLD if ours else NOT_OURS, consents=ours)


def _once_more(form: RegisterForm) -> Response:
    """The second of two steps: the same form with a token of its own, which whoever posts without looking does not have."""
    count("form_asked_twice")
    return _shown_again(form, 403, notice=ONCE_MORE, token=form_tokens.issue())


def _wait(form: RegisterForm, outcome: limits.Outcome) -> Response:
    """Too often, for now: with the form, which can be sent again later."""
    count("form_refused", cause=outcome.cause or "")
    minutes = counted(-(-outcome.retry_after // 60), "minute")
    if outcome.cause == "address":
        why = "We have been asked for several letters to this address. Please look into its inbox and its spam folder."
    elif outcome.cause == "domain":
        why = "Very many people with addresses of this mail provider are registering."
    else:
        why = "Very many registrations came from your connection."
    again = f"{why} Nothing that you typed is lost: you can press Register again in {minutes}."
    response = _shown_again(form, 429, notice=again)
    response.headers["Retry-After"] = str(outcome.retry_after)
    return response


def _token() -> str | None:
    """What a form shown again must carry to be taken the next time."""
    return form_tokens.issue() if settings().form_under_attack else posting.token_if_needed()


def _shown_again(
    form: RegisterForm, status: int, *, notice: str | None = None, consents: bool = True, token: str | None = None
) -> Response:
    slug = form.campaign.data
    offer = (offer_of(db.session(), slug, site_name=settings().site_name) if slug else None) or win_card()
    return _page(offer, filled(form, token=token or _token(), agree=consents, newsletter=consents), status, notice=notice)


def _another_offered(form: RegisterForm, slug: str | None) -> Response:
    """The campaign takes no entries: say so, keep what was typed, offer the next. Its rules are others, so they are agreed to anew."""
    site_name, now = settings().site_name, clock.now()
    asked = offer_of(db.session(), slug, site_name=site_name) if slug else None
    instead = current_offer(db.session(), now, site_name=site_name)
    coming = None if instead else between_campaigns().next
    notice = NOTHING_OPEN
    if asked and now < asked.opens_at:
        notice = f"{asked.title} opens {asked.opens}. What you typed is kept below until then."
    elif asked and now < asked.contest.closes_at:  # an operator-trusted one, closed before its time
        notice = f"{asked.title} takes no more entries: it was closed early."
    elif asked:
        notice = f"{asked.title} takes no more entries: it closed {asked.closes}."
    if instead:
        notice += f" You can enter {instead.title}: what you typed is kept; please read its rules and tick the box."
    elif coming and coming.slug != slug:
        notice += f" {coming.title} opens {coming.opens}."
    return _page(instead or coming, filled(form, token=_token(), agree=False), 422, notice=notice, closed=instead is None)


def _away(form: RegisterForm) -> Response:
    """The database is away: the filled form, made without asking it."""
    db.session.remove()
    response = _page(None, filled(form, token=_token()), 503, notice=AWAY, campaign=form.campaign.data or "")
    response.headers["Retry-After"] = "30"
    return response


def _page(
    offer: Offer | None, form: Filled, status: int, *, notice: str | None = None, campaign: str | None = None, closed: bool = False
) -> Response:
    """The form's own page; like everything that may hold what somebody typed, it is kept nowhere.

    `closed`: there is nothing that it could enter now.
    """
    slug = offer.slug if offer else campaign
    page = render_template("sweepstakes/register.html", offer=offer, form=form, notice=notice, slug=slug, away=status == 503, closed=closed)
    return make_response(page, status)
