"""What arrives in a post: read once and strictly, and judged by where it came from."""

from collections.abc import Iterable
from urllib.parse import parse_qsl, unquote_to_bytes

from flask import request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import RequestEntityTooLarge

from webapp import form_tokens
from webapp.counting import count
from webapp.errors import Refusal
from webapp.origin import Verdict, judge
from webapp.site import settings

_URLENCODED = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_MOST_FIELDS = 20
Fields = ImmutableMultiDict[str, str]


class Unfit(Refusal):
    """A post that no form of ours sends. `fields`: what of it can be read all the same, to be shown again; `faulty`: a sentence
    for each field that came twice or garbled."""

    def __init__(self, sentence: str, *, status: int, fields: Fields, faulty: dict[str, str] | None = None) -> None:
        super().__init__(sentence, status=status)
        self.fields = fields
        self.faulty = faulty or {}


def receive() -> tuple[Fields, Unfit | None]:
    """The fields of a posted form, for a page that can show them again, and what is wrong with how they came."""
    try:
        return read_fields(), None
    except Unfit as unfit:
        return unfit.fields, unfit


def read_fields() -> Fields:
    """The fields of a posted form. Raises Unfit for what no form of ours sends: other types, files, bytes that are no UTF-8,
    repeated fields, more than MAX_CONTENT_LENGTH."""
    try:
        body = request.get_data()
    except RequestEntityTooLarge as error:
        raise _too_long() from error
    except OSError as error:  # a body that ends early or is cut into malformed chunks
        raise _garbled(Fields(), {}) from error
    if request.mimetype not in {_URLENCODED, _MULTIPART}:
        raise Unfit("The form was sent in a way we do not understand. Please check it and press again.", status=415, fields=_salvage(body))
    try:
        fields = request.form
    except RequestEntityTooLarge as error:
        raise _too_long() from error
    faulty = {name: "This came twice. Please check it." for name, values in fields.lists() if len(values) > 1}
    if request.files or faulty:
        raise _garbled(fields, faulty)
    try:
        # Werkzeug would put replacement signs for what cannot be decoded, and so change what was typed.
        (unquote_to_bytes(body) if request.mimetype == _URLENCODED else body).decode("utf-8")
    except UnicodeDecodeError as error:
        readable = _salvage(body) if request.mimetype == _URLENCODED else fields
        signs = "Some signs did not arrive whole. Please check them."
        raise _garbled(readable, {name: signs for name, value in readable.items() if "\ufffd" in value}) from error
    return fields


def _garbled(fields: Fields, faulty: dict[str, str]) -> Unfit:
    return Unfit("The form did not arrive as we sent it out. Please check it and press again.", status=400, fields=fields, faulty=faulty)


def _too_long() -> Unfit:
    return Unfit("That was more text than the form can take, so it was not read. Please write less of it.", status=413, fields=Fields())


def _salvage(body: bytes) -> Fields:
    """What can be made of a body of another type: `a=b` by lines as text/plain has it, else as if it were an ordinary form."""
    text = body.decode("utf-8", "replace")
    pairs: Iterable[tuple[str, str]]
    if request.mimetype == "text/plain" and "\n" in text:
        pairs = ((name, value) for name, _, value in (line.partition("=") for line in text.splitlines()))
    else:
        try:
            pairs = parse_qsl(text, max_num_fields=_MOST_FIELDS)
        except ValueError:
            pairs = ()
    return Fields(pairs)


def verdict(fields: Fields, form: str) -> Verdict:
    """Where the post came from. Our own token, sent back with its cookie, speaks for a browser that does not say; never against CROSS.

    `form`: whose post it is, for the count.
    """
    judged = judge(request.headers, settings())
    second = judged is Verdict.UNKNOWN and form_tokens.accepts(fields.get(form_tokens.FIELD))
    count("form_posts", form=form, verdict="second_try" if second else judged.value)
    return Verdict.OURS if second else judged


def token_if_needed() -> str | None:
    """The token that a form shown again must carry; None for browsers that say themselves where a post comes from."""
    return None if judge(request.headers, settings()) is Verdict.OURS else form_tokens.issue()
