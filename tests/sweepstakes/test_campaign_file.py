"""A campaign's file: understood whole, or refused with every fault and its mend."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sweepstakes.campaigns import CLOSES, DRAWS, GOOD, NOW, OPENS, SEALS, changed
from webapp.config import ROOT
from webapp.sweepstakes.describing import Description, FaultyDescription, describe
from webapp.sweepstakes.parsing import amount
from webapp.sweepstakes.wording import CURRENCIES, decimals, money, odds, when, when_exactly
from webapp.toml_tables import Wrong
from webapp.toml_values import moment


def read(source: str | bytes) -> Description:
    return describe(source.encode() if isinstance(source, str) else source, now=NOW)


def faults(source: str | bytes) -> list[str]:
    with pytest.raises(FaultyDescription) as caught:
        read(source)
    return [str(fault) for fault in caught.value.faults]


def test_a_good_file_is_understood_with_the_times_that_it_leaves_out() -> None:
    said = read(GOOD)
    assert (said.opens_at, said.closes_at, said.seals_at, said.draws_at) == (OPENS, CLOSES, SEALS, DRAWS)
    assert said.confirm_until == CLOSES + timedelta(hours=48)
    assert (said.prize_minor, said.currency, said.beacon) == (10000, "USD", "operator")
    assert said.sponsor_address == "1 Main Street\nSpringfield, NY 10001"


def test_the_example_in_the_docs_is_accepted() -> None:
    said = describe((ROOT / "docs" / "campaign.example.toml").read_bytes(), now=NOW)
    assert (said.slug, said.beacon, said.winners, said.alternates) == ("win-100", "drand", 1, 5)


def test_all_faults_come_at_once() -> None:
    source = changed("title", "title = 7", changed("value", 'value = "none"', changed("minimum_age", "", GOOD)))
    found = faults(source.replace('kind = "operator"', 'kind = "dice"') + "surprise = 1\n")
    assert [fault.split(":")[0] for fault in found] == ["title", "value", "eligibility.minimum_age", "beacon.kind", "beacon.surprise"]


REQUIRED = ("slug", "title", "prize", "value", "currency", "timezone", "opens_at", "closes_at")


@pytest.mark.parametrize("key", [*REQUIRED, "name", "address", "minimum_age", "regions", "kind"])
def test_a_missing_key_is_one_fault_with_an_example_of_it(key: str) -> None:
    (fault,) = faults(changed(key, ""))
    assert f"{key}: is missing. Write" in fault
    assert f"{key} = " in fault


@pytest.mark.parametrize("table", ["sponsor", "eligibility", "beacon"])
def test_a_missing_table_is_one_fault(table: str) -> None:
    blocks = GOOD.split("\n\n")
    (fault,) = faults("\n\n".join(block for block in blocks if not block.startswith(f"[{table}]")))
    assert fault.startswith(f"{table}: is missing. Write a line [{table}]")


def test_what_stands_where_a_table_belongs_is_a_fault() -> None:
    without = "\n\n".join(block for block in GOOD.split("\n\n") if not block.startswith("[beacon]"))
    (fault,) = faults('beacon = "drand"\n' + without)
    assert fault.startswith("beacon: is not a table.")


WRONG = [
    ("slug", 'slug = "Win 100"', "'Win 100' cannot be an address"),
    ("slug", 'slug = "verify"', "/draws/verify is a page of ours"),
    ("slug", 'slug = "-win"', "cannot be an address"),
    ("slug", f'slug = "{"a" * 65}"', "cannot be an address"),
    ("slug", "slug = 100", "100 cannot be an address"),
    ("title", 'title = "  "', "is empty"),
    ("title", "title = 100", "100 is not text"),
    ("title", f'title = "{"x" * 121}"', "has 121 characters. Write at most 120"),
    ("title", 'title = "Win\\n$100"', "holds line breaks"),
    ("title", 'title = "Win \\u202E$100"', "invisible characters"),
    ("title", 'title = "Win \\u0000"', "invisible characters"),
    ("prize", "prize = []", "a list is not text"),
    ("value", 'value = "0"', "is zero"),
    ("value", "value = 0.0", "is zero"),
    ("value", "value = -5", "-5 is not an amount"),
    ("value", 'value = "1,000"', "'1,000' is not an amount"),
    ("value", "value = true", "True is not an amount"),
    ("value", "value = nan", "is not an amount"),
    ("value", "value = inf", "is not an amount"),
    ("value", "value = 1e999999999", "is not an amount"),
    ("value", f"value = {'9' * 400}", "a number of more than 20 digits is not an amount"),
    ("value", "value = {}", "a table is not an amount"),
    ("value", "value = 1.005", "has more decimals than USD. Write at most 2"),
    ("currency", 'currency = "usd"', "'usd' is not a currency of ISO 4217. Write \"USD\""),
    ("currency", 'currency = "XXX"', "is not a currency"),
    ("currency", "currency = 1", "is not a currency"),
    ("timezone", 'timezone = "America/Newyork"', 'is not an IANA time zone. Write for example "America/New_York"'),
    ("timezone", 'timezone = "EDT"', "is not an IANA time zone"),
    ("timezone", 'timezone = "../../etc/passwd"', "is not an IANA time zone"),
    ("timezone", 'timezone = "localtime"', "is not an IANA time zone"),
    ("timezone", "timezone = 5", "is not an IANA time zone"),
    ("opens_at", 'opens_at = "2026-11-27T09:00:00"', "without quotation marks"),
    ("opens_at", "opens_at = 2026-11-27", "2026-11-27 lacks the time of day"),
    ("opens_at", "opens_at = 09:00:00", "is not a date and time"),
    ("opens_at", "opens_at = 2026-11-27T09:00:00.5", "has parts of a second. Write 2026-11-27T09:00:00"),
    ("opens_at", "opens_at = 0001-01-01T00:00:00", "the year 1 cannot be meant"),
    ("opens_at", "opens_at = 9999-12-31T23:59:59", "the year 9999 cannot be meant"),
    ("opens_at", "opens_at = 2026-11-01T01:30:00", "happens twice in America/New_York"),
    ("opens_at", "opens_at = 2026-03-08T02:30:00", "does not exist in America/New_York"),
    ("opens_at", "opens_at = 2026-12-20T23:59:00", "closes_at: is not after opens_at"),
    ("closes_at", "closes_at = 2026-11-28T09:00:00", "is in the past"),
    ("winners", "winners = 0", "0 is not a whole number from 1 to 500"),
    ("winners", "winners = true", "True is not a whole number"),
    ("winners", "winners = 1.0", "1.0 is not a whole number"),
    ("winners", 'winners = "1"', "'1' is not a whole number"),
    ("alternates", "alternates = -1", "-1 is not a whole number from 0 to 500"),
    ("alternates", "alternates = 500", "winners and alternates together are 501. Write at most 500 in all"),
    ("claim_days", "claim_days = 0", "is not a whole number from 1 to 365"),
    ("claim_days", "claim_days = 14\nlate_hours = 10000", "late_hours: 10000 is not a whole number from 0 to 720"),
    ("claim_days", "claim_days = 14\nseals_at = 2026-12-22T23:58:59", "seals_at: is before the last confirmation counts (48 hours"),
    ("claim_days", "claim_days = 14\ndraws_at = 2026-12-26T00:58:59", "draws_at: is less than an hour after seals_at"),
    ("minimum_age", "minimum_age = 12", "12 is not a whole number from 13 to 99"),
    ("name", 'name = "A\\u000AB"', "sponsor.name: holds line breaks"),
    ("kind", 'kind = "Drand"', '\'Drand\' is not possible. Write "drand" or "operator"'),
    ("winners", "winner = 1", "winner: is not a key we know. Did you mean winners?"),
    ("winners", "zzz = 1", "zzz: is not a key we know. Known are: slug, "),
    ("regions", 'regions = "x"\nregion = "y"', "eligibility.region: is not a key we know. Did you mean regions?"),
]


@pytest.mark.parametrize(("key", "line", "said"), WRONG)
def test_a_wrong_value_is_one_fault_that_names_key_and_mend(key: str, line: str, said: str) -> None:
    (fault,) = faults(changed(key, line))
    assert said in fault
    assert fault.endswith((".", "?"))


def test_an_hour_that_occurs_twice_is_refused_with_both_offsets() -> None:
    (fault,) = faults(changed("opens_at", "opens_at = 2026-11-01T01:30:00"))
    assert "Write which one you mean: 2026-11-01T01:30:00-04:00 or 2026-11-01T01:30:00-05:00." in fault


def test_an_hour_that_never_occurs_is_refused_with_the_next_that_does() -> None:
    source = changed("closes_at", "closes_at = 2027-03-14T02:30:00")
    (fault,) = faults(source)
    assert "2027-03-14T02:30:00 does not exist in America/New_York" in fault
    assert "Write 2027-03-14T03:30:00 or an explicit offset, for example 2027-03-14T03:30:00-04:00." in fault


@pytest.mark.parametrize(
    ("written", "meant"),
    [("2026-11-01T01:30:00-04:00", (5, 30)), ("2026-11-01T01:30:00-05:00", (6, 30)), ("2026-11-01T05:30:00Z", (5, 30))],
)
def test_an_offset_is_taken_as_it_is(written: str, meant: tuple[int, int]) -> None:
    assert read(changed("opens_at", f"opens_at = {written}")).opens_at == datetime(2026, 11, 1, *meant, tzinfo=UTC)


@settings(deadline=None)
@given(st.datetimes(datetime(2024, 1, 1), datetime(2040, 1, 1)).map(lambda at: at.replace(microsecond=0)))
def test_a_wall_clock_time_is_refused_or_reads_back_the_same(wall: datetime) -> None:
    zone = ZoneInfo("America/New_York")
    try:
        at = moment(wall, zone)
    except Wrong:
        assert wall.month in {3, 11}
    else:
        assert at.astimezone(zone).replace(tzinfo=None) == wall


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (b'title = "Win\n', "is not TOML: Illegal character"),
        (b'title = """Win\n\n', "line 2"),
        (b"slug = 'a'\nslug = 'b'\n", "line 2"),
        (b'title = "caf\xe9"', "is not UTF-8 (line 1)"),
        (b"a = 2026-02-30T00:00:00", "line 1"),
        (b"a = " + b"[" * 5000, "is not TOML that a person wrote"),
        (b"a = " + b"9" * 5000, "is not TOML that a person wrote"),
        (b"#" * 70000, "is larger than 64 kB"),
        (b"\x00", "is not TOML"),
        (b"\x89PNG\r\n\x1a\n", "is not UTF-8"),
    ],
)
def test_what_is_no_toml_is_one_fault_that_says_where(source: bytes, said: str) -> None:
    (fault,) = faults(source)
    assert said in fault


