"""E-mail addresses: read strictly as typed, and in the canonical form by which one mailbox is known as one."""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from email_validator import EmailNotValidError, validate_email

from webapp.draw import receipt_email

LONGEST = 254  # RFC 5321, as counted in RFC 3696 erratum 1690

# Providers whose mailboxes take mail for name+anything: what follows the plus sign tells no people apart.
GMAIL = frozenset({"gmail.com", "googlemail.com"})
_PLUS = (
    GMAIL
    | frozenset({"outlook.com", "outlook.de", "outlook.fr", "live.com", "msn.com"})
    | frozenset({"hotmail.com", "hotmail.co.uk", "hotmail.de", "hotmail.es", "hotmail.fr", "hotmail.it"})
    | frozenset({"fastmail.com", "fastmail.fm"})
    | frozenset({"proton.me", "protonmail.com", "pm.me"})
    | frozenset({"icloud.com", "me.com", "mac.com"})
)


_PLAIN = re.compile(r"(?=.{1,64}\Z)[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*")


class AddressRefused(Exception):
    """Not an address we can write to; `sentence` says why in the reader's words."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Address(NamedTuple):
    """`email`: where mail goes, and the exact text of the receipt (PROTOCOL §2). `canonical`: equal for spellings of one mailbox."""

    email: str
    canonical: str


def read_address(typed: str) -> Address:
    """The address in what a person typed. Asks no network. Raises AddressRefused."""
    stripped = typed.strip()
    if not stripped:
        raise AddressRefused("Write your e-mail address: we send a link there.")
    if len(stripped) > LONGEST:
        raise AddressRefused(f"An e-mail address has at most {LONGEST} characters.")
    if "@" not in stripped:
        raise AddressRefused("The e-mail address lacks its @. Write it whole, for example name@example.com.")
    try:
        valid = _valid(unicodedata.normalize("NFC", stripped))
    except EmailNotValidError as error:
        raise AddressRefused("This does not look like an e-mail address. Please check it, for example name@example.com.") from error
    if valid is None:
        raise AddressRefused("We can write only to addresses with plain letters a–z before the @. Please use another one.")
    email = receipt_email(valid)
    return Address(email, canonical(email))


def _valid(typed: str) -> str | None:
    """The address in ASCII; None if it cannot be written so. Raises EmailNotValidError."""
    local, _, domain = typed.rpartition("@")
    # Almost all addresses: their domain is most of the work, and has been seen before.
    if _PLAIN.fullmatch(local) and domain.isascii():
        return f"{local}@{_valid_domain(domain)}"
    return validate_email(typed, check_deliverability=False).ascii_email


@lru_cache(maxsize=4096)
def _valid_domain(domain: str) -> str:
    return validate_email(f"a@{domain}", check_deliverability=False).ascii_domain


def canonical(email: str) -> str:
    """The one spelling of a mailbox: lower case, `+tag` off where the provider is known for it, Gmail's dots out, googlemail as gmail.

    `email` has an A-label domain and a local part in ASCII. Idempotent. Other providers' tags may be other people, so they stay.
    """
    local, _, domain = email.lower().rpartition("@")
    if domain in _PLUS:
        local = local.partition("+")[0] or local
    if domain in GMAIL:
        local, domain = local.replace(".", "") or local, "gmail.com"
    return f"{local}@{domain}"
