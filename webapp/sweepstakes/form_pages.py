"""The form's own page: empty, or shown again with everything that was typed, and why."""

from flask import Response, make_response, render_template, request

from webapp import clock, form_tokens, limits
from webapp.counting import count
from webapp.database import db
from webapp.origin import Verdict, judge
from webapp.site import settings
from webapp.sweepstakes import posting
from webapp.sweepstakes.forms import Filled, RegisterForm, filled
from webapp.sweepstakes.offering import Offer, between, current_offer, offer_of
from webapp.sweepstakes.wording import counted

NOT_TOLD = "Your browser did not tell us that this form came from our site. Please check it and press Register once more."
NOT_OURS = "This form was sent from a page that is not ours. Please check it, tick the boxes yourself, and press Register once more."
AWAY = "We cannot store your registration at this moment. Nothing that you typed is lost: please press Register again in a minute."
ONCE_MORE = "Many people are registering at this moment. Please press Register once more, so that we know that you are one of them."
NOTHING_OPEN = "No sweepstakes is open at the moment."
LOOK, TICK = ("name", "Check what you typed"), ("agree", "Tick the boxes")


def empty_form() -> Response:
    """The form alone."""
    return _page(_current(), Filled(), 200)


def asked_again(form: RegisterForm, verdict: Verdict) -> Response:
    """What cannot be judged is no attack: once more, from a page of ours."""
    _note("cross" if verdict is Verdict.CROSS else "unknown")
    ours = verdict is not Verdict.CROSS
    return _shown_again(form, 403, notice=NOT_TOLD if ours else NOT_OURS, consents=ours)


def unfit(form: RegisterForm, how: posting.Unfit) -> Response:
    """It did not come as our form sends it: with whatever of it could be read."""
    _note("unfit")
    return _shown_again(form, how.status, notice=how.sentence, faulty=how.faulty)


def faulty(form: RegisterForm) -> Response:
    """Something in it does not fit."""
    form.refuse_disposable = settings().disposable_refused
    form.validate()
    _note("hidden_field" if form.leave_empty.errors else "invalid")
    return _shown_again(form, 422)


def once_more(form: RegisterForm, outcome: str) -> Response:
    """The second of two steps: the same form with a token of its own, which whoever posts without looking does not have."""
    _note(outcome)
    return _shown_again(form, 403, notice=ONCE_MORE, token=form_tokens.issue())


def wait(form: RegisterForm, outcome: limits.Outcome) -> Response:
    """Too often, for now: with the form, which can be sent again later."""
    _note("limited")
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


def another_offered(form: RegisterForm, slug: str | None) -> Response:
    """The campaign takes no entries: say so, keep what was typed, offer the next. Other rules are agreed to anew."""
    _note("closed")
    site_name, now = settings().site_name, clock.now()
    asked = offer_of(db.session(), slug, site_name=site_name) if slug else None
    instead = current_offer(db.session(), now, site_name=site_name)
    coming = None if instead else between(db.session(), now, site_name=site_name).next
    notice = NOTHING_OPEN
    if asked and now < asked.opens_at:
        notice = f"{asked.title} opens {asked.opens}."
    elif asked and now < asked.contest.closes_at:  # an operator-trusted one, closed before its time
        notice = f"{asked.title} takes no more entries: it was closed early."
    elif asked:
        notice = f"{asked.title} takes no more entries: it closed {asked.closes}."
    if instead:
        notice += f" You can enter {instead.title}: what you typed is kept; please read its rules and tick the box."
    elif coming:
        opens = "" if coming.slug == slug else f" {coming.title} opens {coming.opens}."
        notice += f"{opens} What you typed is kept: leave this page open, and press the button then."
    offered = instead or coming
    again = filled(form, token=posting.token_for_form(), agree=offered is not None and offered.slug == slug)
    opens_later = coming.opens if coming else None
    return _page(offered, again, 422, notice=notice, closed=offered is None, opens_later=opens_later, look=TICK if instead else LOOK)


def away(form: RegisterForm) -> Response:
    """The database is away: the filled form, made without asking it. From a foreign page its boxes are empty, as ever."""
    _note("away")
    db.session.remove()
    ours = judge(request.headers, settings()) is not Verdict.CROSS
    again = filled(form, token=posting.token_for_form(), agree=ours, newsletter=ours)
    response = _page(None, again, 503, notice=AWAY, look=LOOK if ours else TICK, campaign=form.campaign.data or "")
    response.headers["Retry-After"] = "30"
    return response


def _note(outcome: str) -> None:
    count("registrations", outcome=outcome)


def _current() -> Offer | None:
    return current_offer(db.session(), clock.now(), site_name=settings().site_name)


def _shown_again(
    form: RegisterForm,
    status: int,
    *,
    notice: str | None = None,
    consents: bool = True,
    token: str | None = None,
    faulty: dict[str, str] | None = None,
) -> Response:
    slug = form.campaign.data
    offer = (offer_of(db.session(), slug, site_name=settings().site_name) if slug else None) or _current()
    again = filled(form, token=token or posting.token_for_form(), agree=consents, newsletter=consents, faulty=faulty)
    return _page(offer, again, status, notice=notice, look=LOOK if consents else TICK)


def _page(
    offer: Offer | None,
    form: Filled,
    status: int,
    *,
    notice: str | None = None,
    look: tuple[str, str] = LOOK,
    campaign: str | None = None,
    closed: bool = False,
    opens_later: str | None = None,
) -> Response:
    """Like everything that may hold what somebody typed, it is kept nowhere.

    `look`: the field to look at after `notice`, and words for the link there. `closed`: there is nothing that the form could enter,
    `opens_later`: until then.
    """
    page = render_template(
        "sweepstakes/register.html",
        offer=offer,
        form=form,
        notice=notice,
        look=look,
        slug=offer.slug if offer else campaign,
        away=status == 503,
        closed=closed,
        opens_later=opens_later,
    )
    return make_response(page, status)
