"""/privacy: what is held, why, for how long, and who sees it; from the settings and the table that the purge deletes by."""

from flask import Blueprint, Response, make_response, render_template

from webapp.headers import public
from webapp.sweepstakes import retention

pages = Blueprint("privacy", __name__)


@pages.get("/privacy")
def privacy() -> Response:
    """The privacy notice."""
    return public(make_response(render_template("sweepstakes/privacy.html", table=retention.TABLE, canonical="/privacy")))
