"""The page behind a winner's link: claim the prize, see what was given, correct it until the prize is paid."""

from typing import NamedTuple

from flask import Blueprint, Response, make_response, redirect, render_template, url_for
from sqlalchemy.exc import OperationalError
from werkzeug.wrappers import Response as AnyResponse

from webapp import clock
from webapp.database import db, writing
from webapp.draw import LogStatus, Winner
from webapp.draw import status as log_status
from webapp.errors import Refusal
from webapp.headers import private
from webapp.origin import Verdict, judges_origin
from webapp.site import keyring
from webapp.sweepstakes import posting
from webapp.sweepstakes.claim_forms import ClaimForm, FilledClaim, filled_claim, on_record
from webapp.sweepstakes.claiming import (
    PAYOUTS,
    PUBLISH,
    Claimed,
    NotHolding,
    PaidAlready,
    PublicName,
    claim,
    eligible_words,
    prepare_claim,
    prize_of,
    public_names,
    read_claim,
)
from webapp.sweepstakes.entrants import NoSuchEntrant, Person, by_id
from webapp.sweepstakes.wording import in_words, when
from webapp.tokens import BadToken, read_token

pages = Blueprint("claim", __name__)

NO_SUCH_LINK = "This link is not complete, or no longer valid. Copy it whole from the letter, up to its last sign."
NOT_TOLD = "Your browser did not tell us that this came from our site. Please check it and press the button once more."
AWAY = "We cannot store your claim at this moment. Nothing that you typed is lost: please press the button again in a minute."
NOT_OURS = "This was sent from a page that is not ours. Please check it, tick the boxes yourself, and press the button once more."


class Prize(NamedTuple):
    """What the page shows: who holds it, by which draw, and what they gave so far."""

    person: Person
    log: LogStatus
    winner: Winner
    given: Claimed | None


@pages.get("/claim/<token>")
def show(token: str) -> Response:
    """Changes nothing: mail scanners open links."""
    prize = _held(token)
    return _page(prize, on_record(prize.given.details) if prize.given else FilledClaim(), 200)


@pages.post("/claim/<token>")
@judges_origin("shows the form again, filled, with a token")
def post(token: str) -> AnyResponse:
    """Take the claim, or its correction."""
    fields, unfit = posting.receive()
    form, verdict = ClaimForm(fields), posting.verdict(fields, "claim")
    prize = None
    try:
        prize = _held(token)
        refused = _take(prize, form, verdict, unfit) if prize.winner.state != "paid" else None
    except OperationalError:
        if verdict is Verdict.CROSS:  # the words that are agreed to must be read on our page, and cannot be shown now
            raise
        return _away(prize, form)
    return refused or redirect(url_for("claim.show", token=token), 303)


def _take(prize: Prize, form: ClaimForm, verdict: Verdict, unfit: posting.Unfit | None) -> Response | None:
    """Store the claim, or the page that says why not."""
    if verdict is not Verdict.OURS:
        ours = verdict is Verdict.UNKNOWN
        again = filled_claim(form, token=posting.token_if_needed(), boxes=ours)
        return _page(prize, again, 403, notice=NOT_TOLD if ours else NOT_OURS)
    if unfit is not None:
        again = filled_claim(form, token=posting.token_if_needed(), faulty=unfit.faulty)
        return _page(prize, again, unfit.status, notice=unfit.sentence)
    if not form.validate():
        return _page(prize, filled_claim(form, token=posting.token_if_needed()), 422)
    _claim(prize.person, form)
    return None


def _away(prize: Prize | None, form: ClaimForm) -> Response:
    """The database takes nothing, or cannot even be read: the filled form, made without asking it."""
    db.session.remove()
    again = filled_claim(form, token=posting.token_if_needed())
    response = _page(prize, again, 503, notice=AWAY) if prize else _page_without_prize(again)
    response.headers["Retry-After"] = "30"
    return response


def published_winners(campaign_id: int | None = None) -> dict[tuple[int, int], PublicName]:
    """Template global: by campaign's id and entry number, of one campaign or all, the public form of those who agreed to it."""
    return public_names(db.session(), campaign_id=campaign_id, keys=keyring())


def _claim(person: Person, form: ClaimForm) -> None:
    sealed = prepare_claim(person, form.details(person.name or ""), keys=keyring())
    try:
        with writing() as session:
            claim(session, person, sealed, now=clock.now())
    except (NotHolding, PaidAlready):
        pass  # it happened a moment ago: the page it leads to says so


def _held(token: str) -> Prize:
    """What is claimed by this link. Refuses where there is nothing to claim."""
    person, log = _person(token)
    return Prize(person, log, _prize(person, log), read_claim(db.session(), person.id, keys=keyring()))


def _person(token: str) -> tuple[Person, LogStatus]:
    """Whom the link was mailed to, and their draw. Refuses with words that help."""
    try:
        entrant_id, counter = read_token(keyring().secret, "claim", token)
        person = by_id(db.session(), entrant_id, keys=keyring())
    except (BadToken, NoSuchEntrant) as error:
        raise Refusal(NO_SUCH_LINK, status=404) from error
    log = log_status(db.session(), person.contest.slug)
    if person.token_counter != counter or person.state != "confirmed" or log is None:
        raise Refusal(NO_SUCH_LINK, status=404)
    return person, log


def _prize(person: Person, log: LogStatus) -> Winner:
    """The prize that is claimed here. Refuses where there is none, or none any more."""
    winner = prize_of(log, person)
    if winner is not None:
        return winner
    ranks = {place.rank for place in log.result.ranking if place.index == person.entry_index} if log.result else set()
    for step in log.steps:
        if step.kind == "forfeit" and step.rank in ranks:
            raise Refusal(
                f"This prize was forfeited {when(step.at, person.contest.timezone)} (reason: {in_words(step.reason or '')}) and went to "
                "the next in line. The page of the draw shows how it stands.",
                status=410,
                title="This prize is no longer yours",
            )
    raise Refusal(NO_SUCH_LINK, status=404)


def _page(prize: Prize, form: FilledClaim, status: int, *, notice: str | None = None) -> Response:
    """Like everything reached by a secret link, it is kept nowhere."""
    contest = prize.person.contest
    page = render_template(
        "sweepstakes/claim.html",
        **prize._asdict(),
        form=form,
        notice=notice,
        payouts=PAYOUTS,
        eligible=eligible_words(contest.minimum_age, contest.eligibility).text,
        publish=PUBLISH.text,
        until=when(prize.winner.answer_by, contest.timezone),
        over=clock.now() >= prize.winner.answer_by,
        away=status == 503,
        changed=when(prize.given.changed_at, contest.timezone) if prize.given else None,
    )
    return private(make_response(page, status))


def _page_without_prize(form: FilledClaim) -> Response:
    """The form alone, while nobody can be looked up."""
    page = render_template("sweepstakes/claim.html", form=form, notice=AWAY, payouts=PAYOUTS, publish=PUBLISH.text, away=True)
    return private(make_response(page, 503))
