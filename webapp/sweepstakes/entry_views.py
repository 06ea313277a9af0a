"""Pages for entrants: register, and the thanks that everybody gets. Confirming is in confirm_views.py."""

from flask import Blueprint, Response, make_response, render_template
from sqlalchemy.exc import OperationalError
from werkzeug.wrappers import Response as AnyResponse

from webapp import clock, form_tokens, group_commit, limits, page_cache
from webapp.client import client_address, shortened
from webapp.config import ROOT
from webapp.counting import count
from webapp.database import db
from webapp.headers import see_other
from webapp.origin import Verdict, judges_origin
from webapp.site import keyring, settings
from webapp.sweepstakes import form_pages, posting
from webapp.sweepstakes.forms import Entry, RegisterForm, read_entry
from webapp.sweepstakes.offering import Between, Offer, between, current_offer
from webapp.sweepstakes.registering import NotTaking, prepare
from webapp.sweepstakes.registering import register as register_entry
from webapp.sweepstakes.taking_now import taking_now

pages = Blueprint("entry", __name__)
THANKS = "/register/thanks"


def win_card() -> Offer | None:
    """Template global: the campaign to call readers to, None if none is open."""
    return page_cache.shared("win_card", lambda: current_offer(db.session(), clock.now(), site_name=settings().site_name))


def between_campaigns() -> Between:
    """Template global: what to say while none is open."""
    return between(db.session(), clock.now(), site_name=settings().site_name)


@pages.get("/register")
def register() -> Response:
    """The form alone."""
    return form_pages.empty_form()


@pages.post("/register")
@judges_origin("shows the form again, filled, with a token")
def post_register() -> AnyResponse:
    """Take a registration. Whoever is new, pending or in already gets the same answer; the mail differs."""
    fields, unfit = posting.receive()
    entry = None
    try:
        verdict = posting.verdict(fields, "register")
        if verdict is not Verdict.OURS:
            return form_pages.asked_again(RegisterForm(fields), verdict)
        if unfit is not None:
            return form_pages.unfit(RegisterForm(fields), unfit)
        entry = read_entry(fields.to_dict(), refuse_disposable=settings().disposable_refused)
        if entry is None:
            return form_pages.faulty(RegisterForm(fields))
        return _take(entry, fields)
    except NotTaking as refused:
        return form_pages.another_offered(_form(fields, entry), refused.slug)
    except OperationalError:
        return form_pages.away(_form(fields, entry))


def _take(entry: Entry, fields: posting.Fields) -> AnyResponse:
    """Count a well-filled form by the limits, and store it. Raises NotTaking."""
    asked_twice = form_tokens.accepts(fields.get(form_tokens.FIELD))
    if settings().form_under_attack and not asked_twice:
        return form_pages.once_more(_form(fields, entry), "under_attack")
    now, client = clock.now(), client_address()
    # What no letter can come of does not use up the letters of this address.
    campaign = taking_now(entry.campaign or None, now=now)
    # Counted whether or not this one gets a letter: the answer must not tell who is known.
    outcome = limits.hit("register", client=client, email=entry.address.canonical, now=now)
    if outcome.verdict is limits.Verdict.REFUSED:
        return form_pages.wait(_form(fields, entry), outcome)
    if outcome.verdict is limits.Verdict.STEP_UP and not asked_twice:
        return form_pages.once_more(_form(fields, entry), "asked_twice")
    network = shortened(client) if client else None
    wish = prepare(entry.person_name, entry.address, newsletter=entry.newsletter, keys=keyring(), network=network)
    new = group_commit.write(
        "register", lambda session: register_entry(session, campaign, wish, now=clock.now(), mail_delay=outcome.mail_delay)
    )
    count("registrations", outcome="new" if new else "known")
    return see_other(THANKS)


def _form(fields: posting.Fields, entry: Entry | None) -> RegisterForm:
    """The form to be shown again: where all of it was in order, with the address that was chosen."""
    form = RegisterForm(fields)
    if entry is not None:
        form.validate()
    return form


@pages.get(THANKS)
def thanks() -> Response:
    """The same page for every outcome."""
    return make_response(render_template("sweepstakes/thanks.html", outbox=outbox_if_unsent()))


def outbox_if_unsent() -> str | None:
    """Where letters lie while no mail server is set; None if one is. As an admin would type it from the checkout."""
    if settings().mail_server is not None:
        return None
    folder = settings().instance / "outbox"
    return f"{folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder}/"
