"""Under which names an entrant's personal data is sealed and found (see keys.py): a value moved to another column does not open."""

NAME = "entrant.name"
EMAIL = "entrant.email"
NONCE = "entrant.nonce"
SUBSCRIBER_EMAIL = "subscriber.email"
EMAIL_KEY = "email"
