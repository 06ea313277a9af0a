"""What arrives in a post: read once and strictly, and judged by where it came from."""

from urllib.parse import unquote_to_bytes

from flask import request
from werkzeug.datastructures import ImmutableMultiDict

from webapp import form_tokens
from webapp.counting import count
from webapp.errors import Refusal
from webapp.origin import Verdict, judge
from webapp.site import settings

_URLENCODED = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
Fields = ImmutableMultiDict[str, str]


def read_fields() -> Fields:
    """The fields of a posted form. Refuses what no form of ours sends: other types, files, bytes that are no UTF-8, repeated fields."""
    if request.mimetype not in {_URLENCODED, _MULTIPART}:
        raise Refusal("The form was sent in a way we do not understand.", status=415)
    try:
        # Werkzeug would put replacement signs for what cannot be decoded, and so change what was typed.
        body = request.get_data()
        (unquote_to_bytes(body) if request.mimetype == _URLENCODED else body).decode("utf-8")
    except (UnicodeDecodeError, OSError) as error:  # OSError: a body that ends early or is cut into malformed chunks
        raise _unreadable() from error
    if request.files or any(len(values) > 1 for _, values in request.form.lists()):
        raise _unreadable()
    return request.form


def _unreadable() -> Refusal:
    return Refusal("The form did not arrive as we sent it out. Please open it again and fill it in once more.", status=400)


def verdict(fields: Fields) -> Verdict:
    """Where the post came from. Our own token, sent back with its cookie, speaks for a browser that does not say; never against CROSS."""
    judged = judge(dict(request.headers), settings())
    if judged is Verdict.UNKNOWN and form_tokens.accepts(fields.get(form_tokens.FIELD)):
        count("form_posts", verdict="second try")
        return Verdict.OURS
    count("form_posts", verdict=judged.value)
    return judged


def token_if_needed() -> str | None:
    """The token that a form shown again must carry; None for browsers that say themselves where a post comes from."""
    return None if judge(dict(request.headers), settings()) is Verdict.OURS else form_tokens.issue()
