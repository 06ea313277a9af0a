"""What arrives in a post: read once and strictly, and judged by where it came from."""

from collections.abc import Iterable
from urllib.parse import parse_qsl

from flask import request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import RequestEntityTooLarge

from webapp import form_tokens
from webapp.counting import count, tally
from webapp.errors import Refusal
from webapp.origin import Verdict, judge
from webapp.site import settings

_URLENCODED = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_MOST_FIELDS = 20
Fields = ImmutableMultiDict[str, str]

# What forms of one field say to a post that is not believed.
NOT_TOLD = "Your browser did not tell us that this form came from our site. Please press the button once more."
NOT_OURS = "This form was sent from a page that is not ours. Please check it and press the button once more."


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
    if request.mimetype == _URLENCODED:
        fields = _read_urlencoded(body)
    elif request.mimetype == _MULTIPART:
        fields = _read_multipart(body)
    else:
        raise Unfit("The form was sent in a way we do not understand. Please check it and press again.", status=415, fields=_salvage(body))
    faulty = {name: "This came twice. Please check it." for name, values in fields.lists() if len(values) > 1}
    if faulty:
        raise _garbled(fields, faulty)
    return fields


def _read_urlencoded(body: bytes) -> Fields:
    if len(body) > (request.max_form_memory_size or len(body)):
        raise _too_long()
    try:
        # Werkzeug would put replacement signs for what cannot be decoded, and so change what was typed.
        return Fields(parse_qsl(body.decode(), keep_blank_values=True, errors="strict"))
    except UnicodeDecodeError as error:
        raise _not_utf8(_salvage(body)) from error


def _read_multipart(body: bytes) -> Fields:
    try:
        fields = request.form
    except RequestEntityTooLarge as error:
        raise _too_long() from error
    if request.files:
        raise _garbled(fields, {})
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise _not_utf8(fields) from error
    return fields


def _not_utf8(readable: Fields) -> Unfit:
    signs = "Some signs did not arrive whole. Please check them."
    return _garbled(readable, {name: signs for name, value in readable.items() if "\ufffd" in value})


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
    # What is ours has a line in the log of what becomes of it.
    (tally if judged is Verdict.OURS else count)("form_posts", form=form, verdict="second_try" if second else judged.value)
    return Verdict.OURS if second else judged


def token_for_form() -> str | None:
    """As `token_if_needed`, for the forms that are asked twice of everybody under attack."""
    return form_tokens.issue() if settings().form_under_attack else token_if_needed()


def token_if_needed() -> str | None:
    """The token that a form shown again must carry; None for browsers that say themselves where a post comes from."""
    return None if judge(request.headers, settings()) is Verdict.OURS else form_tokens.issue()