def test_an_empty_file_lacks_everything() -> None:
    assert [fault.split(":")[0] for fault in faults(b"")] == [
        *REQUIRED[:3],
        "currency",
        "value",
        *REQUIRED[5:],
        "sponsor",
        "eligibility",
        "beacon",
    ]


def test_a_byte_order_mark_and_windows_lines_are_no_fault() -> None:
    assert read(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()) == read(GOOD)


@pytest.mark.parametrize(
    ("written", "code", "minor"),
    [
        ("100", "USD", 10000),
        (100, "USD", 10000),
        ("0.01", "USD", 1),
        ("1500", "JPY", 1500),
        ("1.5", "KWD", 1500),
        ("10.10", "JPY", None),
        ("1.500", "EUR", 150),
    ],
)
def test_amounts_become_minor_units(written: object, code: str, minor: int | None) -> None:
    if minor is None:
        with pytest.raises(Wrong):
            amount(code)(written)
    else:
        assert amount(code)(written) == minor


@settings(deadline=None)
@given(st.sampled_from(sorted(CURRENCIES)), st.integers(1, 10**12 - 1))
def test_an_amount_reads_back_from_its_decimal(code: str, minor: int) -> None:
    places = decimals(code)
    text = f"{minor // 10**places}.{minor % 10**places:0{places}d}" if places else str(minor)
    assert amount(code)(text) == minor


def test_money_moments_and_odds_in_words() -> None:
    assert (money(10000, "USD"), money(9950, "USD")) == ("$100", "$99.50")
    assert (money(123456789, "JPY"), money(100000, "CHF")) == ("¥123,456,789", "CHF 1,000")
    assert when(CLOSES, "America/New_York") == "Sunday 20 December 2026, 23:59 EST"
    assert when_exactly(CLOSES, "America/New_York") == "Sunday 20 December 2026, 23:59 EST (2026-12-21 04:59:00 UTC)"
    assert [odds(1, 0), odds(1, 1), odds(3, 2), odds(2, 3)] == [None, "1 in 1", "1 in 1", "1 in 1.5"]
    assert [odds(1, 10204), odds(7, 100)] == ["1 in 10,204", "1 in 14"]
