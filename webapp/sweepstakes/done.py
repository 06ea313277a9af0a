"""What a tick did, as it is told and remembered."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Done:
    """What was done for a campaign; or, `claimed` and `overdue`, what now waits for the admin. `words` is a sentence.

    What is done to the data of all of them has "personal data" in the campaign's place.
    """

    campaign: str
    what: Literal["sealed", "drawn", "reminded", "claimed", "overdue", "purged", "compacted"]
    words: str
