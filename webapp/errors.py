"""Errors a reader may meet: each knows its status and a sentence; the page for them asks no database."""

from flask import Flask, Response, make_response, render_template
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError
from werkzeug.exceptions import HTTPException, SecurityError


class Refusal(Exception):
    """Something the reader asked for and cannot have: `status` and a `sentence` in their words. `title`: if the status's does not fit."""

    status = 400

    def __init__(self, sentence: str, *, status: int | None = None, title: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status or type(self).status
        self.title = title


SENTENCES = {
    400: ("That request made no sense to us", "Something in the address or the form could not be read. Please go back and try again."),
    403: ("That is not possible", "This page cannot be used in that way."),
    404: ("Nothing at this address", "The page may have moved, or the address was cut short on its way to you."),
    405: ("That is not possible", "This address cannot be used in that way."),
    410: ("This piece was withdrawn", "We have taken it off the site."),
    413: ("That was too long", "The form holds more text than we can take. Please shorten it."),
    415: ("That request made no sense to us", "The form was sent in a way we do not understand."),
    422: ("That does not fit", "Something in the form does not fit. Please go back and check it."),
    429: ("Too many requests", "Please wait a moment and try again."),
    500: ("We made a mistake", "Something went wrong on our side. It has been noted; please try again in a minute."),
    503: ("Back in a moment", "We cannot do that right now. Please try again in a minute; nothing was lost."),
}


def error_page(status: int, sentence: str | None = None, title: str | None = None) -> Response:
    """The page for `status`; needs no database and no request data."""
    heading, standard = SENTENCES.get(status, SENTENCES[500 if status >= 500 else 400])
    page = render_template("errors/error.html", status=status, title=title or heading, sentence=sentence or standard)
    response = make_response(page, status)
    response.headers["Cache-Control"] = "no-store"
    if status == 503:
        response.headers["Retry-After"] = "30"
    return response


def init_app(app: Flask) -> None:
    @app.errorhandler(Refusal)
    def refused(error: Refusal) -> Response:
        return error_page(error.status, error.sentence, error.title)

    @app.errorhandler(OperationalError)
    @app.errorhandler(ProgrammingError)  # PostgreSQL's word for a table that no migration has made yet
    def database_away(error: DBAPIError) -> Response:
        app.logger.error("database away: %s", error.orig)
        return error_page(503)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response | HTTPException:
        # A redirect in the making; a Host that is none of TRUSTED_HOSTS, for which no page with links can be made.
        if error.response is not None or isinstance(error, SecurityError):
            return error
        response = error_page(error.code or 500)
        for name, value in error.get_headers():
            if name in {"Allow", "Retry-After"}:
                response.headers[name] = value
        return response
