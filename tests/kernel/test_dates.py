"""Dates in words."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from webapp import dates

MOMENT = datetime(2024, 12, 8, 3, 5, 9, 999, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")


def test_a_moment_reads_as_where_the_site_is() -> None:
    assert dates.day(MOMENT, UTC) == "Sunday 8 December 2024"
    assert dates.day(MOMENT, NEW_YORK) == "Saturday 7 December 2024"
    assert dates.short_date(MOMENT, NEW_YORK) == "7 Dec"
    assert dates.time(MOMENT, NEW_YORK) == "22:05"
    assert dates.iso(MOMENT, NEW_YORK) == "2024-12-07T22:05:09-05:00"


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        (UTC, "8 December 2024, 03:05 UTC"),
        (NEW_YORK, "7 December 2024, 22:05 EST"),
        (ZoneInfo("America/Sao_Paulo"), "8 December 2024, 00:05 UTC-03"),
        (timezone(timedelta(hours=5, minutes=30)), "8 December 2024, 08:35 UTC+05:30"),
    ],
)
def test_the_zone_has_a_name_a_reader_can_place(zone: ZoneInfo, words: str) -> None:
    assert dates.long_moment(MOMENT, zone) == words
