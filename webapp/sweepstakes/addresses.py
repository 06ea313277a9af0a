"""E-mail addresses: read strictly as typed, and in the canonical form by which one mailbox is known as one."""

import unicodedata
from dataclasses import dataclass

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


class AddressRefused(Exception):
    """Not an address we can write to; `sentence` says why in the reader's words."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True)
class Address:
    """`email`: where mail goes, and the exact text of the receipt (PROTOCOL §2). `canonical`: equal for spellings of one mailbox."""

    email: str
    canonical: str


def read_address(typed: str) -> Address:
    """The address in what a person typed. Asks no network. Raises AddressRefused."""
    stripped = typed.strip()
    if not stripped:
        raise AddressRefused("Write your e-mail address: without it you cannot confirm the entry.")
    if len(stripped) > LONGEST:
        raise AddressRefused(f"An e-mail address has at most {LONGEST} characters.")
    if "@" not in stripped:
        raise AddressRefused("The e-mail address lacks its @. Write it whole, for example name@example.com.")
    try:
        valid = validate_email(unicodedata.normalize("NFC", stripped), check_deliverability=False)
    except EmailNotValidError as error:
        raise AddressRefused("This does not look like an e-mail address. Please check it, for example name@example.com.") from error
    if valid.ascii_email is None:
        raise AddressRefused("We can write only to addresses with plain letters a–z before the @. Please use another one.")
    email = receipt_email(valid.ascii_email)
    return Address(email, canonical(email))


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
