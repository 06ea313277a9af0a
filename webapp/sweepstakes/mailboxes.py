"""How the mail room knows a mailbox: by the blind index that entrants have, so that one list can be held against the other."""

from webapp.mail import NotAnAddress
from webapp.site import keyring
from webapp.sweepstakes.addresses import AddressRefused, read_address
from webapp.sweepstakes.sealed import EMAIL_KEY


def mailbox_key(typed: str) -> bytes:
    """The blind index of the canonical form of an address. Raises NotAnAddress."""
    try:
        address = read_address(typed)
    except AddressRefused as error:
        raise NotAnAddress(error.sentence) from error
    return keyring().blind(EMAIL_KEY, address.canonical)
