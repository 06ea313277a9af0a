"""How long each kind of data is kept: read by the purge, which deletes, and by the privacy page, which promises it."""

from datetime import timedelta
from typing import NamedTuple


class Kept(NamedTuple):
    """A row of the table. `what` and `until` are the words of the privacy page; `days` after which moment, `until` says.

    `days` is None for what no lapse of time ends.
    """

    what: str
    until: str
    days: int | None

    @property
    def ends(self) -> str:
        """`until` with the number of days in it."""
        return self.until.format(days=self.days)

    @property
    def after(self) -> timedelta:
        """The time to wait. ValueError if none is set."""
        if self.days is None:
            raise ValueError(f"no lapse of time ends this: {self.what}")
        return timedelta(days=self.days)


# After Campaign.confirm_until.
PENDING = Kept(
    what="Registrations that were never confirmed",
    until="{days} days after confirmations stop counting",
    days=7,
)
# After Subscriber.asked_at.
ASKED = Kept(
    what="An address for which the newsletter was asked, but never confirmed",
    until="{days} days after it was last asked for",
    days=7,
)
# After Entrant.registered_at.
NETWORK = Kept(
    what="The shortened network address of a registration",
    until="{days} days after the registration",
    days=30,
)
# After the campaign's last step: the end of the log of a settled or void campaign.
ENTRANT = Kept(
    what="Name, e-mail address and receipt of people who entered, and which boxes they ticked",
    until="{days} days after the last prize is paid, or the draw is void",
    days=90,
)
# As ENTRANT, for ranks that held a prize; tax and state laws ask for such records.
WINNER = Kept(
    what="The same of winners, and what they wrote on their claim",
    until="3 years after the last prize is paid",
    days=3 * 365,
)
# As ENTRANT, for winners, too; what is written to a reader of the newsletter after that, after it was asked for.
LETTER = Kept(
    what="The note that a message was sent to you (without its text and your address)",
    until="with the name it belongs to, {days} days after the last prize is paid at the latest; later ones as long after they were sent",
    days=90,
)
# Ends with the seal or the void, by which nobody can enter any more.
BARRED = Kept(
    what="A keyed hash of the address of an entry that was excluded, if its owner had all else erased: so that exclusion lasts",
    until="the list of the draw is sealed",
    days=None,
)
# Ends with its owner's wish, not by time; an entrant who gets it is kept as such until then.
NEWSLETTER = Kept(
    what="Name and e-mail address of people who get the newsletter, and when and how they asked for it",
    until="until they end it; then as above, or at once if there was no entry in a draw",
    days=None,
)
SUPPRESSED = Kept(
    what="A keyed hash of addresses that get no mail from us: they do not exist, or their owners do not want it",
    until="as long as we send mail, or until the owner asks for mail again",
    days=None,
)
LOG = Kept(
    what="The public record of a draw (numbers and hashes; no name, no address)",
    until="for good: this is what makes the draw checkable",
    days=None,
)

TABLE = (PENDING, ASKED, NETWORK, ENTRANT, WINNER, LETTER, BARRED, NEWSLETTER, SUPPRESSED, LOG)
