"""A form's own token, for posts whose origin cannot be judged: Flask-WTF's, as a signed double submit.

Only pages that are kept nowhere carry it, and only they set the cookie. Flask-WTF's rule that a post over https names
its Referer is left out: it would shut out just the browsers that this is for.
"""

from typing import cast

from flask import Flask, Request, Response, g, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask_wtf.csrf import generate_csrf, validate_csrf
from itsdangerous import URLSafeTimedSerializer
from wtforms import ValidationError

from webapp.config import Settings
from webapp.site import keyring

FIELD = "form_token"
GOOD_FOR = 2 * 60 * 60


class _Sessions(SecureCookieSessionInterface):
    """Flask's signed cookie under the installation's own key, asked for only when there is a cookie to read or to write."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if "HTTP_COOKIE" not in request.environ or self.get_cookie_name(app) not in request.cookies:
            return SecureCookieSession()
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if session.accessed or session.modified:
            super().save_session(app, session, response)

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        return URLSafeTimedSerializer(
            keyring().secret,
            salt=self.salt,
            serializer=self.serializer,
            signer_kwargs={"key_derivation": self.key_derivation, "digest_method": self.digest_method},
        )


def init_app(app: Flask, settings: Settings) -> None:
    app.session_interface = _Sessions()
    app.config.update(
        SESSION_COOKIE_NAME="__Host-fc" if settings.https else "fc",
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
    )


def issue() -> str:
    """The token for a form on this very page; sets the cookie that must come back with it."""
    g.pop(FIELD, None)  # Flask-WTF keeps it for the app context, which is longer than a request where one is pushed by hand
    return cast(str, generate_csrf(secret_key=keyring().secret, token_key=FIELD))


def accepts(token: str | None) -> bool:
    """Whether `token` is ours, belongs to this browser's cookie and is not older than two hours."""
    if token is None or FIELD not in session:
        return False
    try:
        validate_csrf(token, secret_key=keyring().secret, time_limit=GOOD_FOR, token_key=FIELD)
    except ValidationError:
        return False
    return True
