"""Pages about campaigns: /draws and what is under it. The log's own addresses are the draw room's."""

from flask import Blueprint, Flask, Response, make_response, render_template

from webapp import clock
from webapp.database import db
from webapp.errors import Refusal
from webapp.headers import public
from webapp.sweepstakes import privacy_views, record_views
from webapp.sweepstakes.finding import CampaignMissing
from webapp.sweepstakes.reading import CampaignView, all_views, public_view
from webapp.sweepstakes.rules import blocks

pages = Blueprint("draws", __name__, url_prefix="/draws")


def register(app: Flask) -> None:
    """Register the pages."""
    for blueprint in (pages, record_views.pages, privacy_views.pages):
        app.register_blueprint(blueprint)


@pages.get("")
def draws() -> Response:
    """All campaigns that were opened."""
    views = all_views(db.session(), clock.now())
    return public(make_response(render_template("sweepstakes/draws.html", views=views, canonical="/draws")), shows_entries=True)


@pages.get("/<campaign>")
def draw(campaign: str) -> Response:
    """One campaign: state, facts, seal, result, how to check."""
    seen = _find(campaign)
    page = render_template("sweepstakes/draw.html", view=seen, canonical=f"/draws/{campaign}")
    return public(make_response(page), shows_entries=True)


@pages.get("/<campaign>/rules")
def rules(campaign: str) -> Response:
    """The official rules, from the frozen text."""
    seen = _find(campaign)
    page = render_template("sweepstakes/rules.html", view=seen, blocks=list(blocks(_rules(seen))), canonical=f"/draws/{campaign}/rules")
    return public(make_response(page))


@pages.get("/<campaign>/rules.txt")
def rules_text(campaign: str) -> Response:
    """The exact bytes whose SHA-256 is in the log's first leaf."""
    response = public(Response(_rules(_find(campaign)).encode(), mimetype="text/plain"))
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _find(slug: str) -> CampaignView:
    try:
        return public_view(db.session(), slug, clock.now())
    except CampaignMissing as error:
        raise Refusal("There is no draw at this address. All draws are listed at /draws.", status=404) from error


def _rules(seen: CampaignView) -> str:
    rules = seen.campaign.rules
    assert rules is not None  # noqa: S101 - opening wrote them
    return rules
