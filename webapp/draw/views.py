"""The public log over HTTP, as C2SP tlog-tiles lays it out; readable from any site."""

from flask import Blueprint, Response, abort

from webapp.database import db
from webapp.draw.reading import read
from webapp.draw.refusals import LogMissing
from webapp.draw.rows import Head, head_of
from webapp.draw.tiles import content, parse_path
from webapp.headers import immutable
from webapp.page_cache import keep

blueprint = Blueprint("draw", __name__, url_prefix="/draws/<campaign>")
# A copy a few seconds old is still a true statement of the log.
FRESH = "public, max-age=0, s-maxage=5"


@blueprint.get("/log/checkpoint")
def checkpoint(campaign: str) -> Response:
    """The present checkpoint."""
    return _text(_head(campaign).checkpoint)


@blueprint.get("/sealed")
def sealed(campaign: str) -> Response:
    """The checkpoint of the sealed tree; 404 before the seal."""
    facts = read(db.session(), _head(campaign)).sealed
    return _text(facts.checkpoint) if facts else abort(404)


@blueprint.get("/log/tile/<path:path>")
def tile(campaign: str, path: str) -> Response:
    """A tile of hashes or a bundle of entries. None ever changes: a tile that grows gets the address of its new width."""
    wanted = parse_path(path)
    found = content(db.session(), _head(campaign), wanted) if wanted else None
    if found is None:
        abort(404)
    return _open_to_all(immutable(Response(found, mimetype="application/octet-stream")))


def _head(campaign: str) -> Head:
    try:
        return head_of(db.session(), campaign)
    except LogMissing:
        abort(404)


def _text(note: str) -> Response:
    response = Response(note, content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = FRESH
    keep(shows_entries=True)  # the same for everybody, until a log has a leaf more
    return _open_to_all(response)


def _open_to_all(response: Response) -> Response:
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
