"""What letters to entrants have in common."""

from webapp.mail import Attachment, Letter, Paragraph, Part
from webapp.sweepstakes.entrants import Person

OPERATOR_TRUSTED = (
    "This draw is operator-trusted: its randomness is a secret that its operator made and knew before, so it proves little. It is for "
    "trying the software."
)


def letter_to(person: Person, subject: str, *parts: Part, attachments: tuple[Attachment, ...] = ()) -> Letter:
    """A letter to the person's address."""
    return Letter(to=address(person), subject=subject, parts=parts, attachments=attachments)


def hello(person: Person) -> Paragraph:
    """Only for letters to confirmed addresses: before, a name comes from we know not whom."""
    return Paragraph(f"Hello {person.name}," if person.name else "Hello,")


def address(person: Person) -> str:
    """Where the person's mail goes, exactly as their receipt has it."""
    assert person.email is not None  # noqa: S101 - nothing is owed to the erased
    return person.email


def number(person: Person) -> str:
    """The entry number, as pages write it."""
    return f"{person.entry_index:,}"


def receipt_file(person: Person, receipt: str) -> tuple[Attachment]:
    """The receipt to keep."""
    return (Attachment(f"receipt-{person.contest.slug}-{person.entry_index}.txt", receipt),)


def trusted(operator_trusted: bool) -> tuple[Paragraph, ...]:
    """What every letter about an operator's draw must say (PROTOCOL §6)."""
    return (Paragraph(OPERATOR_TRUSTED),) if operator_trusted else ()
