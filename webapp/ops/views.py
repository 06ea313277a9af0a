"""What watches the site asks here: is it up, is it ready, what are the figures."""

import ipaddress
from hmac import compare_digest

from flask import Blueprint, Response, current_app, request

from webapp import clock
from webapp.errors import Refusal
from webapp.site import settings

blueprint = Blueprint("ops", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """The process answers; nothing is asked of disk or database."""
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
def readyz() -> tuple[dict[str, object], int]:
    """200 while readers can be served, warnings or not; `?strict=1` makes warnings count, for deploys."""
    from webapp.ops.health import examine

    health = examine(settings(), holds_front_page=_holds_front_page(), now=clock.now())
    strict = request.args.get("strict") == "1"
    ready = not health.problems and not (strict and health.warnings)
    return {"ready": ready, "problems": health.problems, "warnings": health.warnings}, 200 if ready else 503


def _holds_front_page() -> bool:
    """Whether this process could serve the front page without the database."""
    cache = current_app.extensions.get("page_cache")
    return cache is not None and cache.holds("/")


@blueprint.get("/metrics")
def figures() -> Response:
    """Prometheus' text format, for this very machine or for who knows METRICS_TOKEN."""
    if not (_asked_from_here() or _knows_token()):
        raise Refusal("The figures are for this machine, or for whoever sends METRICS_TOKEN.", status=403)
    from webapp.ops import metrics

    return Response(metrics.exposition(), content_type=metrics.CONTENT_TYPE)


def _asked_from_here() -> bool:
    if request.headers.get("X-Forwarded-For") is not None or request.headers.get("Forwarded") is not None:
        return False
    try:
        return ipaddress.ip_address(request.environ.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _knows_token() -> bool:
    token = settings().metrics_token
    given = request.authorization
    return (
        token is not None and given is not None and given.type == "bearer" and compare_digest((given.token or "").encode(), token.encode())
    )
