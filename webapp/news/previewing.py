"""Links to articles that readers cannot see yet, or no longer: signed, for one article, good for two weeks, never stored."""

from datetime import UTC, date, datetime

from webapp.tokens import BadToken, make_token, read_token

GOOD_FOR = 14
_PURPOSE = "preview"
_DAY_ZERO = date(2020, 1, 1).toordinal()


def make_preview(secret: bytes, article_id: int, now: datetime) -> str:
    """The token that shows article `article_id` until the end of the fourteenth day (UTC) from now."""
    return make_token(secret, _PURPOSE, article_id, _day(now) + GOOD_FOR)


def may_preview(secret: bytes, token: str, article_id: int, now: datetime) -> bool:
    """Whether `token` shows this article today."""
    try:
        row, last_day = read_token(secret, _PURPOSE, token)
    except BadToken:
        return False
    return row == article_id and _day(now) <= last_day


def _day(now: datetime) -> int:
    return now.astimezone(UTC).date().toordinal() - _DAY_ZERO
