"""Links to a campaign's ads before anybody sees them: signed, for one campaign, good for two weeks, never stored."""

from datetime import UTC, date, datetime

from webapp.tokens import BadToken, make_token, read_token

GOOD_FOR = 14
_PURPOSE = "ad preview"
_DAY_ZERO = date(2020, 1, 1).toordinal()


def make_preview(secret: bytes, campaign: int, now: datetime) -> str:
    """The token that shows `campaign` until the end of the fourteenth day (UTC) from now."""
    return make_token(secret, _PURPOSE, campaign, _day(now) + GOOD_FOR)


def read_preview(secret: bytes, token: str, now: datetime) -> int:
    """The campaign that `token` shows today. Raises BadToken."""
    campaign, last_day = read_token(secret, _PURPOSE, token)
    if _day(now) > last_day:
        raise BadToken
    return campaign


def _day(now: datetime) -> int:
    return now.astimezone(UTC).date().toordinal() - _DAY_ZERO
