"""Which way a text reads, said in the page: `dir="auto"` has the browser look at it anew with all that it parses."""

import re
import unicodedata

from markupsafe import Markup

_TAG = re.compile(r"<[^>]*>")
_LOOKED_AT = 2_000
_RTL = Markup(' dir="rtl"')


def direction(text: str | None) -> Markup:
    """The attribute for a text, or HTML, most of whose letters read from right to left (UAX #9: classes R and AL).

    Nothing for all others, which read as the page does.
    """
    start = _TAG.sub("", text or "")[:_LOOKED_AT]
    if start.isascii():
        return Markup()
    classes = [unicodedata.bidirectional(sign) for sign in start]
    return _RTL if classes.count("R") + classes.count("AL") > classes.count("L") else Markup()
