"""Money, moments and odds in words, the same on pages, in the rules and on the command line."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from webapp.dates import DAYS, local_date, long_moment

# ISO 4217 (list one, 2025): the codes of money in use. All have two decimals but those listed after.
_ALL = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE
    CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY
    KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO
    NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB
    TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
_NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
CURRENCIES = frozenset(_ALL.split())
_DECIMALS = dict.fromkeys(_NONE.split(), 0) | dict.fromkeys(_THREE.split(), 3)
_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}


def decimals(currency: str) -> int:
    """How many decimals amounts in `currency` have (ISO 4217 minor unit)."""
    return _DECIMALS.get(currency, 2)


def money(minor: int, currency: str) -> str:
    """An amount in minor units as people write it: `$100`, `$99.50`, `CHF 1,000`."""
    places = decimals(currency)
    amount = Decimal(minor).scaleb(-places)
    text = f"{amount:,.{places}f}"
    if places and amount == amount.to_integral_value():
        text = text[: -places - 1]
    return f"{_SIGNS[currency]}{text}" if currency in _SIGNS else f"{currency} {text}"


def when(moment: datetime, zone: str) -> str:
    """`moment` on the wall clock of `zone`, zone named: `Sunday 20 December 2026, 23:59 EST`."""
    wall = ZoneInfo(zone)
    return f"{DAYS[local_date(moment, wall).weekday()]} {long_moment(moment, wall)}"


def when_exactly(moment: datetime, zone: str) -> str:
    """As `when`, and the same moment in UTC, so that no zone abbreviation is left to interpret."""
    return f"{when(moment, zone)} ({moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC)"


def odds(winners: int, eligible: int) -> str | None:
    """The chance of one entry among `eligible` in the form `1 in 2,041`; None while there is no entry."""
    if eligible == 0:
        return None
    share = max(Decimal(1), Decimal(eligible) / winners)
    return f"1 in {share:,.1f}" if share < 10 and share % 1 else f"1 in {share:,.0f}"


def in_words(code: str) -> str:
    """A reason code as words: `no_answer` is `no answer`."""
    return code.replace("_", " ").replace("-", " ")


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 winner`, `2 winners`, `10,204 entries`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def lasting(time: timedelta) -> str:
    """About how long, in the two largest units: `40 s`, `12 min`, `1 h 40 min`, `3 days 4 h`."""
    seconds = round(time.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h" + (f" {minutes % 60} min" if minutes % 60 else "")
    hours = round(minutes / 60)
    return f"{hours // 24} days" + (f" {hours % 24} h" if hours % 24 else "")
