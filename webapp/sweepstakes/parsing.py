"""From single TOML values to what only a campaign of ours holds; see toml_values for the others. Raises Wrong with the mend."""

import re
from collections.abc import Callable

from webapp.sweepstakes.finding import SLUG
from webapp.sweepstakes.wording import CURRENCIES, decimals, money
from webapp.toml_tables import Wrong
from webapp.toml_values import shown

# Addresses under /draws that are no campaign's.
TAKEN = frozenset({"verify"})
_AMOUNT = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,6}))?")


def slug(value: object) -> str:
    """A campaign's address."""
    if not isinstance(value, str) or not SLUG.fullmatch(value):
        raise Wrong(f"{shown(value)} cannot be an address", 'Write up to 64 of a–z, 0–9, - and _, a letter or digit first: "win-100".')
    if value in TAKEN:
        raise Wrong(f"/draws/{value} is a page of ours", 'Write another, for example "win-100".')
    return value


def currency(value: object) -> str:
    """A currency's code."""
    if not isinstance(value, str) or value not in CURRENCIES:
        upper = str(value)[:64].upper()
        raise Wrong(f"{shown(value)} is not a currency of ISO 4217", f'Write "{upper if upper in CURRENCIES else "USD"}".')
    return value


def amount(code: str | None) -> Callable[[object], int]:
    """An amount above zero of currency `code` (None: unknown, two decimals), as a number or as digits in quotation marks.

    In minor units: 100.00 USD are 10000.
    """

    def parse(value: object) -> int:
        match = _AMOUNT.fullmatch(shown(value).strip("'")) if not isinstance(value, bool) else None
        if match is None:
            raise Wrong(f"{shown(value)} is not an amount of money", 'Write digits, a point and decimals, for example "1000.00".')
        places = decimals(code or "USD")
        if len((match[2] or "").rstrip("0")) > places:
            raise Wrong(f"{shown(value)} has more decimals than {code}", f"Write at most {places} after the point.")
        minor = int(match[1] + (match[2] or "")[:places].ljust(places, "0"))
        if minor == 0:
            raise Wrong("is zero", f"Write what one prize is worth, for example {money(100 * 10**places, code or 'USD')}.")
        return minor

    return parse
