"""Words as the search compares them: without capitals, accents and signs, the same on every database."""

import re
import unicodedata
from collections.abc import Iterable
from html import unescape

LONGEST_WORD = 64
# Of one article; far more than anybody writes, and less than a PostgreSQL document may hold.
MOST_SIGNS = 200_000
# Letters that NFKD leaves whole.
LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "đ": "d", "ł": "l", "þ": "th", "ð": "d", "ı": "i"})
_WORD = re.compile(r"[^\W_]+")
_TAG = re.compile(r"<[^>]*>")


def fold(text: str) -> str:
    """`text` in lower case without accents: `Łódź` → `lodz`."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold().translate(LETTERS))
    return "".join(sign for sign in plain if not unicodedata.combining(sign))


def words_of(texts: Iterable[str]) -> list[str]:
    """The different words in `texts`, folded, in the order of their first appearance."""
    words: dict[str, None] = {}
    for text in texts:
        words.update((word[:LONGEST_WORD], None) for word in _WORD.findall(fold(text)))
    return list(words)


def without_marks(html: str) -> str:
    """The words of sanitised HTML, with single spaces."""
    return " ".join(unescape(_TAG.sub(" ", html)).split())
