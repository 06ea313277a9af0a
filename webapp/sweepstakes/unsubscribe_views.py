"""End the newsletter by the link that its every issue carries: one POST, no page before it, no login, no cookie (RFC 8058).

The token is the authority, so the post is believed from wherever it comes: mail programs send it, not our page.
"""

from contextlib import suppress

from flask import Blueprint, Response, make_response, render_template

from webapp import clock, compacting
from webapp.database import writing
from webapp.errors import Refusal
from webapp.headers import private
from webapp.origin import judges_origin
from webapp.site import absolute, keyring, settings
from webapp.sweepstakes.consents import newsletter
from webapp.sweepstakes.subscribing import unsubscribe, unsubscribe_alone
from webapp.tokens import BadToken, make_token, read_token

pages = Blueprint("unsubscribe", __name__)

# Of entrants, and of who asked for the newsletter alone.
PURPOSE, ALONE = "unsubscribe", "unsubscribe_alone"


def marketing_headers(row_id: int, *, alone: bool) -> dict[str, str]:
    """The headers that every issue of a newsletter must carry to this reader (RFC 2369, RFC 8058)."""
    return {"List-Unsubscribe": f"<{unsubscribe_link(row_id, alone=alone)}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def unsubscribe_link(row_id: int, *, alone: bool) -> str:
    """The address that ends the newsletter for this reader: by one POST, or by the button that it shows."""
    return absolute(f"/unsubscribe/{make_token(keyring().secret, ALONE if alone else PURPOSE, row_id)}")


@pages.get("/unsubscribe/<token>")
def ask(token: str) -> Response:
    """A button. Changes nothing: mail scanners open links."""
    _read(token)
    return _page(done=False)


@pages.post("/unsubscribe/<token>")
@judges_origin("its token is the authority, wherever it comes from")
def post(token: str) -> Response:
    """End it. The same page for whoever ended it before, or was erased since."""
    row_id, alone = _read(token)
    words, outbox, now = newsletter(settings().site_name), settings().instance / "outbox", clock.now()
    with writing() as session:
        act = unsubscribe_alone if alone else unsubscribe
        deleted = act(session, row_id, words, source="unsubscribe", outbox=outbox, now=now)
    if deleted:
        compacting.forget(settings().instance)
    return _page(done=True)


def _read(token: str) -> tuple[int, bool]:
    """The row, and whether it is a subscriber's and no entrant's."""
    # Whatever became of the person's other links, this one goes on working: issues lie in inboxes for years.
    for purpose in (PURPOSE, ALONE):
        with suppress(BadToken):
            return read_token(keyring().secret, purpose, token)[0], purpose == ALONE
    raise Refusal("This link is not complete. Copy it whole from the letter, up to its last sign.", status=404)


def _page(*, done: bool) -> Response:
    return private(make_response(render_template("sweepstakes/unsubscribe.html", done=done)))
