"""Pages for entrants: register, and the thanks that everybody gets. Confirming is in confirm_views.py."""

from flask import Blueprint, Response, make_response, redirect, render_template, url_for
from sqlalchemy.exc import OperationalError
from werkzeug.wrappers import Response as AnyResponse

from webapp import clock
from webapp.client import client_address, shortened
from webapp.database import db, writing
from webapp.origin import Verdict
from webapp.site import keyring, settings
from webapp.sweepstakes import posting
from webapp.sweepstakes.forms import Filled, RegisterForm, filled
from webapp.sweepstakes.offering import Between, Offer, between, current_offer, offer_of
from webapp.sweepstakes.registering import NotTaking, prepare
from webapp.sweepstakes.registering import register as register_entry

pages = Blueprint("entry", __name__)

NOT_TOLD = "Your browser did not tell us that this form came from our site. Please check it and press Register once more."
NOT_OURS = "This form was sent from a page that is not ours. Please check it, tick the boxes yourself, and press Register once more."
AWAY = "We cannot store your registration at this moment. Nothing that you typed is lost: please press Register again in a minute."
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
    verdict = posting.verdict(fields)
    if verdict is not Verdict.OURS:
        return _asked_again(form, verdict)
    if not form.validate():
        return _shown_again(form, 422)
    network = shortened(client) if (client := client_address()) else None
    wish = prepare(form.person_name, form.address, newsletter=form.newsletter.data, keys=keyring(), network=network)
    try:
        with writing() as session:
            register_entry(session, form.campaign.data or None, wish, now=clock.now())
    except NotTaking as refused:
        return _another_offered(form, refused.slug)
    except OperationalError:
        return _away(form)
    return redirect(url_for("entry.thanks"), 303)


@pages.get("/register/thanks")
def thanks() -> Response:
    """The same page for every outcome."""
    return make_response(render_template("sweepstakes/thanks.html", outbox=settings().mail_server is None))


def _asked_again(form: RegisterForm, verdict: Verdict) -> Response:
    """What cannot be judged is no attack: once more, from a page of ours."""
    ours = verdict is not Verdict.CROSS
    return _shown_again(form, 403, notice=NOT_TOLD if ours else NOT_OURS, consents=ours)


def _shown_again(form: RegisterForm, status: int, *, notice: str | None = None, consents: bool = True) -> Response:
    slug = form.campaign.data
    offer = (offer_of(db.session(), slug, site_name=settings().site_name) if slug else None) or win_card()
    return _page(offer, filled(form, token=posting.token_if_needed(), agree=consents, newsletter=consents), status, notice=notice)


def _another_offered(form: RegisterForm, slug: str | None) -> Response:
    """The campaign takes no entries: say so, keep what was typed, offer the next. Its rules are others, so they are agreed to anew."""
    site_name, now = settings().site_name, clock.now()
    asked = offer_of(db.session(), slug, site_name=site_name) if slug else None
    instead = current_offer(db.session(), now, site_name=site_name)
    coming = None if instead else between_campaigns().next
    notice = NOTHING_OPEN
    if asked and now < asked.opens_at:
        notice = f"{asked.title} opens {asked.opens}. What you typed is kept: press Register again then."
    elif asked:
        notice = f"{asked.title} takes no more entries: it closed {asked.closes}."
    if instead:
        notice += f" You can enter {instead.title}: what you typed is kept; please read its rules and tick the box."
    elif coming and coming.slug != slug:
        notice += f" {coming.title} opens {coming.opens}."
    return _page(instead or coming, filled(form, token=posting.token_if_needed(), agree=False), 422, notice=notice)


def _away(form: RegisterForm) -> Response:
    """The database is away: the filled form, made without asking it."""
    db.session.remove()
    response = _page(None, filled(form, token=posting.token_if_needed()), 503, notice=AWAY, campaign=form.campaign.data or "")
    response.headers["Retry-After"] = "30"
    return response


def _page(offer: Offer | None, form: Filled, status: int, *, notice: str | None = None, campaign: str | None = None) -> Response:
    """The form's own page; like everything that may hold what somebody typed, it is kept nowhere."""
    slug = offer.slug if offer else campaign
    page = render_template("sweepstakes/register.html", offer=offer, form=form, notice=notice, slug=slug, away=status == 503)
    return make_response(page, status)
