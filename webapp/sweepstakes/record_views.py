"""The public record of a draw to take home: bundle.zip and result.json. The log itself is served by the draw room."""

from collections.abc import Iterator
from hashlib import sha256

from flask import Blueprint, Response, request
from sqlalchemy.orm import Session

from webapp import clock
from webapp.assets import STATIC
from webapp.database import db
from webapp.draw import LogStatus, bundle, result_json
from webapp.errors import Refusal
from webapp.sweepstakes.finding import CampaignMissing
from webapp.sweepstakes.reading import public_view
from webapp.sweepstakes.settling import is_settled

pages = Blueprint("records", __name__, url_prefix="/draws/<campaign>")

# As the log's checkpoint: a copy a few seconds old is still a true statement.
FRESH = "public, max-age=0, s-maxage=5"
# The log of a finished draw takes no more leaves; only the program packed with it can still get better.
FINISHED = "public, max-age=3600, s-maxage=86400, stale-if-error=604800"


@pages.get("/bundle.zip")
def bundle_zip(campaign: str) -> Response:
    """Everything public about the draw in one file, with the program that checks it."""
    log, rules = _find(campaign)
    # The same log, signed, and the same program make the same bytes, so the tag is known before they are made.
    program = (STATIC / "open-draw" / "open_draw.py").read_bytes()
    tag = sha256(log.checkpoint.encode() + program).hexdigest()[:32]
    # Outlives this request's session; closed with the response.
    session = Session(db.engine)
    # Passed through as it is made: counting its bytes first would hold all of them.
    pieces = _released(session, bundle(session, log.name, rules=rules))
    response = Response(pieces, mimetype="application/zip", direct_passthrough=True)
    response.call_on_close(session.close)
    response.headers["Content-Disposition"] = f'attachment; filename="{campaign}.zip"'
    return _answer(response, log, tag)


@pages.get("/result.json")
def result(campaign: str) -> Response:
    """The result in short, for programs; the log is what counts."""
    log, _ = _find(campaign)
    if log.result is None:
        raise Refusal("This draw has no result yet.", status=404)
    body = result_json(log)
    return _answer(Response(body, mimetype="application/json"), log, sha256(body).hexdigest()[:32])


def _released(session: Session, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces, with the database let go before each is sent: leaves never change, and a slow reader must hold no connection."""
    for piece in pieces:
        session.rollback()
        if piece:
            yield piece


def _answer(response: Response, log: LogStatus, tag: str) -> Response:
    response.headers["Cache-Control"] = FINISHED if log.void or is_settled(log) else FRESH
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.set_etag(tag)
    response.make_conditional(request)
    return response


def _find(slug: str) -> tuple[LogStatus, bytes]:
    """The log of an opened campaign, and the bytes of its rules."""
    try:
        seen = public_view(db.session(), slug, clock.now())
    except CampaignMissing as error:
        raise Refusal("There is no draw at this address. All draws are listed at /draws.", status=404) from error
    assert seen.log is not None and seen.campaign.rules is not None  # noqa: S101 - opening made both
    return seen.log, seen.campaign.rules.encode()
