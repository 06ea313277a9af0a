"""End the newsletter by the link that its every issue carries: one POST, no page before it, no login, no cookie (RFC 8058).

The token is the authority, so the post is believed from wherever it comes: mail programs send it, not our page.
"""

from contextlib import suppress

from flask import Blueprint, Response, make_response, render_template

from webapp import clock
from webapp.database import writing
from webapp.errors import Refusal
from webapp.headers import private
from webapp.origin import judges_origin
from webapp.site import absolute, keyring, settings
from webapp.sweepstakes.consents import newsletter
from webapp.sweepstakes.entrants import NoSuchEntrant, by_id
from webapp.sweepstakes.subscribing import unsubscribe
from webapp.tokens import BadToken, make_token, read_token

pages = Blueprint("unsubscribe", __name__)

PURPOSE = "unsubscribe"


def marketing_headers(entrant_id: int) -> dict[str, str]:
    """The headers that every issue of a newsletter must carry to this person (RFC 2369, RFC 8058)."""
    return {"List-Unsubscribe": f"<{unsubscribe_link(entrant_id)}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def unsubscribe_link(entrant_id: int) -> str:
    """The address that ends the newsletter for this person: by one POST, or by the button that it shows."""
    return absolute(f"/unsubscribe/{make_token(keyring().secret, PURPOSE, entrant_id)}")


@pages.get("/unsubscribe/<token>")
def ask(token: str) -> Response:
    """A button. Changes nothing: mail scanners open links."""
    _read(token)
    return _page(done=False)


@pages.post("/unsubscribe/<token>")
@judges_origin("its token is the authority, wherever it comes from")
def post(token: str) -> Response:
    """End it. The same page for whoever ended it before, or was erased since."""
    entrant_id = _read(token)
    with writing() as session, suppress(NoSuchEntrant):
        by_id(session, entrant_id, keys=keyring())
        unsubscribe(session, entrant_id, newsletter(settings().site_name), source="unsubscribe", now=clock.now())
    return _page(done=True)


def _read(token: str) -> int:
    # Whatever became of the person's other links, this one goes on working: issues lie in inboxes for years.
    try:
        return read_token(keyring().secret, PURPOSE, token)[0]
    except BadToken as error:
        raise Refusal("This link is not complete. Copy it whole from the letter, up to its last sign.", status=404) from error


def _page(*, done: bool) -> Response:
    return private(make_response(render_template("sweepstakes/unsubscribe.html", done=done)))
