"""Why a log does not take a leaf. Each says it in a sentence for the operator; edges may show `str(error)`."""

from datetime import datetime

from webapp.clock import stamp
from webapp.draw.facts import Result, Sealed
from webapp.write_lock import NotWritable


class NotAllowed(Exception):
    """A leaf that may not follow what is in the log already; nothing was changed."""


class OutOfPlace(NotAllowed):
    """A leaf that our own acts would never make there; `verify` meets them."""


class BadTerms(NotAllowed):
    """Terms, a reason or another value that no leaf can hold."""


class LogMissing(NotAllowed):
    def __init__(self, name: str) -> None:
        super().__init__(f"There is no log {name}: its campaign was never opened.")


class LogDamaged(NotAllowed, NotWritable):
    """Its milestones cannot be read any more: somebody has changed rows by hand, or a disk has. It is as a database that is away."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The log {name} cannot be read: its rows are not what was logged. `flask sweepstakes verify {name}` names the first that "
            "differs. Keep this database, and restore the newest backup."
        )


class LogExists(NotAllowed):
    def __init__(self, name: str) -> None:
        super().__init__(f"The log {name} is open already; a log is opened once.")


class WrongKey(NotAllowed):
    def __init__(self, name: str) -> None:
        super().__init__(f"The key given is not the one that the log {name} was opened with. Restore it, or void the campaign.")


class LogSealed(NotAllowed):
    def __init__(self, sentence: str = "The log is sealed: entries can neither be added nor removed.") -> None:
        super().__init__(sentence)


class LogVoid(LogSealed):
    def __init__(self, reason: str) -> None:
        super().__init__(f"The campaign is void ({reason}): its log has ended.")
        self.reason = reason


class LogBehind(NotAllowed, NotWritable):
    """The log was signed and published with more leaves than there are now, or with others: an older backup was restored.

    To go on would publish two histories (a fork). Until the void it is as a database that is away: pages are shown, posts get 503.
    """

    def __init__(self, name: str, size: int, signed: int) -> None:
        there = f"has {size:,} leaves here, but was signed and published with {signed:,}"
        super().__init__(
            f"The log {name} {there if size < signed else 'differs from the one that was signed and published'}: an older backup was "
            f"restored. Nothing is added to it. Restore the newest backup, or end the campaign: "
            f"`flask sweepstakes void {name} --reason backup_restored`."
        )
        self.size = size
        self.signed = signed


class NotAnEntry(NotAllowed):
    def __init__(self, index: int) -> None:
        super().__init__(f"Leaf {index} of the log is no entry.")
        self.index = index


class AlreadyRemoved(NotAllowed):
    def __init__(self, index: int) -> None:
        super().__init__(f"Entry {index} was withdrawn or excluded before.")
        self.index = index


class NotDue(NotAllowed):
    def __init__(self, what: str, due: datetime) -> None:
        super().__init__(f"{what} is not due before {stamp(due)}.")
        self.due = due


class AlreadySealed(NotAllowed):
    def __init__(self, sealed: Sealed) -> None:
        super().__init__(f"The log was sealed at {stamp(sealed.at)} with {sealed.eligible} eligible entries.")
        self.sealed = sealed


class TooLate(NotAllowed):
    """The draw would move by more than seven days (PROTOCOL §3)."""

    def __init__(self, draws_at: datetime) -> None:
        super().__init__(f"The draw was due at {stamp(draws_at)} and cannot be moved by more than 7 days: the campaign must be voided.")


class NotSealed(NotAllowed):
    def __init__(self) -> None:
        super().__init__("The log is not sealed yet: close the campaign first.")


class AlreadyDrawn(NotAllowed):
    def __init__(self, result: Result) -> None:
        super().__init__(f"The draw was made at {stamp(result.at)}; its result stands.")
        self.result = result


class NotDrawn(NotAllowed):
    def __init__(self) -> None:
        super().__init__("There is no result yet: the draw comes first.")


class NobodyEligible(NotAllowed):
    def __init__(self) -> None:
        super().__init__("Nobody is eligible: the campaign can only be voided.")


class BadBeacon(NotAllowed):
    """The beacon given is not the one that decides this draw."""


class NotAWinner(NotAllowed):
    def __init__(self, rank: int) -> None:
        super().__init__(f"Rank {rank} holds no prize.")
        self.rank = rank


class AlreadyForfeited(NotAllowed):
    def __init__(self, rank: int) -> None:
        super().__init__(f"Rank {rank} was forfeited before.")
        self.rank = rank


class AlreadyAwarded(NotAllowed):
    def __init__(self, rank: int) -> None:
        super().__init__(f"Rank {rank} was awarded its prize before.")
        self.rank = rank


class AlreadyPaid(NotAllowed):
    def __init__(self, rank: int) -> None:
        super().__init__(f"Rank {rank} was paid before.")
        self.rank = rank


class NotAwarded(NotAllowed):
    def __init__(self, rank: int) -> None:
        super().__init__(f"Rank {rank} was not awarded its prize yet.")
        self.rank = rank


class TooEarly(NotAllowed):
    """`no_answer` before the claim period is over."""

    def __init__(self, rank: int, answer_by: datetime) -> None:
        super().__init__(f"Rank {rank} has until {stamp(answer_by)} to answer.")
        self.rank = rank
        self.answer_by = answer_by


class ClockBehind(NotAllowed):
    def __init__(self, last: datetime) -> None:
        super().__init__(f"The clock is behind the log's last step, made at {stamp(last)}. Set it right and try again.")


class Invalid(Exception):
    """The first difference that `verify` found: the `table`, its `row`, and what is wrong there."""

    def __init__(self, table: str, row: str, sentence: str) -> None:
        super().__init__(f"{table}, {row}: {sentence}")
        self.table = table
        self.row = row
        self.sentence = sentence
